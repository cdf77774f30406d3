"""The public API: load rules, build an engine, match events, scan logs and captures.

Everything here is re-exported by the package: `import lanner; lanner.load_rules(...)`.
"""

from lanner.api.engine import Batch, Counts, Engine, InputError, RuleCounts, Skipped
from lanner.api.ruleset import RulesError, Ruleset, load_rules
from lanner.api.scan import Scan, ScanStats, first_event_time

__all__ = [
    "Batch",
    "Counts",
    "Engine",
    "InputError",
    "RuleCounts",
    "RulesError",
    "Ruleset",
    "Scan",
    "ScanStats",
    "Skipped",
    "first_event_time",
    "load_rules",
]
