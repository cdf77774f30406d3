"""Pods, as a kubelet asks for them: the container runtime interface (kubernetes/cri-api, runtime.v1)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

import grpc

from tests.live.engine import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

CGROUP = "/lanner-test-kubepods"
_SERVICE = "/runtime.v1.RuntimeService/"
OF_NODE = 2
"""The namespace of the node, not one of the pod."""
_EXITED = 2
_SECONDS = 60
_TRIES = 50

Message = dict[int, Any]
"""A protobuf message: values by their numbers; a list is a repeated one."""


def _varint(number: int) -> bytes:
    head = b""
    while number > 0x7F:
        head += bytes([number & 0x7F | 0x80])
        number >>= 7
    return head + bytes([number])


def _encode(message: Message) -> bytes:
    out = b""
    for number, value in message.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                out += _varint(number << 3) + _varint(one)
            else:
                data = one.encode() if isinstance(one, str) else _encode(one)
                out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def _decode(data: bytes) -> Message:
    """What `_encode` made, messages as bytes; of repeated values the last."""
    message: Message = {}
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        field, is_bytes = divmod(number(), 8)
        value = number()
        if is_bytes:
            message[field] = data[at : at + value]
            at += value
        else:
            message[field] = value
    return message


def _map(values: dict[str, str]) -> list[Message]:
    return [{1: name, 2: value} for name, value in values.items()]


def _id(answer: bytes) -> str:
    """The first text of a message."""
    return answer[2 : 2 + answer[1]].decode()


class Pod:
    """A pod in the network of the node (there is no other here), while `with` lasts."""

    def __init__(
        self,
        socket: Path,
        name: str,
        namespace: str,
        labels: dict[str, str],
        *,
        host_pid: bool = False,
    ) -> None:
        self._channel = grpc.insecure_channel(f"unix:{socket}")
        uid = f"uid-of-{name}"
        self._names = {
            "io.kubernetes.pod.name": name,
            "io.kubernetes.pod.namespace": namespace,
            "io.kubernetes.pod.uid": uid,
        }
        self.namespaces: Message = {1: OF_NODE, 2: OF_NODE if host_pid else 0}
        self._config = {
            1: {1: name, 2: uid, 3: namespace},
            3: str(socket.parent),
            6: _map({**labels, **self._names}),
            8: {1: CGROUP, 2: {1: self.namespaces}},
        }

    def _call(self, method: str, message: Message) -> bytes:
        ask: Any = self._channel.unary_unary(_SERVICE + method)
        answer: bytes = ask(_encode(message), timeout=_SECONDS)
        return answer

    def __enter__(self) -> Self:
        """Runs its sandbox."""
        self._id = _id(self._call("RunPodSandbox", {1: self._config}))
        return self

    def __exit__(self, *_: object) -> None:
        self._call_until("StopPodSandbox", {1: self._id})
        self._call_until("RemovePodSandbox", {1: self._id})
        self._channel.close()

    def _call_until(self, method: str, message: Message) -> None:
        """Again and again, as a kubelet does: a container that just ended cannot be ended."""
        pause = threading.Event()
        for _ in range(_TRIES - 1):
            try:
                self._call(method, message)
            except grpc.RpcError:
                pause.wait(0.1)
            else:
                return
        self._call(method, message)

    def start(self, name: str, script: str) -> str:
        """Starts a container with a script; its id."""
        return self.start_container({1: {1: name}, 3: ["/bin/sh", "-c", script], 15: {2: {}}})

    def start_container(self, container: Message) -> str:
        """Starts a container of the image; its id."""
        whole = {**container, 2: {1: IMAGE}, 9: _map(self._names)}
        created = self._call("CreateContainer", {1: self._id, 2: whole, 3: self._config})
        self._call("StartContainer", {1: _id(created)})
        return _id(created)

    def stop_container(self, container_id: str, grace_s: int) -> None:
        """Ends it: SIGTERM, and after a while SIGKILL."""
        self._call("StopContainer", {1: container_id, 2: grace_s})

    def exit_code(self, container_id: str) -> int | None:
        """How it ended, if it did."""
        status = _decode(_decode(self._call("ContainerStatus", {1: container_id}))[1])
        return status.get(7, 0) if status.get(3) == _EXITED else None
