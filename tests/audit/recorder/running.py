"""`lanner audit record` in the background, and somebody who sends to it."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Self

from tests.cli.run import LANNER

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 30


def event(number: int, size: int = 0, **members: Any) -> dict[str, Any]:
    """An item of an EventList: without kind and version."""
    return {
        "level": "RequestResponse",
        "auditID": f"id-{number}",
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/d/pods/p-{number}",
        "verb": "update",
        "user": {"username": "dev", "groups": ["system:authenticated"]},
        "objectRef": {"resource": "pods", "namespace": "d", "name": f"p-{number}"},
        "requestObject": {"data": "x" * size},
        "requestReceivedTimestamp": "2026-11-24T00:00:00.000000Z",
        "stageTimestamp": "2026-11-24T00:00:00.000001Z",
        **members,
    }


def batch(*events: Mapping[str, Any]) -> bytes:
    """As kube-apiserver sends them."""
    head = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}}
    return json.dumps({**head, "items": events}).encode()


class Recording:
    """The command, while `with` lasts."""

    def __init__(self, *options: str | Path) -> None:
        self._process = subprocess.Popen(
            [LANNER, "audit", "record", "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.messages: list[str] = []
        self._said = threading.Condition()
        self.port = 0

    def __enter__(self) -> Self:
        assert self._process.stderr
        for message in self._process.stderr:
            self.messages.append(message)
            if message.startswith(("lanner: listening at ", "lanner: following ")):
                self.port = int(message.rpartition(":")[2]) if "listening" in message else 0
                break
        else:
            raise AssertionError(f"it ended: {self.messages}")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self._process.stderr
        for message in self._process.stderr:
            with self._said:
                self.messages.append(message)
                self._said.notify_all()

    def wait_for(self, text: str) -> None:
        """Until it has said something."""
        with self._said:
            said = self._said.wait_for(lambda: any(text in one for one in self.messages), SECONDS)
        assert said, self.messages

    def wait(self) -> int:
        """Until it has ended by itself: exit code."""
        code = self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def close_output(self) -> None:
        """Nobody reads its output any more."""
        assert self._process.stdout
        self._process.stdout.close()

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ends it: exit code and output."""
        self._process.send_signal(number)
        assert self._process.stdout
        out = "" if self._process.stdout.closed else self._process.stdout.read()
        code = self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code, out

    def send(
        self,
        body: bytes,
        method: str = "POST",
        path: str = "/",
        *,
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> tuple[int, str]:
        """Status and text of an answer."""
        sent = {"Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=SECONDS, context=tls)
            if tls
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        )
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
