"""Signals: what a service is told by them (Falco's meanings)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from lanner.service.service import END, RELOAD, REOPEN

if TYPE_CHECKING:
    from types import FrameType

    from lanner.service.service import Service

_ORDERS: dict[int, str] = {
    signal.SIGINT: END,
    signal.SIGTERM: END,
    signal.SIGHUP: RELOAD,
    signal.SIGUSR1: REOPEN,
}


class Orders:
    """From now on SIGHUP and SIGUSR1 are kept until there is a service that obeys them: they come
    from log rotation and the like, which cannot know that it is only just beginning. SIGINT and
    SIGTERM end it at once: there is nothing to complete.
    """

    def __init__(self) -> None:
        self._early: list[str] = []
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for number in (signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, lambda found, _frame: self._early.append(_ORDERS[found]))

    def give_to(self, service: Service) -> None:
        """From now on SIGINT and SIGTERM end the service, SIGHUP reloads, SIGUSR1 opens files
        again.
        """

        def obey(number: int, _frame: FrameType | None) -> None:
            service.order(_ORDERS[number])

        for number in _ORDERS:
            signal.signal(number, obey)
        for order in self._early:
            service.order(order)
