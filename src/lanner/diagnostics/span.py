"""Where a piece of text came from, also when it was expanded.

A condition is assembled from several places: the rule's own text, the text of
a macro, the items of a list, the values of an exception. Every span therefore
remembers the chain of expansions that brought it there, so that a diagnostic
can point at the user's own characters and say how they got into the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lanner.diagnostics.source import Source

ExpansionKind = Literal["macro", "list", "exception"]


@dataclass(frozen=True, slots=True)
class Expansion:
    """One step of an expansion: what was expanded, and the span that named it."""

    kind: ExpansionKind
    name: str
    site: Span


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters `[start, end)` in a source.

    `via` is the innermost expansion that brought this text where it is used,
    or `None` when it stands in the rule itself. `via.site.via` is the next
    one outwards.
    """

    source: Source
    start: int
    end: int
    via: Expansion | None = None

    @property
    def text(self) -> str:
        """The characters that the span covers."""
        return self.source.text[self.start : self.end]

    def expansions(self) -> tuple[Expansion, ...]:
        """The expansion chain, innermost first."""
        chain = []
        step = self.via
        while step is not None:
            chain.append(step)
            step = step.site.via
        return tuple(chain)

    def expanded(self, kind: ExpansionKind, name: str, site: Span) -> Span:
        """This span, as seen from `site`, which expanded `name`.

        The chain that the span already had stays inside the new step.
        """
        if self.via is None:
            return Span(self.source, self.start, self.end, Expansion(kind, name, site))
        inner = self.via
        outer = Expansion(inner.kind, inner.name, inner.site.expanded(kind, name, site))
        return Span(self.source, self.start, self.end, outer)
