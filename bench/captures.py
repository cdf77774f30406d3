"""Captures of system calls: Lanner against inflating the same file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bench.generate_syscall_rules import rules
from bench.measure import CAPTURES, DATA, LANNER, Ratio, in_turn, tables, warm

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("falco_rules", "falco-incubating_rules", "falco-sandbox_rules")
RATIOS = [
    Ratio("scan with 93 rules / zcat", "scan, 93 rules", "zcat", "at most 1.45× (Falco: 4.3×)"),
    Ratio("scan with 93 rules / state only", "scan, 93 rules", "scan, 1 rule", "-"),
    Ratio(
        "scan with 1000 rules / 100 rules", "scan, 1000 rules", "scan, 100 rules", "at most 1.5×"
    ),
]


def commands(capture: Path) -> dict[str, list[str]]:
    """What is compared, by name."""
    upstream = [option for name in RULES for option in ("-r", str(CAPTURES / f"rules/{name}.yaml"))]
    files = {}
    for count in (1, 100, 1000):
        files[count] = DATA / f"syscall-rules-{count}.yaml"
        files[count].write_text(rules(count))
    found = {"scan, 93 rules": [LANNER, "scan", "-q", str(capture), *upstream]}
    for count, path in files.items():
        name = f"scan, {count} rule{'s' if count > 1 else ''}"
        found[name] = [LANNER, "scan", "-q", str(capture), "-r", str(path)]
    if shutil.which("zcat"):
        found["zcat"] = ["zcat", "-f", str(capture)]
    return found


def section() -> str | None:
    """The measured part about captures; None where no recorded capture is at hand."""
    capture = CAPTURES / "scap/mix-large.scap"
    if not capture.exists():
        return None
    DATA.mkdir(parents=True, exist_ok=True)
    warm(capture)
    runs = in_turn(commands(capture))
    size = capture.stat().st_size / 1e6
    return f"Capture of 3.8 million events, {size:,.0f} MB (gzip).\n\n" + tables(runs, RATIOS)
