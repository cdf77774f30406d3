"""`lanner run` in the background, with audit events as its source: no kernel is needed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

LANNER = Path(sys.executable).with_name("lanner")
SECONDS = 30
RULE = """
- rule: {name}
  desc: every request
  condition: ka.verb exists
  output: "{text} (id=%ka.auditid)"
  priority: WARNING
  source: k8s_audit
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def event(name: str) -> dict[str, Any]:
    time = "2026-11-24T00:00:00.000000Z"
    return {
        "level": "Metadata",
        "auditID": name,
        "stage": "ResponseComplete",
        "requestURI": "/api",
        "verb": "get",
        "user": {"username": "u"},
        "requestReceivedTimestamp": time,
        "stageTimestamp": time,
    }


class Running:
    """A service."""

    def __init__(
        self, config: Path, port: int, *options: str, ready: str = "audit: listening"
    ) -> None:
        self.messages: list[str] = []
        self.output: list[str] = []
        self._port = port
        self._ready = ready
        self._said = threading.Condition()
        self._process = subprocess.Popen(
            [LANNER, "run", "-q", "-c", config, "-o", "engine.kind=nodriver", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._readers = [
            threading.Thread(target=self._read, args=pair)
            for pair in (
                (self._process.stderr, self.messages),
                (self._process.stdout, self.output),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._said:
                lines.append(line)
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def catches(self, number: signal.Signals) -> bool:
        """Whether it has a handler for a signal (proc(5): SigCgt)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)

    def __enter__(self) -> Self:
        self.wait(lambda: self._process.poll() is not None or self.has_said(self._ready))
        assert self._process.poll() is None, self.messages
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()

    def has_said(self, text: str) -> bool:
        return any(text in line for line in self.messages)

    def wait(self, condition: Callable[[], object]) -> None:
        """Until it holds; looked at whenever something is said, and from time to time."""
        with self._said:
            for _ in range(SECONDS * 20):
                if condition():
                    return
                self._said.wait(0.05)
        raise AssertionError((self.messages[-20:], self.output[-20:]))

    def send(self, *names: str) -> int:
        """Sends a batch of events; the status."""
        body = json.dumps({"kind": "EventList", "items": [event(name) for name in names]})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, {"content-type": "application/json"})
            return connection.getresponse().status

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Ends it; exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(SECONDS)
