"""The pod of packaging/kubernetes: what it may do is enough, and no capability is too much."""

from __future__ import annotations

import contextlib
import json
import pwd
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.live.kubelet import BASE, NODE, Node, WatchingPod, capabilities
from tests.live.pod import Pod
from tests.live.watcher import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.engine import Containerd

NOBODY = pwd.getpwnam("nobody")
RULES = """
- rule: Shadow of a pod
  desc: a container that the runtime of the node knows
  condition: evt.type in (open, openat) and fd.name = /etc/shadow and k8s.ns.name = prod
  output: "%k8s.pod.name %container.name %container.image.repository"
  priority: WARNING
- rule: Early file
  desc: read by another user's process, which had it open before anybody watched
  condition: evt.type = read and fd.name = {early}
  output: "%user.uid %proc.exepath"
  priority: WARNING
- rule: Mark {version}
  desc: how far it is
  condition: evt.type in (open, openat) and fd.name = {mark}
  output: seen
  priority: WARNING
"""
SHELL = str(Path("/bin/sh").resolve())
NEEDED_TO_BEGIN = ("BPF", "PERFMON")


class Stand:
    """A node with rules, whose alerts cannot be delivered before `open_sink`."""

    def __init__(self, directory: Path, containerd: Containerd) -> None:
        self.node = Node(directory, containerd.socket)
        self._early, self._mark = directory / "early", directory / "mark"
        self._early.write_text("\n")  # of one byte: one read
        # a file is where the folder has to be
        self._sink = self.node.state / "sink"
        self._sink.touch()
        self.bring_rules(1)

    def bring_rules(self, version: int) -> None:
        """The ConfigMap as it ships, with rules of this test and one more channel."""
        settings = yaml.safe_load((BASE / "lanner.yaml").read_text())
        settings["file_output"] = {"enabled": True, "filename": "/var/lib/lanner/sink/alerts"}
        settings["rules_files"] = ["/etc/lanner/rules.d"]
        rules = RULES.format(early=self._early, mark=self._mark, version=version)
        self.node.project({"lanner.yaml": yaml.safe_dump(settings), "local.yaml": rules})

    def open_sink(self) -> None:
        """From now on alerts can be delivered."""
        self._sink.unlink()

    def alerts(self) -> list[dict[str, Any]]:
        """What was delivered so far."""
        path = self._sink / "alerts"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def said(self, rule: str) -> list[str]:
        """What the alerts of a rule say: between the priority and what is said of containers."""
        return [
            one["output"].partition(" Warning ")[2].partition(" container_id=")[0]
            for one in self.alerts()
            if one["rule"] == rule
        ]

    def leave_mark(self) -> None:
        """Does what tells by its alert that all before was seen."""
        self._mark.touch()

    @contextlib.contextmanager
    def neighbour(self) -> Iterator[Callable[[], None]]:
        """A process of another user; called, it reads from what it has opened, and ends."""
        with self._early.open() as early:
            process = subprocess.Popen(
                ["/bin/sh", "-c", "echo; read go; read line <&2"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=early,
                user=NOBODY.pw_uid,
                group=NOBODY.pw_gid,
                extra_groups=[],
            )
        assert process.stdout
        try:
            assert process.stdout.readline() == b"\n"
            yield lambda: process.communicate(b"\n", DEADLINE_S) and None
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def stand(tmp_path: Path, containerd: Containerd) -> Stand:
    return Stand(tmp_path, containerd)


def ask(pod: WatchingPod, path: str) -> bytes:
    """What its web server answers; nothing while there is no good answer."""
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{pod.port}{path}", timeout=5) as answer,
    ):
        found: bytes = answer.read()
        return found
    return b""


def rules_in_force(pod: WatchingPod) -> list[str]:
    """What it says of the files, with their hashes."""
    lines = ask(pod, "/metrics").decode().splitlines()
    return [line for line in lines if "sha256_rules_files_info{" in line]


def await_that(is_so: Callable[[], object]) -> None:
    end, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not is_so():
        assert time.monotonic() < end, "not seen"
        pause.wait(0.1)


def test_it_watches_its_node(stand: Stand, containerd: Containerd) -> None:
    """Also the rules are exchanged, and a second pod delivers what the first one could not."""
    with stand.neighbour() as read, WatchingPod(containerd.socket, stand.node) as pod:
        number = pod.watch(capabilities())
        await_that(lambda: ask(pod, pod.health))
        read()
        with Pod(containerd.socket, "shop-0", "prod", {}) as shop:
            # there is time to ask the runtime for it
            script = "/bin/busybox sleep 1; exec cat /etc/shadow"
            containerd.await_end(shop.start("box", script))
        before = rules_in_force(pod)
        stand.bring_rules(2)
        await_that(lambda: rules_in_force(pod) not in (before, []))
        stand.leave_mark()
        assert pod.stop(number) == 0
    stand.open_sink()
    with WatchingPod(containerd.socket, stand.node) as pod:
        number = pod.watch(capabilities())
        await_that(lambda: stand.said("Mark 2"))
        assert pod.stop(number) == 0
    assert stand.said("Shadow of a pod") == ["shop-0 box lanner.test/busybox"]
    assert stand.said("Early file") == [f"{NOBODY.pw_uid} {SHELL}"]
    assert {one["hostname"] for one in stand.alerts()} == {NODE}


@pytest.mark.parametrize("lacking", capabilities())
def test_no_capability_is_too_much(stand: Stand, containerd: Containerd, lacking: str) -> None:
    stand.open_sink()
    privileges = [name for name in capabilities() if name != lacking]
    with stand.neighbour() as read, WatchingPod(containerd.socket, stand.node) as pod:
        number = pod.watch(privileges)
        if lacking in NEEDED_TO_BEGIN:
            await_that(lambda: pod.exit_code(number) is not None)
            assert pod.exit_code(number) == 1
            return
        await_that(lambda: ask(pod, pod.health))
        read()
        stand.leave_mark()
        await_that(lambda: stand.said("Mark 1"))
        assert pod.stop(number) == 0
    assert stand.said("Early file") == []
