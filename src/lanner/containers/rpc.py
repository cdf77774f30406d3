"""gRPC over a Unix socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import grpc

from lanner.containers.errors import RuntimeFailure
from lanner.containers.messages import message

if TYPE_CHECKING:
    from types import TracebackType

MOST_BYTES = 4 << 20
"""No answer is taken that is longer."""


class Rpc:
    """A connection to a runtime."""

    def __init__(self, path: str, timeout_s: float) -> None:
        """Connects when it is first used."""
        self._timeout_s = timeout_s
        options = [("grpc.max_receive_message_length", MOST_BYTES)]
        self._channel = grpc.insecure_channel(f"unix://{path}", options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def call(
        self, method: str, request: str, answer: str, *, namespace: str = "", **fields: Any
    ) -> Any | None:
        """The answer of a method (`/package.Service/Method`); None when there is no such thing.

        `namespace` is containerd's.

        Raises:
            RuntimeFailure: the runtime does not answer in time, or has no such method.

        """
        call: grpc.UnaryUnaryMultiCallable[Any, Any] = self._channel.unary_unary(
            method,
            request_serializer=lambda made: made.SerializeToString(),
            response_deserializer=message(answer).FromString,
        )
        metadata = (("containerd-namespace", namespace),) if namespace else ()
        try:
            return call(message(request)(**fields), timeout=self._timeout_s, metadata=metadata)
        except grpc.RpcError as error:
            code = error.code()
            if code is grpc.StatusCode.NOT_FOUND:
                return None
            raise RuntimeFailure(f"answers {code.name}: {error.details()}"[:200]) from None
