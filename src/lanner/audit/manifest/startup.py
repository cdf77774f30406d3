"""Whether kube-apiserver starts with a manifest: its processes, its port, its last words."""

from __future__ import annotations

import http.client
import re
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.audit.manifest.parsed import Manifest

_NAME = "kube-apiserver"
_PORT = 6443
_PAUSE_S = 0.5
_REQUEST_S = 2.0
_TOOL_S = 10.0
_LINES = 20
_CRASHES = 3
"""So many new processes that ended again are enough to give up."""
_ALIVE = {200, 401, 403}
"""Without anonymous requests it says who it does not know; that is an answer, too."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How a failure shows in the last lines, what it means, and what to do."""

    pattern: re.Pattern[str]
    cause: str
    advice: str


def _signature(pattern: str, cause: str, advice: str) -> Signature:
    return Signature(re.compile(pattern, re.IGNORECASE), cause, advice)


SIGNATURES = (
    _signature(
        r"failed to read file path .*no such file",
        "the policy is not where the flag says, inside the container",
        "mount it at the path of --audit-policy-file",
    ),
    _signature(
        r"failed to read file path .*is a directory",
        "the policy is a directory: kubelet made one, because the file was missing",
        "remove the directory, put the file there, and use `type: File`",
    ),
    _signature(
        r"loading audit policy file",
        "the policy is not valid",
        "`lanner audit policy check` says where",
    ),
    _signature(
        r"ensureLogFile: .*(read-only file system|permission denied)",
        "the log cannot be written",
        "mount its directory without `readOnly: true`, and look at its owner and mode",
    ),
    _signature(
        r"unknown flag: (--\S+)",
        "there is no such flag",
        "`lanner audit verify` says which is meant",
    ),
    _signature(
        r"hostPath type check failed",
        "what is at a volume's path is not what its type says",
        "`lanner audit verify` says which volume",
    ),
    _signature(
        r"invalid argument .* for .*--audit",
        "a flag has a value that is refused",
        "`lanner audit verify` says which",
    ),
)


def diagnosis(lines: str) -> Signature | None:
    """What the last lines of a kube-apiserver that does not start mean."""
    return next((one for one in SIGNATURES if one.pattern.search(lines)), None)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a kube-apiserver listens on this machine."""

    host: str
    port: int

    @staticmethod
    def of(manifest: Manifest) -> Endpoint:
        """That of a manifest."""
        port = manifest.flag("secure-port")
        host = manifest.flag("bind-address")
        bound = host.value if host and host.value not in {"", "0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
        number = int(port.value) if port and port.value.isdecimal() else _PORT
        return Endpoint(bound, number)

    def processes(self) -> frozenset[int]:
        """The kube-apiservers of this machine that are to listen there, in containers too."""
        found = set()
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit():
                try:
                    name = (directory / "comm").read_text().strip()
                    words = (
                        (directory / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    )
                except OSError:
                    continue
                if name == _NAME and self._is_in(words):
                    found.add(int(directory.name))
        return frozenset(found)

    def _is_in(self, words: list[str]) -> bool:
        flag = "--secure-port"
        pairs = pairwise(words)
        given = [word.partition("=")[2] for word in words if word.startswith(f"{flag}=")]
        given += [after for word, after in pairs if word == flag]
        return str(self.port) == (given[-1] if given else str(_PORT))

    def is_alive(self) -> bool:
        """Whether `/livez` is answered. Who answers is not checked: nothing secret is sent."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=_REQUEST_S, context=context
        )
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status in _ALIVE
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def wait_for_new(
    before: frozenset[int],
    endpoint: Endpoint,
    timeout_s: float,
    tell: Callable[[str], None] = lambda _what: None,
) -> str | None:
    """Waits until another kube-apiserver than those before answers; None when it does, else what
    was seen instead.
    """
    pause = threading.Event()
    end = time.monotonic() + timeout_s
    seen: set[int] = set()
    now: frozenset[int] = frozenset()
    while time.monotonic() < end:
        running = endpoint.processes()
        now = running - before
        seen |= now
        # the one before must be gone: it would answer, too
        if now and not running & before and endpoint.is_alive():
            return None
        if not now and len(seen) >= _CRASHES:
            return f"{_NAME} starts, and ends again"
        tell("it starts" if now else "kubelet has not started it")
        pause.wait(_PAUSE_S)
    if not seen:
        return f"kubelet started no {_NAME} within {timeout_s:g} s"
    if not now:
        return f"{_NAME} starts, and ends again"
    return f"{_NAME} did not answer /livez within {timeout_s:g} s"


def last_lines(logs: Path = Path("/var/log/pods")) -> tuple[str, str]:
    """The last lines of kube-apiserver, and where they are from: crictl, or the log of its pod."""
    container = _output("crictl", "ps", "-a", "--name", _NAME, "--latest", "-q").strip()
    if container:
        lines = _output("crictl", "logs", "--tail", str(_LINES), container)
        if lines:
            return lines, f"crictl logs {container}"
    found = sorted(
        logs.glob(f"kube-system_{_NAME}-*/{_NAME}/*.log"), key=lambda file: file.stat().st_mtime
    )
    if not found:
        return "", ""
    last = found[-1].read_text(errors="replace").splitlines()[-_LINES:]
    # the runtime writes time, stream and a letter before each line
    said = [re.sub(r"^\S+ std(?:out|err) [FP] ", "", line) for line in last]
    return "\n".join(said), str(found[-1])


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TOOL_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""
