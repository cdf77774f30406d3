"""containerd of Debian, with an image of busybox alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import subprocess
import tarfile
import threading
import time
from typing import TYPE_CHECKING, Any

from tools import live_tools

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "lanner.test/busybox:1"
_DEADLINE_S = 20.0

# only what it takes to run containers; pods are made of the same image
_CONFIG = """version = 2
root = "{root}/root"
state = "{root}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "{root}/containerd.sock"
[ttrpc]
  address = "{root}/ttrpc.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lanner.test/busybox:1"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
"""


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


def layer() -> bytes:
    """The files of the image, as an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(directory)
        _add(archive, "bin/busybox", live_tools.BUSYBOX.read_bytes(), 0o755)
        for name in ("sh", "cat"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        _add(archive, "etc/shadow", b"root:*:1::::::\n", 0o600)
    return buffer.getvalue()


def write_image(path: Path) -> None:
    """Writes the image as an archive (OCI image layout)."""

    def descriptor(kind: str, data: bytes) -> dict[str, Any]:
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": _digest(data), "size": len(data)}

    files = layer()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/busybox", "sleep", "600"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(files)]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("config.v1+json", config),
            "layers": [descriptor("layer.v1.tar", files)],
        }
    ).encode()
    named = {"io.containerd.image.name": IMAGE}
    index = {
        "schemaVersion": 2,
        "manifests": [{**descriptor("manifest.v1+json", manifest), "annotations": named}],
    }
    with tarfile.open(path, "w") as archive:
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(archive, "index.json", json.dumps(index).encode())
        for blob in (files, config, manifest):
            _add(archive, f"blobs/sha256/{_digest(blob)[7:]}", blob)


def await_socket(path: Path, server: subprocess.Popen[bytes]) -> None:
    """Waits until a server listens."""
    end = time.monotonic() + _DEADLINE_S
    pause = threading.Event()
    while time.monotonic() < end and server.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if not probe.connect_ex(str(path)):
                return
        pause.wait(0.05)
    server.kill()
    server.wait()
    raise AssertionError(f"nobody listens at {path}")


class Containerd:
    """A containerd of its own, below a directory."""

    def __init__(self, directory: Path) -> None:
        """Starts it."""
        # paths of sockets are short
        self.socket = directory / "containerd.sock"
        (directory / "config.toml").write_text(_CONFIG.format(root=directory))
        tools = live_tools.TOOLS
        self._environment = {
            **os.environ,
            "PATH": f"{tools}/usr/bin:{tools}/usr/sbin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(live_tools.LIBRARIES),
        }
        self._process = subprocess.Popen(
            [live_tools.CONTAINERD, "-c", directory / "config.toml"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        write_image(directory / "image.tar")
        await_socket(self.socket, self._process)
        for namespace in ("default", "k8s.io"):
            image = str(directory / "image.tar")
            self.ctr("-n", namespace, "image", "import", "--snapshotter", "native", image)

    def ctr(self, *command: str) -> str:
        """Runs its command line tool; what that prints."""
        return subprocess.run(
            [live_tools.CTR, "-a", self.socket, *command],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    def run(self, name: str, script: str) -> str:
        """Runs a script in a container of its own, which is gone afterwards."""
        options = ("--snapshotter", "native", "--rm", "--label", "team=shop")
        return self.ctr("run", *options, IMAGE, name, "/bin/sh", "-c", script)

    def await_end(self, container_id: str) -> None:
        """Waits until a container of a pod has ended by itself."""
        end = time.monotonic() + _DEADLINE_S
        pause = threading.Event()
        while time.monotonic() < end:
            tasks = self.ctr("-n", "k8s.io", "task", "ls").splitlines()
            if not any(task.startswith(container_id) and "RUNNING" in task for task in tasks):
                return
            pause.wait(0.05)
        raise AssertionError("the container does not end")

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(_DEADLINE_S)
