"""Health, versions and metrics over HTTP: Falco's endpoints."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanner.audit.recorder.metrics import CONTENT_TYPE
from lanner.audit.recorder.server import Address, Server, Tls
from lanner.audit.recorder.webhook import TokenFile
from lanner.service.health import problems
from lanner.service.metrics import figures, prometheus
from lanner.service.request import ServiceError
from lanner.service.versions import versions_with

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lanner.audit.recorder.webhook import Receive, Send
    from lanner.service.log import Log
    from lanner.service.state import State

_JSON = "application/json"
Answer = tuple[int, str, bytes]


class Web:
    """Answers GET requests, in a thread of its own."""

    def __init__(self, state: State, log: Log) -> None:
        """Reads certificates and token, and listens.

        Raises:
            ServiceError: that cannot be done.

        """
        self._state = state
        self._log = log
        config = state.loaded.config
        self._settings = settings = config.webserver
        self._metrics = config.metrics
        certificate = Path(settings.ssl_certificate)
        address = Address(settings.listen_address.strip("[]"), settings.listen_port)
        try:
            self._token = TokenFile(Path(settings.token_file)) if settings.token_file else None
            tls = Tls(certificate, certificate, None) if settings.ssl_enabled else None
            self._server = Server(self, address, tls)
            self._listener = self._server.listener()
        except (OSError, ValueError) as error:
            place = getattr(error, "filename", None) or str(address)
            reason = getattr(error, "strerror", None) or str(error)
            raise ServiceError(f"webserver: {place}: {reason}") from None
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="webserver", daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()
        scheme = "https" if self._settings.ssl_enabled else "http"
        place = Address(*self._listener.getsockname()[:2])
        self._log(f"webserver: listening at {scheme}://{place}")

    def stop(self) -> None:
        """Ends it."""
        self._server.stop()
        self._thread.join(5)

    def renew(self) -> None:
        """Reads the certificate again."""
        self._server.renew(lambda message: self._log(f"webserver: {message}", "error"))

    def _run(self) -> None:
        try:
            self._server.run(self._listener)
        except Exception as error:  # noqa: BLE001 - detection goes on without it
            self._log(f"webserver: ended: {error!r}", "error")

    async def __call__(self, scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        """Answers a request (ASGI 3)."""
        if scope["type"] != "http":
            return
        # counters are looked up where events are matched: that may take a moment
        status, kind, body = await asyncio.to_thread(self._answer, scope)
        head = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        content = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: Mapping[str, Any]) -> Answer:
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, "text/plain", b"GET only\n"
        path = scope["path"]
        if path == self._settings.k8s_healthz_endpoint:
            found = problems(self._state)
            body = {"status": "unhealthy", "problems": found} if found else {"status": "ok"}
            return 503 if found else 200, _JSON, json.dumps(body).encode()
        is_metrics = path == "/metrics" and self._settings.prometheus_metrics_enabled
        is_metrics = is_metrics and self._metrics.enabled
        if path != "/versions" and not is_metrics:
            return 404, "text/plain", b"not found\n"
        header = dict(scope["headers"]).get(b"authorization", b"")
        if self._token and not self._token.allows(header):
            return 401, "text/plain", b"the bearer token is missing or wrong\n"
        if is_metrics:
            return (
                200,
                CONTENT_TYPE,
                prometheus(figures(self._state, self._state.live(), self._metrics)),
            )
        return 200, _JSON, json.dumps(versions_with(self._state.loaded.config)).encode()
