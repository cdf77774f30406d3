"""Signals: what a service is told by them (Falco's meanings)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from lanner.service.service import END, RELOAD, REOPEN

if TYPE_CHECKING:
    from types import FrameType

    from lanner.service.service import Service

_ORDERS = {
    signal.SIGINT: END,
    signal.SIGTERM: END,
    signal.SIGHUP: RELOAD,
    signal.SIGUSR1: REOPEN,
}


def obey_signals(service: Service) -> None:
    """From now on SIGINT and SIGTERM end the service, SIGHUP reloads, SIGUSR1 opens files again."""

    def obey(number: int, _frame: FrameType | None) -> None:
        service.order(_ORDERS[signal.Signals(number)])

    for number in _ORDERS:
        signal.signal(number, obey)
