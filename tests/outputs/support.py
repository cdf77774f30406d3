"""Rows to store, and channels that do as they are told."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lanner.outputs.channels import Message
    from lanner.outputs.store import Row


from lanner.outputs.channels import DeliveryError


def rows(
    *names: object,
    priority: int = 4,
    time_ns: int = 1_800_000_000_000_000_000,
    source: str = "syscall",
) -> list[Row]:
    """A row for each name, which is that of its rule."""
    return [
        (
            time_ns,
            priority,
            f"{name}",
            source,
            f'{{"output":"o {name}","rule":"{name}"}}',
            f"text {name}",
        )
        for name in names
    ]


class Told:
    """A channel that fails as it is told: each call takes the next of `failures`, if there is one."""

    def __init__(self, failures: Iterable[Exception] = ()) -> None:
        self.failures = deque(failures)
        self.got: list[str] = []
        self.calls = 0
        self.reopened = 0
        self.is_closed = False
        self._changed = threading.Condition()

    def send(self, messages: Sequence[Message]) -> None:
        failure = self.failures.popleft() if self.failures else None
        with self._changed:
            self.calls += 1
            if isinstance(failure, DeliveryError):
                self.got += [message.line for message in messages[: failure.delivered]]
            if failure is None:
                self.got += [message.line for message in messages]
            self._changed.notify_all()
        if failure is not None:
            raise failure

    def reopen(self) -> None:
        self.reopened += 1

    def close(self) -> None:
        self.is_closed = True

    def wait(self, condition: Callable[[Told], object]) -> None:
        """Waits until it holds."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), 20), (self.got, self.calls)
