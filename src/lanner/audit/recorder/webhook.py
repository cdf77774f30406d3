"""The other end of kube-apiserver's audit webhook: an ASGI application, and what guards it."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from lanner.audit.recorder.metrics import CONTENT_TYPE
from lanner.audit.recorder.writer import MAX_WAITING_BYTES, Fate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from lanner.audit.recorder.metrics import Metrics
    from lanner.audit.recorder.writer import Outcome, Recorder

    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 32 << 20
"""kube-apiserver sends 10 MiB at most, unless told otherwise."""
BODY_TIMEOUT_S = 30.0
"""A client has so long to send a body; kube-apiserver gives up after as long."""
_RETRY_AFTER_S = 1
_ANSWERS = {
    Fate.RECORDED: HTTPStatus.OK,
    Fate.REFUSED: HTTPStatus.BAD_REQUEST,
    Fate.FAILED: HTTPStatus.SERVICE_UNAVAILABLE,
}


class TokenFile:
    """A bearer token in a file, which is read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Reads it.

        Raises:
            OSError: it cannot be read.
            ValueError: there is no token in it.

        """
        self._path = path
        self._version: tuple[int, int] | None = None
        self._token = b""
        self._read()
        if not self._token:
            raise ValueError(f"{path}: there is no token in it")

    def _read(self) -> None:
        found = self._path.stat()
        version = (found.st_mtime_ns, found.st_ino)
        if version != self._version:
            self._token = self._path.read_bytes().strip()
            self._version = version

    def allows(self, header: bytes) -> bool:
        """Whether an `Authorization` header has the token."""
        try:
            self._read()
        except OSError:
            return False
        scheme, _, token = header.partition(b" ")
        is_bearer = scheme.lower() == b"bearer" and bool(self._token)
        return hmac.compare_digest(token.strip(), self._token) and is_bearer


class _RefusedError(Exception):
    """The request is answered with an error."""

    def __init__(self, status: HTTPStatus, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Webhook:
    """Takes batches at any path by POST; `/healthz` and `/metrics` by GET."""

    def __init__(
        self,
        recorder: Recorder,
        metrics: Metrics,
        *,
        token: TokenFile | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_timeout_s: float = BODY_TIMEOUT_S,
    ) -> None:
        """Hands bodies to a recorder."""
        self._recorder = recorder
        self._metrics = metrics
        self._token = token
        self._max_body = max_body_bytes
        self._body_timeout = body_timeout_s
        self._receiving = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers a request (ASGI 3)."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        try:
            status, content, kind = await self._answer(scope, headers, receive)
        except _RefusedError as refused:
            self._metrics.rejected()
            status, content, kind = refused.status, f"{refused}\n".encode(), "text/plain"
        except asyncio.CancelledError:
            # the server ends, and waits no longer: the answer is what its client still gets
            self._metrics.rejected()
            status, content, kind = HTTPStatus.SERVICE_UNAVAILABLE, b"it ends\n", "text/plain"
        extra = []
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            extra.append((b"retry-after", str(_RETRY_AFTER_S).encode()))
        if status is HTTPStatus.UNAUTHORIZED:
            # strangers hold no connection
            extra += [(b"www-authenticate", b"Bearer"), (b"connection", b"close")]
        length = str(len(content)).encode()
        await send(
            {
                "type": "http.response.start",
                "status": int(status),
                "headers": [
                    (b"content-type", kind.encode()),
                    (b"content-length", length),
                    *extra,
                ],
            }
        )
        await send({"type": "http.response.body", "body": content})

    async def _answer(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[HTTPStatus, bytes, str]:
        if self._token and not self._token.allows(headers.get(b"authorization", b"")):
            raise _RefusedError(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")
        path, method = scope["path"], scope["method"]
        if method in {"GET", "HEAD"} and path == "/healthz":
            return HTTPStatus.OK, b"ok\n", "text/plain"
        if method in {"GET", "HEAD"} and path == "/metrics":
            return HTTPStatus.OK, self._metrics.text(), CONTENT_TYPE
        if method != "POST":
            raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "send batches with POST")
        if b"application/json" not in headers.get(b"content-type", b"").lower():
            raise _RefusedError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json, as kube-apiserver does"
            )
        body = self._unpacked(await self._body(headers, receive), headers)
        return await self._record(body)

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max_body:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _RefusedError(HTTPStatus.BAD_REQUEST, "the body did not come whole")
                    piece = message.get("body", b"")
                    body += piece
                    self._receiving += len(piece)
                    if len(body) > self._max_body:
                        raise self._too_large()
                    if self._receiving > MAX_WAITING_BYTES:
                        raise _RefusedError(
                            HTTPStatus.TOO_MANY_REQUESTS, "too much comes at a time: try again"
                        )
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise _RefusedError(
                HTTPStatus.REQUEST_TIMEOUT, f"the body took over {self._body_timeout:g} s"
            ) from None
        finally:
            self._receiving -= len(body)

    def _too_large(self) -> _RefusedError:
        limit = f"batches may have {self._max_body:,} bytes (--max-body)"
        return _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit)

    def _unpacked(self, body: bytes, headers: Mapping[bytes, bytes]) -> bytes:
        coding = headers.get(b"content-encoding", b"identity").lower()
        if coding == b"identity":
            return body
        if coding not in {b"gzip", b"x-gzip"}:
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "only gzip is understood")
        unpacker = zlib.decompressobj(wbits=31)
        try:
            plain = unpacker.decompress(body, self._max_body + 1)
        except zlib.error as error:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, f"broken gzip: {error}") from None
        if len(plain) > self._max_body:
            raise self._too_large()
        if not unpacker.eof:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "broken gzip: it has no end")
        if unpacker.unused_data:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "there is more behind the end of the gzip")
        return plain

    async def _record(self, body: bytes) -> tuple[HTTPStatus, bytes, str]:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Outcome] = loop.create_future()

        def tell(outcome: Outcome) -> None:
            if not answered.done():
                answered.set_result(outcome)

        def done(outcome: Outcome) -> None:
            # nobody waits any more when the server is gone
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, outcome)

        if not self._recorder.submit(body, done):
            raise _RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "nothing more can be taken now: try again"
            )
        outcome = await answered
        status = _ANSWERS[outcome.fate]
        if status is not HTTPStatus.OK:
            raise _RefusedError(status, outcome.problem)
        return status, b"{}\n", "application/json"
