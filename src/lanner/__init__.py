"""Lanner: runtime threat detection with Falco rules, and Kubernetes audit analysis.

Example:
    import lanner

    rules = lanner.load_rules(defaults=True)
    for alert in lanner.Scan(lanner.Engine(rules), ["audit.log"]):
        print(alert.priority_name, alert.rule, alert.output_fields)

"""

from lanner.version import __version__

_EXPORTS = {
    "Alert": "lanner.outputs",
    "Counts": "lanner.api",
    "Diagnostic": "lanner.diagnostics",
    "Engine": "lanner.api",
    "Events": "lanner.api.events",
    "Live": "lanner.api.live",
    "LiveUnavailableError": "lanner.api.live",
    "OutputCapture": "lanner.api.writing",
    "QueryError": "lanner.api.query",
    "RuleCounts": "lanner.api",
    "RulesError": "lanner.api",
    "Ruleset": "lanner.api",
    "Scan": "lanner.api",
    "ScanStats": "lanner.api",
    "Skipped": "lanner.api",
    "load_rules": "lanner.api",
}

__all__ = [
    "Alert",
    "Counts",
    "Diagnostic",
    "Engine",
    "Events",
    "Live",
    "LiveUnavailableError",
    "OutputCapture",
    "QueryError",
    "RuleCounts",
    "RulesError",
    "Ruleset",
    "Scan",
    "ScanStats",
    "Skipped",
    "__version__",
    "load_rules",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lanner.api import (
        Counts,
        Engine,
        RuleCounts,
        RulesError,
        Ruleset,
        Scan,
        ScanStats,
        Skipped,
        load_rules,
    )
    from lanner.api.events import Events
    from lanner.api.live import Live, LiveUnavailableError
    from lanner.api.query import QueryError
    from lanner.api.writing import OutputCapture
    from lanner.diagnostics import Diagnostic
    from lanner.outputs import Alert


def __getattr__(name: str) -> object:
    """Loads the API when it is first used: commands that need only a part start faster."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'lanner' has no attribute {name!r}")
    import importlib  # noqa: PLC0415

    return getattr(importlib.import_module(_EXPORTS[name]), name)
