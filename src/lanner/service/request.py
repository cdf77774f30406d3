"""What a service is asked to do, besides what its configuration says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lanner.service.ruleset import RuleChoice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lanner.api.writing import OutputCapture
    from lanner.config import Loaded


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    Attributes:
        load: reads the configuration; again for each reload.
        config_path: its file, which need not be there yet.
        rules: rules and event sources that are named on the command line.
        duration_s: ends after so long, in seconds.
        write: a capture of all that is seen.

    """

    load: Callable[[], Loaded]
    config_path: Path | None = None
    rules: RuleChoice = field(default_factory=RuleChoice)
    duration_s: float | None = None
    write: OutputCapture | None = None


class ServiceError(Exception):
    """The service cannot run; the message says why, and `help` what to do."""

    def __init__(self, message: str, help_text: str = "") -> None:
        super().__init__(message)
        self.help = help_text
