"""The redactions that a configuration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.outputs.redaction import Pattern, Redaction, Redactor

if TYPE_CHECKING:
    from lanner.config import Config


def redactor_of(config: Config) -> Redactor:
    """What hides in alerts what is to be hidden."""
    return Redactor(
        Redaction(
            source=one.match.source,
            rule=one.match.rule,
            tags=frozenset(one.match.tags),
            fields=frozenset(one.fields),
            patterns=tuple(Pattern(pattern) for pattern in one.patterns),
            replacement=one.replacement,
        )
        for one in config.redact
    )
