"""Kafka: an alert is a message of a topic, taken when all replicas in sync have it.

Needs `pip install lanner[kafka]` (confluent-kafka, which has librdkafka in it).
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Message

_FINAL = frozenset(("MSG_SIZE_TOO_LARGE", "INVALID_MSG_SIZE", "INVALID_MSG", "INVALID_RECORD"))
"""Errors that say that it is this alert that is not wanted."""


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts as messages of the `topic`, by way of `brokers` (`host:9092`). All of one machine have
    its name as their key, so that they stay in order. `compression` is that of batches. With `tls`,
    `ca_cert` is who signs the brokers' certificates, `client_cert` and `client_key` are shown to
    them, `insecure` does not check them. `sasl_mechanism` asks for a `username` and a
    `password_file`. What is not taken within `timeout_ms` is tried again as `delivery` says.
    """

    brokers: tuple[str, ...] = ()
    topic: str = "lanner"
    client_id: str = "lanner"
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "none"
    tls: bool = False
    ca_cert: str = ""
    client_cert: str = ""
    client_key: str = ""
    insecure: bool = False
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    username: str = ""
    password_file: str = ""
    timeout_ms: Annotated[int, Meta(ge=1000)] = 10_000


class Channel:
    """Sends alerts in batches, and waits until the brokers have them."""

    def __init__(self, settings: Settings) -> None:
        """Reads certificates and the password; nothing is connected yet.

        Raises:
            ValueError: a setting is wrong, or confluent-kafka is not there.

        """
        if not settings.brokers:
            raise ValueError("`brokers` is missing: host:9092, …")
        self._settings = settings
        self._key = socket.gethostname().encode("utf-8", "surrogateescape")
        self._problem = ""
        self._producer = self._connected()

    def send(self, messages: Sequence[Message]) -> None:
        """Sends all messages.

        Raises:
            DeliveryError: one was not taken.

        """
        import confluent_kafka  # noqa: PLC0415 - an extra; __init__ has seen that it is there

        outcomes: list[Any] = [None] * len(messages)
        self._problem = ""
        deadline = time.monotonic() + self._settings.timeout_ms / 1000
        for number, message in enumerate(messages):
            if not self._produce(message, outcomes, number, deadline):
                break  # what comes behind it must not get there first
        # the library itself gives up at the time-out; a second more is for what it says then
        self._producer.flush(max(0.0, deadline - time.monotonic()) + 1)
        failed = next((number for number, one in enumerate(outcomes) if one is not True), None)
        if failed is None:
            return
        outcome = outcomes[failed]
        is_final = isinstance(outcome, confluent_kafka.KafkaError) and outcome.name() in _FINAL
        # what comes later must not get there first
        self._producer.purge()
        self._producer.flush(1)
        self._producer = self._connected()
        reason = outcome.str() if outcome is not None else "no answer in time"
        where = ", ".join(self._settings.brokers)
        told = f" ({self._problem})" if self._problem else ""
        raise DeliveryError(f"{where}: {reason}{told}", delivered=failed, is_final=is_final)

    def _produce(self, message: Message, outcomes: list[Any], number: int, deadline: float) -> bool:
        """Hands one to the library; whether it took it."""
        from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415

        def told(error: KafkaError | None, _message: object) -> None:
            outcomes[number] = True if error is None else error

        body = message.line.encode("utf-8", "surrogateescape")
        while True:
            try:
                self._producer.produce(self._settings.topic, body, self._key, on_delivery=told)
            except BufferError:
                # the queue is full: what is in it goes first
                self._producer.poll(0.1)
                if time.monotonic() >= deadline:
                    return False
            except KafkaException as error:
                outcomes[number] = error.args[0]
                return False
            else:
                return True

    def _connected(self) -> Any:
        try:
            import confluent_kafka  # noqa: PLC0415 - an extra
        except ImportError:
            raise ValueError("Kafka needs confluent-kafka: pip install 'lanner[kafka]'") from None
        try:
            return confluent_kafka.Producer(self._options())
        except confluent_kafka.KafkaException as error:
            raise ValueError(error.args[0].str()) from None
        except OSError as error:
            raise ValueError(f"{error.filename}: {error.strerror}") from None

    def _options(self) -> dict[str, Any]:
        """Of librdkafka (its CONFIGURATION.md)."""
        settings = self._settings
        kind = ("SASL_" if settings.sasl_mechanism else "") + ("SSL" if settings.tls else "")
        options: dict[str, Any] = {
            "bootstrap.servers": ",".join(settings.brokers),
            "client.id": settings.client_id,
            "compression.type": settings.compression,
            "enable.idempotence": True,  # with it, all replicas in sync, in order
            "message.timeout.ms": settings.timeout_ms,
            "linger.ms": 5,
            "log_level": 0,  # the channel's errors say it
            "error_cb": self._on_error,
            "security.protocol": {"": "PLAINTEXT", "SASL_": "SASL_PLAINTEXT"}.get(kind, kind),
        }
        if settings.tls:
            files = (settings.ca_cert, settings.client_cert, settings.client_key)
            for name in filter(None, files):
                Path(name).open("rb").close()  # the library's own error does not name it
            options |= {
                "ssl.ca.location": settings.ca_cert,
                "ssl.certificate.location": settings.client_cert,
                "ssl.key.location": settings.client_key,
                "enable.ssl.certificate.verification": not settings.insecure,
            }
        if settings.sasl_mechanism:
            options |= {
                "sasl.mechanism": settings.sasl_mechanism,
                "sasl.username": settings.username,
                "sasl.password": _password(Path(settings.password_file)),
            }
        return {name: value for name, value in options.items() if value != ""}

    def _on_error(self, error: Any) -> None:
        self._problem = error.str()

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """Ends it."""
        self._producer.purge()
        self._producer.flush(1)


def _password(path: Path) -> str:
    try:
        return path.read_bytes().decode().rstrip("\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not UTF-8") from None
