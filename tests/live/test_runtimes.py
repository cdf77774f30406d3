"""What a container runtime says of a container is in the first alert of it."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import lanner
from lanner.api.live import Live
from lanner.containers import Resolver, Sockets
from tests.cli.run import LANNER
from tests.cli.run import lanner as run_lanner
from tests.live.docker import Docker
from tests.live.pod import Pod
from tests.live.podman import Podman

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.live.engine import Containerd


RULES = """
- rule: Shadow of busybox
  desc: the image decides whether it is an alert
  condition: >
    evt.type in (open, openat) and fd.name = /etc/shadow and container.id != host
    and container.image.repository = lanner.test/busybox
  output: "%container.name %container.image.tag %container.label[team]"
  priority: WARNING
- rule: Shadow of an unknown image
  desc: nothing is known of it
  condition: >
    evt.type in (open, openat) and fd.name = /etc/shadow and container.id != host
    and not container.image.repository exists
  output: "%container.id %container.image.repository"
  priority: WARNING
"""

POD_RULES = """
- rule: Shadow of a pod
  desc: the pod decides whether it is an alert
  condition: >
    evt.type in (open, openat) and fd.name = /etc/shadow and k8s.ns.name = prod
  output: >
    %k8s.pod.name %k8s.ns.name %k8s.pod.label[app] %k8s.pod.uid %container.name
    %container.image.repository
  priority: WARNING
"""


def watched(live: Live, work: Callable[[], object]) -> list[lanner.Alert]:
    """The alerts while something is done."""

    def do() -> None:
        try:
            work()
        finally:
            live.stop()

    with ThreadPoolExecutor(1) as executor, live:
        done = executor.submit(do)
        alerts = [alert for batch in live.batches() for alert in batch.alerts()]
        done.result()
    return alerts


@pytest.fixture
def engine() -> lanner.Engine:
    ruleset = lanner.load_rules(texts={"rules": RULES})
    assert ruleset.ok, ruleset.diagnostics
    return lanner.Engine(ruleset, additions=())


def test_the_first_alert_has_the_image(containerd: Containerd, engine: lanner.Engine) -> None:
    resolver = Resolver(Sockets.parse([f"containerd={containerd.socket}"]), patience_s=10)
    alerts = watched(
        Live(engine, resolver=resolver),
        lambda: containerd.run("lanner-box", "exec cat /etc/shadow"),
    )
    assert [(alert.rule, alert.message) for alert in alerts] == [
        ("Shadow of busybox", "lanner-box 1 shop")
    ]


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(("kind", "runtime"), [("podman", Podman), ("docker", Docker)])
def test_other_runtimes_tell_of_their_containers(
    engine: lanner.Engine, tmp_path: Path, kind: str, runtime: type[Podman | Docker]
) -> None:
    server = runtime(tmp_path)
    resolver = Resolver(Sockets.parse([f"{kind}={server.socket}"]), patience_s=10)
    try:
        alerts = watched(
            Live(engine, resolver=resolver),
            lambda: server.run("lanner-box", "exec cat /etc/shadow"),
        )
    finally:
        server.stop()
    assert [(alert.rule, alert.message) for alert in alerts] == [
        ("Shadow of busybox", "lanner-box 1 shop")
    ]


def test_pods_have_names(containerd: Containerd) -> None:
    """Asked for as a kubelet does, and told by the container runtime interface."""
    rules = lanner.load_rules(texts={"rules": POD_RULES})
    assert rules.ok, rules.diagnostics
    resolver = Resolver(Sockets.parse([f"cri={containerd.socket}"]), patience_s=10)
    live = Live(lanner.Engine(rules, additions=()), resolver=resolver)

    def work() -> None:
        with Pod(containerd.socket, "shop-0", "prod", {"app": "shop"}) as pod:
            containerd.await_end(pod.start("box", "exec cat /etc/shadow"))

    (alert,) = watched(live, work)
    assert alert.message == "shop-0 prod shop uid-of-shop-0 box lanner.test/busybox"


def test_why_nothing_is_known(containerd: Containerd, engine: lanner.Engine) -> None:
    resolver = Resolver(Sockets(docker=(), podman=(), cri=(), containerd=()))
    alerts = watched(
        Live(engine, resolver=resolver),
        lambda: containerd.run("lanner-box", "exec cat /etc/shadow"),
    )
    assert [(alert.rule, alert.message) for alert in alerts] == [
        ("Shadow of an unknown image", "lanner-box <NA: no container runtime listens here>")
    ]
    assert alerts[0].output_fields["container.image.repository"] is None


def test_a_recording_knows_the_container(containerd: Containerd, tmp_path: Path) -> None:
    """`lanner run --write`, and what the capture says afterwards."""
    rules, capture = tmp_path / "rules.yaml", tmp_path / "out.scap"
    rules.write_text(RULES)
    process = subprocess.Popen(
        [
            *(LANNER, "run", "--store", "none", "--json", "-r", rules, "--write", capture),
            *("--container-socket", f"containerd={containerd.socket}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline().startswith("lanner: watching")
    containerd.run("lanner-box", "exec cat /etc/shadow")
    process.terminate()
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    seen = [json.loads(line) for line in out.splitlines()]
    assert [alert["rule"] for alert in seen] == ["Shadow of busybox"]
    assert capture.stat().st_mode & 0o777 == 0o600
    again = run_lanner("scan", "--json", "-q", "-r", rules, capture)
    assert again.returncode == 0
    assert [json.loads(line) for line in again.stdout.splitlines()] == seen
