"""HTTP(S): a POST for each alert, as Falco does it and Falcosidekick takes it."""

from __future__ import annotations

import contextlib
import gzip
import re
import sys
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from msgspec import Meta, field

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from urllib.parse import SplitResult

    from lanner.outputs.channels import Message
    from lanner.outputs.channels.posting import Answer

_FINAL = frozenset(
    (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
)
"""Answers that say that it is this alert that is not wanted."""
_SHORTEST = 4
"""What is shorter is no secret."""
_FRAMING = frozenset(("content-length", "transfer-encoding", "connection"))
"""What says where a message ends: it follows from the alert."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~]*")


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for a web service at `url`, each in a POST. `insecure` does not check certificates;
    `ca_cert` and `ca_bundle` are files, `ca_path` is a folder of who may sign them. With `mtls`,
    `client_cert` and `client_key` are shown. `compress_uploads` is gzip, `echo` prints the answers.
    `headers` are added, and a bearer token that is in `token_file`. An alert must be sent and
    answered, to the answer's end, within `timeout_ms`. (`keep_alive` and
    `max_consecutive_timeouts` are Falco's: connections are kept in any case, and what failed is
    tried again as `delivery` says.)
    """

    url: str = ""
    user_agent: str = "falcosecurity/falco"
    insecure: bool = False
    ca_cert: str = ""
    ca_bundle: str = ""
    ca_path: str = "/etc/ssl/certs"
    mtls: bool = False
    client_cert: str = "/etc/ssl/certs/client.crt"
    client_key: str = "/etc/ssl/certs/client.key"
    echo: bool = False
    compress_uploads: bool = False
    keep_alive: bool = False
    max_consecutive_timeouts: Annotated[int, Meta(ge=0, le=255)] = 5
    headers: dict[str, str] = field(default_factory=dict)
    token_file: str = ""
    timeout_ms: Annotated[int, Meta(ge=1)] = 10_000


class Channel:
    """Sends alerts one after the other over a connection that is kept."""

    def __init__(self, settings: Settings) -> None:
        """Reads certificates; nothing is connected yet.

        Raises:
            ValueError: the URL, or a certificate, cannot be used.

        """
        parts = _place(settings.url)
        for name, value in {"user-agent": settings.user_agent, **settings.headers}.items():
            if name.lower() in _FRAMING:
                raise ValueError(f"`headers`: `{name}` is set with each alert")
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"`headers`: `{name}` is not a header, or its value is not ASCII")
        self._settings = settings
        self._token = ""
        context = _context(settings) if parts.scheme == "https" else None
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        from lanner.outputs.channels.posting import Poster  # noqa: PLC0415 - where it is needed

        self._poster = Poster(settings.url, context)

    def send(self, messages: Sequence[Message]) -> None:
        """Posts all alerts.

        Raises:
            DeliveryError: one was not taken.

        """
        for number, message in enumerate(messages):
            try:
                status, answer, retry_after = self._post(message)
            except OSError as error:
                raise DeliveryError(f"{self._where}: {error}", delivered=number) from None
            if self._settings.echo:
                sys.stdout.write(answer)
            if not 200 <= status < 300:
                said = self._without_secrets(answer)[:200].strip()
                if 300 <= status < 400:
                    said = f"redirects are not followed. {said}"
                raise DeliveryError(
                    f"{self._where}: {status} {said}".rstrip(),
                    delivered=number,
                    is_final=status in _FINAL,
                    wait_s=_seconds(retry_after),
                )

    def _without_secrets(self, answer: str) -> str:
        """Services like to repeat what they were asked for."""
        parts = urlsplit(self._settings.url)
        secrets = [parts.path, parts.query, parts.password, *self._settings.headers.values()]
        for secret in (*secrets, *self._poster.secrets, self._token):
            if secret and len(secret) >= _SHORTEST:
                answer = answer.replace(secret, "…")
        return answer

    def _post(self, message: Message) -> Answer:
        settings = self._settings
        is_json = message.line.startswith("{")
        headers = {
            "user-agent": settings.user_agent,
            "content-type": "application/json" if is_json else "text/plain",
            **{name.lower(): value for name, value in settings.headers.items()},
        }
        if settings.token_file:
            # read again each time: it may be renewed
            self._token = _token(Path(settings.token_file))
            headers["authorization"] = f"Bearer {self._token}"
        body = message.line.encode("utf-8", "surrogateescape")
        if settings.compress_uploads:
            headers["content-encoding"] = "gzip"
            body = gzip.compress(body, mtime=0)
        try:
            return self._poster.post(headers, body, settings.timeout_ms / 1000)
        except TimeoutError:
            raise TimeoutError(f"no answer within {settings.timeout_ms} ms") from None

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """Closes the connection."""
        self._poster.close()


def _place(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_place = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:
        is_place = False
    if not is_place:
        raise ValueError("`url` is not http://… or https://…")  # it may hold a secret
    return parts


def _seconds(retry_after: str) -> float:
    """What a `Retry-After` says: seconds, or a date; 0 for what is neither."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(retry_after))
    with contextlib.suppress(ValueError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return 0.0


def _token(path: Path) -> str:
    data = path.read_bytes().strip()
    if not data.isascii() or not _HEADER_VALUE.fullmatch(data.decode("ascii")):
        raise OSError(f"{path}: is not a token: it is one line of ASCII characters")
    return data.decode("ascii")


def _context(settings: Settings) -> ssl.SSLContext:
    from lanner.outputs.channels.tls import client_context  # noqa: PLC0415 - where it is needed

    return client_context(
        (settings.ca_cert, settings.ca_bundle),
        authority_folder=settings.ca_path,
        certificate=settings.client_cert if settings.mtls else "",
        key=settings.client_key,
        insecure=settings.insecure,
    )
