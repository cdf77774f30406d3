"""Findings about a machine, and where it is looked at."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Outcome(Enum):
    """What a finding means for live detection."""

    OK = "ok"
    """As it should be, or of no matter."""
    WARNING = "warning"
    """It works, but less well, or of less."""
    MISSING = "missing"
    """It does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was seen, and what to do about it."""

    name: str
    outcome: Outcome
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a machine tells of itself."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    system: str = field(default_factory=platform.system)
    architecture: str = field(default_factory=platform.machine)
    release: str = field(default_factory=platform.release)

    def text(self, path: Path) -> str:
        """What a file holds; empty when it cannot be read."""
        try:
            return path.read_text(errors="replace")
        except OSError:
            return ""

    @property
    def is_linux(self) -> bool:
        """Whether there is anything to look at."""
        return self.system == "Linux"

    def link(self, path: Path) -> str:
        """Where a link leads; empty when it cannot be read."""
        try:
            return str(path.readlink())
        except OSError:
            return ""

    @staticmethod
    def can_read(path: Path) -> bool:
        """Whether this user may read a file."""
        return os.access(path, os.R_OK)
