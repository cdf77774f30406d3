"""Sources, spans and diagnostics: the bottom layer, which imports nothing."""

from lanner.diagnostics.diagnostic import Diagnostic, Item, Label, Severity
from lanner.diagnostics.source import Position, Source
from lanner.diagnostics.span import Expansion, Span

__all__ = ["Diagnostic", "Expansion", "Item", "Label", "Position", "Severity", "Source", "Span"]
