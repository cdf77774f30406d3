"""Kafka, with the brokers that librdkafka imitates for tests: real sockets, the real protocol."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from lanner.outputs.channels import DeliveryError, kafka
from tests.outputs.test_channels import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "alerts"


class Cluster:
    """One broker, as long as it is referred to."""

    def __init__(self) -> None:
        self._owner: Any = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        (broker,) = self._owner.list_topics(timeout=20).brokers.values()
        self.place = f"{broker.host}:{broker.port}"

    def stop(self) -> None:
        self._owner = None

    def read(self, count: int) -> list[tuple[bytes, bytes]]:
        """Keys and values of the first messages of all partitions, in the order of each."""
        reader = Consumer({"bootstrap.servers": self.place, "group.id": "g"})
        partitions = reader.list_topics(TOPIC, timeout=20).topics[TOPIC].partitions
        reader.assign([TopicPartition(TOPIC, number, 0) for number in partitions])
        found = reader.consume(count, timeout=20)
        reader.close()
        return [(one.key() or b"", one.value() or b"") for one in found]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    one = Cluster()
    yield one
    one.stop()


def channel_to(place: str, **settings: Any) -> kafka.Channel:
    return kafka.Channel(kafka.Settings(brokers=(place,), topic=TOPIC, timeout_ms=2000, **settings))


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "lz4", "snappy"])
def test_alerts_are_messages_in_order(cluster: Cluster, compression: str) -> None:
    channel = channel_to(cluster.place, compression=compression)
    lines = [f"alert {number}" for number in range(1200)]
    channel.send(messages(*lines[:500]))
    channel.send(messages(*lines[500:]))
    channel.close()
    found = cluster.read(1200)
    assert [value.decode() for _, value in found] == lines
    assert {key for key, _ in found} == {socket.gethostname().encode()}


def test_what_is_too_large_is_refused_and_the_rest_goes_on(cluster: Cluster) -> None:
    channel = channel_to(cluster.place)
    with pytest.raises(DeliveryError, match="too large") as caught:
        channel.send(messages("a", "x" * 2_000_000, "c"))
    assert (caught.value.delivered, caught.value.is_final) == (1, True)
    channel.send(messages("d"))
    channel.close()
    assert [value for _, value in cluster.read(2)] == [b"a", b"d"]


def test_nobody_answers_and_then_somebody_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    channel = channel_to(f"127.0.0.1:{port}")
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}: .*timed out") as caught:
        channel.send(messages("a"))
    assert (caught.value.delivered, caught.value.is_final) == (0, False)
    channel.close()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "`brokers` is missing"),
        ({"brokers": ("x:1",), "tls": True, "ca_cert": "/nowhere"}, "/nowhere"),
        ({"brokers": ("x:1",), "sasl_mechanism": "PLAIN", "password_file": "/nowhere"}, "/nowhere"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        kafka.Channel(kafka.Settings(**settings))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "confluent_kafka", None)
    with pytest.raises(ValueError, match=r"pip install 'lanner\[kafka\]'"):
        kafka.Channel(kafka.Settings(brokers=("x:1",)))
