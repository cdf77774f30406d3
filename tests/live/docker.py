"""Docker of Debian, with an image of busybox alone."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from typing import TYPE_CHECKING

from tools import live_tools

from tests.live.engine import IMAGE, await_socket, layer
from tests.live.places import remove_control_groups

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 60
_CGROUP = "lanner-docker"
_OPTIONS = ("--rm", "--network=host", "--label=team=shop", f"--cgroup-parent=/{_CGROUP}")
_WITHOUT_NETWORK = ("--bridge=none", "--iptables=false", "--ip6tables=false")


class Docker:
    """A Docker of its own, below a directory."""

    def __init__(self, directory: Path) -> None:
        """Starts it."""
        self._directory = directory
        self.socket = directory / "docker.sock"
        tools = live_tools.TOOLS
        host = f"unix://{self.socket}"
        self._environment = {
            **os.environ,
            "PATH": f"{tools}/usr/bin:{tools}/usr/sbin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(live_tools.LIBRARIES),
            "DOCKER_HOST": host,
        }
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        options = [f"--{name}={directory / place}" for name, place in places.items()]
        self._process = subprocess.Popen(
            [
                live_tools.DOCKERD,
                f"--host={host}",
                *options,
                *_WITHOUT_NETWORK,
                "--storage-driver=vfs",
            ],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await_socket(self.socket, self._process)
        (directory / "layer.tar").write_bytes(layer())
        self._docker("import", str(directory / "layer.tar"), IMAGE)

    def _docker(self, *command: str) -> None:
        subprocess.run(
            [live_tools.DOCKER, *command],
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=_SECONDS,
        )

    def run(self, name: str, script: str) -> None:
        """Runs a script in a container of its own, which is gone afterwards."""
        self._docker("run", *_OPTIONS, "--name", name, IMAGE, "/bin/sh", "-c", script)

    def type_into_shell(self, name: str, text: str) -> None:
        """Opens a shell with a terminal in a container of its own, types, and leaves."""
        terminal, its_end = pty.openpty()
        command = (live_tools.DOCKER, "run", "-it", *_OPTIONS, "--name", name, IMAGE, "/bin/sh")
        with subprocess.Popen(
            command, env=self._environment, stdin=its_end, stdout=its_end, stderr=its_end
        ) as shell:
            os.close(its_end)
            # kept for the shell by the terminal until it reads
            os.write(terminal, f"{text}\nexit\n".encode())
            # when nobody has the other end any more, reading is an error
            with contextlib.suppress(OSError):
                while os.read(terminal, 4096):
                    pass
            assert shell.wait(_SECONDS) == 0
        os.close(terminal)

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(_SECONDS)
        subprocess.run(["umount", self._directory / "exec/netns/default"], check=True)
        remove_control_groups(_CGROUP)
