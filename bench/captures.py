"""Captures of system calls: Lanner against inflating the same file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from bench.generate_syscall_rules import rules, rules_for_every_event
from bench.measure import CAPTURES, DATA, LANNER, ROOT, Ratio, in_turn, tables, warm

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("falco_rules", "falco-incubating_rules", "falco-sandbox_rules")
SCAN, INFLATE, BOTH = "scan, 93 rules", "zcat", "scan, 93 rules, two cores"
RATIOS = [
    Ratio("scan with 93 rules / zcat, CPU", SCAN, INFLATE, "at most 1.45× (Falco: 4.3×)"),
    Ratio("the same on two cores, wall", BOTH, INFLATE, "at most 1.0×", wall=True),
    Ratio("scan with 93 rules / 1 rule, CPU", SCAN, "scan, 1 rule", "-"),
    Ratio("scan with 1000 / 100 rules, CPU", "scan, 1000 rules", "scan, 100 rules", "at most 1.5×"),
]
MADE = {
    "processes": (60_000, "60,000 short processes in 12 containers, 660,000 events"),
    "files": (100_000, "100,000 files written, read, renamed and removed, 1.4 million events"),
}
"""Captures that are made by crates/lanner-scap/examples/make_capture.rs."""


def scan(capture: Path, *rule_files: Path) -> list[str]:
    """The command that scans a capture."""
    return [LANNER, "scan", "-q", str(capture), *(f"-r{path}" for path in rule_files)]


def upstream() -> list[Path]:
    """Falco's newest rule files."""
    return [CAPTURES / f"rules/{name}.yaml" for name in RULES]


def commands(capture: Path) -> dict[str, list[str]]:
    """What is compared on the recorded capture, by name."""
    found = {SCAN: scan(capture, *upstream())}
    if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
        found[BOTH] = ["taskset", "-c", "0,1", *found[SCAN]]
    for count in (1, 100, 1000):
        path = DATA / f"syscall-rules-{count}.yaml"
        path.write_text(rules(count))
        found[f"scan, {count} rule{'s' if count > 1 else ''}"] = scan(capture, path)
    if shutil.which("zcat"):
        found[INFLATE] = ["zcat", "-f", str(capture)]
    return found


def example(package: str, name: str) -> str:
    """Builds an example of a crate; its path."""
    command = ["cargo", "build", "-q", "--release", "-p", package, "--example", name]
    subprocess.run(command, cwd=ROOT, check=True)
    return str(ROOT / "target/release/examples" / name)


def made(kind: str) -> str:
    """The measured part about a capture that is made."""
    count, text = MADE[kind]
    capture = DATA / f"{kind}.scap"
    if not capture.exists():
        print(f"making {capture.name}", file=sys.stderr)
        subprocess.run(
            [example("lanner-scap", "make_capture"), kind, str(count), str(capture)], check=True
        )
    warm(capture)
    compared = {SCAN: scan(capture, *upstream())}
    thousand = DATA / "syscall-rules-1000.yaml"
    compared["scan, 1000 rules"] = scan(capture, thousand)
    if shutil.which("zcat"):
        compared[INFLATE] = ["zcat", "-f", str(capture)]
    ratios = [Ratio("scan with 93 rules / zcat, CPU", SCAN, INFLATE, "-")]
    size = capture.stat().st_size / 1e6
    return f"{text}, {size:,.0f} MB (gzip).\n\n" + tables(in_turn(compared), ratios)


def remembering(capture: Path) -> str:
    """What it gains to remember what indices said of processes and descriptors."""
    matcher = example("lanner-syscall", "match_capture")
    every = DATA / "syscall-rules-every.yaml"
    every.write_text(rules_for_every_event(50))
    compared: dict[str, list[str]] = {}
    ratios = []
    for name, files in (("50 rules for every event", [every]), ("93 rules", upstream())):
        plan = DATA / f"plan-{len(files)}.json"
        listing = [LANNER, "rules", "--plan", "--json", *(f"-r{path}" for path in files)]
        plan.write_bytes(subprocess.run(listing, check=True, capture_output=True).stdout)
        forgets = f"{name}, nothing remembered"
        compared[name] = [matcher, str(plan), str(capture)]
        compared[forgets] = [*compared[name], "--forget"]
        ratios.append(Ratio(f"{forgets} / remembered, CPU", forgets, name, "-"))
    text = "The same recorded capture, reading and matching alone (`match_capture`).\n\n"
    return text + tables(in_turn(compared), ratios)


def section() -> str | None:
    """The measured part about captures; None where no recorded capture is at hand."""
    capture = CAPTURES / "scap/mix-large.scap"
    if not capture.exists():
        return None
    DATA.mkdir(parents=True, exist_ok=True)
    warm(capture)
    runs = in_turn(commands(capture))
    size = capture.stat().st_size / 1e6
    parts = [f"Capture of 3.8 million events, {size:,.0f} MB (gzip).\n\n" + tables(runs, RATIOS)]
    parts += [made(kind) for kind in MADE]
    parts.append(remembering(capture))
    return "\n".join(parts)
