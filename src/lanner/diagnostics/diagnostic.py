"""A finding about a text: what is wrong, where, and what to do about it.

Diagnostics are values. Passes collect them, the edge renders them (as text
like rustc's, as JSON, or as Falco's own JSON), and nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.diagnostics.span import Span


class Severity(Enum):
    """How bad a diagnostic is: errors make the file invalid, Falco is silent about advice."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Label:
    """A remark at another place that helps to understand the diagnostic."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A step of the path to the faulty item: (`rule`, `Terminal shell`, its span).

    `kind` uses Falco's words for item types (`rules content`, `rule`,
    `macro`, `condition expression`, …), so that Falco's JSON can be made of it.
    """

    kind: str
    name: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `code` is stable and documented (`LOAD_ERR_VALIDATE`, …); `message` is one
    sentence; `span` is the primary place (`None` only where there is no text,
    as for a missing file, then `path` says which). `falco_message` is the
    message Falco would print where ours says more.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    items: tuple[Item, ...] = field(default=())
    path: str | None = None
    falco_message: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether the diagnostic makes its file invalid."""
        return self.severity is Severity.ERROR
