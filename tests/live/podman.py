"""Podman of Debian, with an image of busybox alone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from typing import TYPE_CHECKING

from tools import live_tools

from tests.live.engine import IMAGE, await_socket, layer
from tests.live.places import remove_control_groups

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 60
_CGROUP = "lanner-podman"

# without systemd, and with the limits that are there
_CONTAINERS = """[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
conmon_path = ["{tools}/usr/bin/conmon"]
[engine.runtimes]
runc = ["{tools}/usr/sbin/runc"]
[containers]
seccomp_profile = "unconfined"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
_STORAGE = """[storage]
driver = "vfs"
graphroot = "{root}/graph"
runroot = "{root}/run"
"""


class Podman:
    """Podman's service, with everything below a directory."""

    def __init__(self, directory: Path) -> None:
        """Starts it."""
        self.socket = directory / "podman.sock"
        tools = live_tools.TOOLS
        (directory / "containers.conf").write_text(_CONTAINERS.format(tools=tools))
        (directory / "storage.conf").write_text(_STORAGE.format(root=directory))
        policy = directory / ".config/containers/policy.json"
        policy.parent.mkdir(parents=True)
        policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        self._environment = {
            **os.environ,
            "HOME": str(directory),
            "CONTAINERS_CONF": str(directory / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(directory / "storage.conf"),
            "LD_LIBRARY_PATH": str(live_tools.LIBRARIES),
        }
        self._process = subprocess.Popen(
            [live_tools.PODMAN, "system", "service", "--time=0", f"unix://{self.socket}"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await_socket(self.socket, self._process)
        (directory / "layer.tar").write_bytes(layer())
        self._podman("import", str(directory / "layer.tar"), IMAGE)

    def _podman(self, *command: str) -> str:
        return subprocess.run(
            [live_tools.PODMAN, *command],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        ).stdout

    def run(self, name: str, script: str) -> None:
        """Runs a script in a container of its own, which is gone afterwards."""
        options = ("--detach", "--network=host", "--label=team=shop", f"--cgroup-parent=/{_CGROUP}")
        self._podman("run", *options, "--name", name, IMAGE, "/bin/sh", "-c", script)
        # Podman would wait for its monitor, without systemd for 20 s.
        process = int(self._podman("inspect", "--format", "{{.State.Pid}}", name))
        if process:
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(process)
                select.select([descriptor], [], [], _SECONDS)
                os.close(descriptor)
        self._podman("rm", "--force", "--time", "0", name)

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(_SECONDS)
        remove_control_groups(_CGROUP)
