"""What this machine offers for live detection, and what is missing."""

from lanner.doctor.checks import ANYWHERE, CHECKS
from lanner.doctor.finding import Finding, Machine, Outcome

__all__ = ["CHECKS", "Finding", "Machine", "Outcome", "examine"]


def examine(machine: Machine | None = None) -> list[Finding]:
    """Looks at everything, in order."""
    place = machine or Machine()
    return [check(place) for check in (CHECKS if place.is_linux else ANYWHERE)]
