"""Where things are done: on the host, in a network of its own, or in a container of runc.

Nothing leaves the machine: what connects does so in a network namespace whose loopback has the
addresses of `ADDRESSES`. Mounts are made in a mount namespace and go with it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tty
from dataclasses import dataclass
from pathlib import Path

from tools import live_tools

from tests.live.watcher import DEADLINE_S, MARK

OUTSIDE = "203.0.113.9"
"""An address of the Internet that belongs to nobody (RFC 5737)."""
API_SERVER, METADATA, METADATA_ALIBABA = "10.96.0.1", "169.254.169.254", "100.100.100.200"
ADDRESSES = (OUTSIDE, API_SERVER, METADATA, METADATA_ALIBABA)
USUAL_CAPABILITIES = (
    "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP",
    "CAP_SETUID", "CAP_SYS_CHROOT",
)  # fmt: skip
"""What Docker gives a container unless told otherwise."""
CGROUP_PARENT = "lanner-live"

_NETWORK = (
    'for address in {}; do "$0" ip address add "$address/32" dev lo || exit; done; '
    '"$0" ip link set lo up || exit; '
).format(" ".join(ADDRESSES))
_SCRIPT = Path(__file__).with_name("perform.py")
_PYTHON = Path(sys.executable).resolve()
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_BOX_FILES = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n",
    "etc/group": "root:x:0:\nwww-data:x:33:\n",
    "etc/shadow": "root:*:19000::::::\n",
    "etc/hostname": "box\n",
    "root/.ssh/id_ed25519": "no key\n",
    "root/notes": "nothing\n",
    "srv/report": "numbers\n",
}
_BOX_DIRECTORIES = (
    "bin", "dev", "etc/cron.d", "names", "opt/python", "proc", "tmp", "usr", "var/log", "work",
)  # fmt: skip


@dataclass(frozen=True)
class Host:
    """The machine itself; with a network of its own if `is_isolated`."""

    is_isolated: bool = False


@dataclass(frozen=True)
class Container:
    """A container, with capabilities beyond the usual ones, and a terminal or none."""

    more_capabilities: tuple[str, ...] = ()
    has_terminal: bool = False


@dataclass(frozen=True)
class Done:
    """Something that was done: by whom (`mark`), in which container and directory."""

    mark: str
    container: str
    work: str


class Stage:
    """Directories, names and a root file system for what is performed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names = directory / "names"
        self._names.mkdir()
        self._environment = {"HOME": "/nonexistent", "LC_ALL": "C", "PATH": _PATH}
        self._lower = directory / "lower"
        for name in _BOX_DIRECTORIES:
            (self._lower / name).mkdir(parents=True)
        for name, text in _BOX_FILES.items():
            (self._lower / name).parent.mkdir(parents=True, exist_ok=True)
            (self._lower / name).write_text(text)
        for name in ("lib", "lib64"):
            (self._lower / name).symlink_to(f"usr/{name}")
        shutil.copy(live_tools.BUSYBOX, self._lower / "bin/busybox")
        applets = subprocess.check_output([live_tools.BUSYBOX, "--list"], text=True).split()
        for applet in {*applets} - {"busybox"}:
            (self._lower / "bin" / applet).symlink_to("busybox")

    def perform(self, place: Host | Container, text: str) -> Done:
        """Lets a shell do it, which must succeed. `$NAMES/x` is a shell whose process is called x,
        `$WORK` an empty directory, `$PERFORM` the script perform.py, `$BUSYBOX` busybox.
        """
        for name in re.findall(r"\$NAMES/([\w.-]+)", text):
            if not (self._names / name).is_symlink():
                (self._names / name).symlink_to("/usr/bin/bash")
        number = secrets.token_hex(32)
        work = self._directory / number
        work.mkdir()
        try:
            if isinstance(place, Container):
                return self._in_container(place, text, number, work)
            return self._on_host(place, text, number, work)
        finally:
            shutil.rmtree(work)

    def _on_host(self, place: Host, text: str, mark: str, work: Path) -> Done:
        variables = {
            **self._environment,
            "WORK": str(work),
            "NAMES": str(self._names),
            "PERFORM": f"{_PYTHON} -ISB {_SCRIPT}",
            "BUSYBOX": str(live_tools.BUSYBOX),
        }
        command = ["/usr/bin/env", f"{MARK}={mark}", "/usr/bin/bash", "-c", text]
        if place.is_isolated:
            command = _with_network("", *command)
        _run(command, variables)
        return Done(mark, "host", str(work))

    def _in_container(self, place: Container, text: str, number: str, work: Path) -> Done:
        for name in ("root", "upper", "overlay", "state"):
            (work / name).mkdir()
        variables = {
            **self._environment,
            "PATH": "/bin:/usr/bin",
            "WORK": "/work",
            "NAMES": "/names",
            "PERFORM": f"/opt/python/bin/{_PYTHON.name} -ISB /opt/perform.py",
            "BUSYBOX": "/bin/busybox",
            MARK: number,
        }
        (work / "config.json").write_text(
            json.dumps(self._config(place, text, variables, number, work / "root"))
        )
        layers = f"lowerdir={self._lower},upperdir={work}/upper,workdir={work}/overlay"
        runc = [str(live_tools.RUNC), "--root", f"{work}/state"]
        command = _with_network(
            f"mount -t overlay overlay -o '{layers}' '{work}/root' || exit; ",
            *runc, "run", "--bundle", str(work), number,
        )  # fmt: skip
        environment = {**self._environment, "LD_LIBRARY_PATH": str(live_tools.LIBRARIES)}
        try:
            _run(command, environment, has_terminal=place.has_terminal)
        finally:
            if any((work / "state").iterdir()):
                _run([*runc, "delete", "--force", number], environment)
        return Done(number, number[:12], "/work")

    def _config(
        self, place: Container, text: str, variables: dict[str, str], number: str, root: Path
    ) -> dict[str, object]:
        """The container, as the runtime specification of the Open Container Initiative has it."""
        capabilities = [*USUAL_CAPABILITIES, *place.more_capabilities]
        namespaces = ("pid", "mount", "ipc", "uts")
        binds = {
            "/usr": "/usr",
            "/opt/python": str(_PYTHON.parent.parent),
            "/opt/perform.py": str(_SCRIPT),
            "/names": str(self._names),
        }
        return {
            "ociVersion": "1.0.2",
            "process": {
                "terminal": place.has_terminal,
                "user": {"uid": 0, "gid": 0},
                "args": ["/bin/sh", "-c", text],
                "env": [f"{name}={value}" for name, value in variables.items()],
                "cwd": "/work",
                "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
            },
            "root": {"path": str(root)},
            "hostname": "box",
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
                {
                    "destination": "/dev/pts",
                    "type": "devpts",
                    "source": "devpts",
                    "options": ["newinstance", "ptmxmode=0666", "mode=0620"],
                },
                *(
                    {"destination": inside, "source": outside, "options": ["bind", "ro"]}
                    for inside, outside in binds.items()
                ),
            ],
            "linux": {
                "namespaces": [{"type": kind} for kind in namespaces],
                "cgroupsPath": f"/{CGROUP_PARENT}/{number}",
            },
        }


