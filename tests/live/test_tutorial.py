"""docs/tutorial.md, done: a shell in a container, where it was, and a rule that is added meanwhile."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import tutorial
from tests.cli.run import LANNER
from tests.live.docker import Docker
from tests.live.watcher import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ETC = Path("/etc/lanner")
SHELL = "lanner alerts --rule 'Terminal shell in container' --field container.name --unique"
WRITE = "lanner alerts --rule 'Write to app config'"


@pytest.fixture
def etc(root: None, tmp_path: Path) -> Iterator[Path]:  # noqa: ARG001 - only root can have one
    """What the service takes for /etc/lanner: this machine's own stays as it is."""
    was_there = ETC.exists()
    ETC.mkdir(exist_ok=True)
    folder = tmp_path / "etc"
    (folder / "rules.d").mkdir(parents=True)
    yield folder
    if not was_there:
        ETC.rmdir()


def prints(command: str, expected: str) -> None:
    """Waits until a command prints this, and nothing else."""
    end = time.monotonic() + DEADLINE_S
    while True:
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        if done.stdout == expected or time.monotonic() > end:
            break
        time.sleep(0.1)
    assert (done.stdout, done.stderr) == (expected, "")


def await_text(said: Callable[[], str], text: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while text not in said():
        assert time.monotonic() < end, said()
        time.sleep(0.1)


@pytest.mark.usefixtures("tools")
def test_the_tutorial(etc: Path, tmp_path: Path) -> None:
    log, store, messages = tmp_path / "log/alerts.log", tmp_path / "alerts.db", tmp_path / "said"
    config = tutorial.yaml("priority:").replace("/var/log/lanner/alerts.log", str(log))
    assert str(log) in config
    (etc / "lanner.yaml").write_text(f"{config}store: {{path: {store}}}\n")
    docker = Docker(tmp_path)
    here = 'mount --bind "$0" /etc/lanner && exec "$@"'
    command = (LANNER, "run", "--container-socket", f"docker={docker.socket}")

    def typed(start: str) -> str:
        (found,) = {one for one in tutorial.commands() if one.startswith(start)}
        return found.replace("lanner", str(LANNER), 1) + f" --store {store}"

    with messages.open("w") as said:
        service = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", here, etc, *command],
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    try:
        await_text(messages.read_text, "lanner: watching ")
        docker.type_into_shell("web", "cat /etc/shadow")
        prints(typed(SHELL), tutorial.output_of(SHELL))
        (grep,) = (one for one in tutorial.commands() if one.startswith("grep "))
        grep = grep.replace("/var/log/lanner/alerts.log", str(log))
        prints(grep, tutorial.output_of("grep "))

        rule = tutorial.yaml("# /etc/lanner/rules.d/app.yaml")
        (etc / "rules.d/app.yaml").write_text(rule)
        await_text(messages.read_text, "lanner: in force now: ")
        docker.run("db", "mkdir -p /app/config && echo x > /app/config/a")
        prints(typed(WRITE), tutorial.output_of(WRITE))
    finally:
        service.terminate()
        service.wait(DEADLINE_S)
        docker.stop()
    assert service.returncode == 0, messages.read_text()
