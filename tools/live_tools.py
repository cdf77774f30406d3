"""What the live tests need of Debian, unpacked below .cache/live-tools/ of the checkout.

Nothing is installed: `apt-get download` fetches the packages, with lists of its own, and
`dpkg-deb` unpacks them. Run it as `python tools/live_tools.py`; it does nothing when all is there.

Exit code: 0 when the tools are there; 1 when they cannot be fetched (a message says why).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".cache/live-tools"
"""Below it the packages are unpacked as below `/`."""
LIBRARIES = TOOLS / "usr/lib/x86_64-linux-gnu"
"""For LD_LIBRARY_PATH of the programs."""
RUNC = TOOLS / "usr/sbin/runc"
BUSYBOX = TOOLS / "bin/busybox"

CONTAINERD = TOOLS / "usr/bin/containerd"
CTR = TOOLS / "usr/bin/ctr"

PODMAN = TOOLS / "usr/bin/podman"
DOCKER = TOOLS / "usr/bin/docker"
DOCKERD = TOOLS / "usr/sbin/dockerd"

_PACKAGES = (
    *("runc", "libseccomp2", "busybox-static", "containerd", "docker.io", "podman"),
    *("conmon", "libgpgme11", "libgpg-error0", "libassuan0", "libsubid4", "libdevmapper1.02.1"),
)
_PROGRAMS = (RUNC, BUSYBOX, CONTAINERD, CTR, PODMAN, DOCKER, DOCKERD)
_SECONDS = 300


class UnavailableError(Exception):
    """The tools cannot be fetched; the message says why."""


def are_there() -> bool:
    """Whether everything is unpacked."""
    return all(path.is_file() for path in _PROGRAMS)


def fetch() -> None:
    """Fetches and unpacks what is missing.

    Raises:
        UnavailableError: this is no Debian, or its archive cannot be reached.

    """
    if are_there():
        return
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise UnavailableError(f"{program}: not found (Debian and its like have it)")
    work = TOOLS.with_name("live-tools.apt")
    downloads = work / "downloads"
    for directory in (work / "lists/partial", work / "cache/archives/partial", downloads):
        directory.mkdir(parents=True, exist_ok=True)
    apt = [
        "apt-get",
        "-q",
        f"-oDir::State::Lists={work}/lists",
        f"-oDir::Cache={work}/cache",
        "-oAPT::Sandbox::User=root",
    ]
    _run([*apt, "update"], downloads)
    _run([*apt, "download", *_PACKAGES], downloads)
    unpacked = work / "unpacked"
    for package in sorted(downloads.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(unpacked)], downloads)
    shutil.rmtree(TOOLS, ignore_errors=True)
    unpacked.rename(TOOLS)
    shutil.rmtree(work)
    if not are_there():
        raise UnavailableError(f"the packages {', '.join(_PACKAGES)} lack one of {_PROGRAMS}")


def _run(command: list[str], directory: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{' '.join(command)}: no end after {_SECONDS} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        said = lines[-1] if lines else f"exit code {done.returncode}"
        raise UnavailableError(f"{' '.join(command)}: {said}")


def main() -> int:
    """The command."""
    try:
        fetch()
    except UnavailableError as error:
        print(f"live_tools: {error}", file=sys.stderr)
        return 1
    print(TOOLS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