def _with_network(before: str, *command: str) -> list[str]:
    """The command, in network and mount namespaces of its own."""
    script = f'{before}{_NETWORK}exec "$@"'
    unshare = ["/usr/bin/unshare", "--net", "--mount", "/bin/sh", "-c", script]
    return [*unshare, str(live_tools.BUSYBOX), *command]


def _run(command: list[str], environment: dict[str, str], *, has_terminal: bool = False) -> None:
    """Runs it in the foreground, with a terminal or with none."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stream = theirs if has_terminal else subprocess.PIPE
    try:
        process = subprocess.run(
            command,
            stdin=theirs if has_terminal else subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
            cwd="/",
            check=False,
            timeout=DEADLINE_S,
            start_new_session=True,
        )
        os.close(theirs)
        said = _rest(ours) if has_terminal else process.stdout + process.stderr
    finally:
        os.close(ours)
    assert process.returncode == 0, f"{command}: {process.returncode}\n{said.decode()}"


def _rest(terminal: int) -> bytes:
    """What was written to the other end of a terminal, which is closed."""
    text = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # how Linux says that it is the end
            return text
        text += part


def remove_control_groups(name: str = CGROUP_PARENT) -> None:
    """Removes the groups in which the containers were; they are empty."""
    for parent in Path("/sys/fs/cgroup").glob(f"**/{name}"):
        for group in sorted(parent.rglob("*/"), reverse=True):
            group.rmdir()
        parent.rmdir()
