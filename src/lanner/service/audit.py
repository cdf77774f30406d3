"""Audit events as a source: what kube-apiserver's webhook back end sends, matched as it comes."""

from __future__ import annotations

import errno
import hashlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanner.api.recording import intake
from lanner.audit.recorder.backups import Rotation
from lanner.audit.recorder.metrics import Metrics
from lanner.audit.recorder.rotation import RotatingFile
from lanner.audit.recorder.server import Address, Server, Tls
from lanner.audit.recorder.webhook import TokenFile, Webhook
from lanner.audit.recorder.writer import Recorder
from lanner.service.request import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lanner.api import Engine
    from lanner.audit.recorder.rotation import Lines
    from lanner.audit.recorder.webhook import Receive, Send
    from lanner.config.sections import AuditSection
    from lanner.service.log import Log
    from lanner.service.sink import Sink


_ROOM_S = 5.0
"""A batch waits so long for room; then its sender is told to come again, which has more of it."""

_MAX_REMEMBERED = 10_000
"""So many batches that could not be recorded are known again when they come again."""


class _Matching:
    """Stores the alerts of lines, and the lines too, if they are to be recorded."""

    def __init__(self, engine: Engine, sink: Sink, file: RotatingFile | None) -> None:
        self._engine = engine
        self._sink = sink
        self._file = file
        self._is_ending = threading.Event()
        self._busy_since: float | None = None
        self._matched: dict[bytes, None] = {}
        """Digests of lines that were matched, and are not on the disk yet."""
        self._written: list[bytes] = []
        """Those of them that were written since the last `sync`."""
        self.events = 0

    def write(self, taken: Lines) -> None:
        """The alerts are durable when this returns, the lines when `sync` does.

        Raises:
            OSError: they cannot be written, or too many alerts wait.

        """
        self._busy_since = time.monotonic()
        try:
            if not (self._is_ending.is_set() or self._sink.wait_for_room(_ROOM_S)):
                reason = "too many alerts wait for a channel (delivery.when_full: block)"
                raise OSError(errno.EAGAIN, reason, "the store")
            if self._file:
                self._match_and_record(self._file, taken)
            else:
                self._match(taken.lines)
        finally:
            self._busy_since = None

    def _match(self, lines: bytes) -> None:
        batch = self._engine.batch(lines)
        self.events += batch.events
        self._sink.take(batch)

    def _match_and_record(self, file: RotatingFile, taken: Lines) -> None:
        """A full disk hides nothing: what cannot be recorded is matched all the same, but once:
        its sender, who is told, sends it again.
        """
        digest = hashlib.blake2b(taken.lines, digest_size=16).digest()
        if digest not in self._matched:
            self._match(taken.lines)
            self._matched[digest] = None
            if len(self._matched) > _MAX_REMEMBERED:
                del self._matched[next(iter(self._matched))]
        file.write(taken)
        self._written.append(digest)

    def busy_s(self) -> float:
        """How long it has been busy with the same lines; seconds."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def stop(self) -> None:
        """It is the end: nothing waits for room any more."""
        self._is_ending.set()

    def sync(self) -> None:
        """Makes durable what was written."""
        if not self._file:
            return
        written, self._written = self._written, []
        self._file.sync()
        for digest in written:
            self._matched.pop(digest, None)

    def reopen(self) -> None:
        """Opens the file under its name again."""
        if self._file:
            self._file.reopen()

    def close(self) -> None:
        """Ends it."""
        if self._file:
            self._file.close()


class AuditSource:
    """Receives batches: a batch is answered with 200 when its alerts are stored."""

    name = "k8s_audit"

    def __init__(
        self,
        settings: AuditSection,
        engine: Engine,
        sink: Sink,
        log: Log,
        on_end: Callable[[], None],
    ) -> None:
        """Reads certificates and listens.

        Raises:
            ServiceError: that cannot be done, or anybody could send events from elsewhere.

        """
        self.failure: BaseException | None = None
        self._log = log
        self._on_end = on_end
        self._is_over = threading.Event()
        self._settings = settings
        try:
            address = Address.parse(settings.listen)
            tls = _tls(settings)
            token = TokenFile(Path(settings.token_file)) if settings.token_file else None
            is_guarded = tls is not None and (tls.client_ca is not None or token is not None)
            if not is_guarded and not (settings.insecure or address.is_loopback):
                raise ServiceError(
                    f"audit.listen: {settings.listen} is for others, too: set tls_cert_file,"
                    " tls_private_key_file, and client_ca_file or token_file",
                    "or `insecure: true`, if nobody else reaches it",
                )
            file = None
            if settings.record_path:
                path = Path(settings.record_path)
                rotation = Rotation(100 << 20, 10, 0, compress=False)
                file = RotatingFile(path, rotation, complain=self._complain)
            self._store = _Matching(engine, sink, file)
            self._token = token
            self._server = Server(self, address, tls)
            self._listener = self._server.listener()
        except (OSError, ValueError) as error:
            place = getattr(error, "filename", None) or settings.listen
            reason = getattr(error, "strerror", None) or str(error)
            raise ServiceError(f"audit: {place}: {reason}") from None
        self._thread = threading.Thread(target=self._run, name="source-k8s_audit", daemon=True)

    @property
    def events(self) -> int:
        """Events that were matched."""
        return self._store.events

    def start(self) -> None:
        """Begins to answer."""
        # not earlier: it has a thread, and one that is never started is never ended
        metrics = Metrics()
        self._recorder = Recorder(
            intake(None),
            self._store,
            metrics,
            on_end=self._server.stop,
            complain=self._complain,
        )
        self._webhook = Webhook(self._recorder, metrics, token=self._token)
        self._thread.start()
        self._log(f"audit: listening at {Address(*self._listener.getsockname()[:2])}", "notice")

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers a request (ASGI 3)."""
        await self._webhook(scope, receive, send)

    def stop(self) -> None:
        """Ends it, once what was sent until now is answered."""
        self._store.stop()
        self._server.stop()

    def join(self, timeout: float | None = None) -> bool:
        """Waits for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def silent_s(self) -> float:
        """How long it has been busy with one batch; a server that waits for some is not silent."""
        return self._store.busy_s()

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self._is_over.is_set()

    def reopen(self) -> None:
        """The record is opened under its name again."""
        self._recorder.reopen()
        self.renew()

    def renew(self) -> None:
        """Certificates are read again."""
        self._server.renew(self._complain)

    def _complain(self, message: str) -> None:
        self._log(f"audit: {message}", "error")

    def _run(self) -> None:
        try:
            self._server.run(self._listener)
            self._recorder.close()
        except BaseException as error:  # noqa: BLE001 - uvicorn ends by SystemExit, too
            self.failure = error
        self._is_over.set()
        self._on_end()


def _tls(settings: AuditSection) -> Tls | None:
    if not settings.tls_cert_file and not settings.tls_private_key_file:
        if settings.client_ca_file:
            raise ServiceError("audit.client_ca_file: without tls_cert_file nobody is asked for it")
        return None
    if not (settings.tls_cert_file and settings.tls_private_key_file):
        raise ServiceError("audit: tls_cert_file and tls_private_key_file go together")
    client_ca = Path(settings.client_ca_file) if settings.client_ca_file else None
    return Tls(Path(settings.tls_cert_file), Path(settings.tls_private_key_file), client_ca)
