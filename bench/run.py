"""Measures Lanner against jq and against only parsing, and writes docs/benchmarks.md.

`python -m bench.run` (or `make bench`). Commands run in turn on one core, several rounds; ratios
are taken round by round, so that a machine whose speed drifts does not favour anybody. They are of
CPU seconds: what else runs on a shared machine counts less there. Every command uses one thread.
Numbers are whole processes, start-up included.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.generate_rules import rules

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench/data"
PAGE = ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
EVENTS = int(os.environ.get("LANNER_BENCH_EVENTS", "1000000"))
ROUNDS = int(os.environ.get("LANNER_BENCH_ROUNDS", "5"))
CAPTURES = Path(os.environ.get("LANNER_CAPTURES", ROOT.parent / "shared/captures"))


@dataclass(frozen=True)
class Run:
    """One process: wall and CPU seconds, peak resident megabytes."""

    wall: float
    cpu: float
    megabytes: float


def measure(command: list[str]) -> Run:
    """Runs a command pinned to one core, its output thrown away."""
    pinned = ["taskset", "-c", "0", *command] if shutil.which("taskset") else command
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as null:
        process = subprocess.Popen(pinned, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"failed: {' '.join(command)}")
    process.returncode = 0
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def inputs() -> tuple[Path, list[Path], Path]:
    """The log, the audit rules, and further generated rules."""
    DATA.mkdir(parents=True, exist_ok=True)
    log = DATA / f"audit-{EVENTS}.jsonl"
    if not log.exists():
        print(f"generating {EVENTS} events", file=sys.stderr)
        part = log.with_suffix(".part")
        command = [
            sys.executable,
            "-m",
            "bench.generate_audit_log",
            "--events",
            str(EVENTS),
            "--seed",
            "7",
            "--out",
            str(part),
        ]
        subprocess.run(command, cwd=ROOT, check=True)
        part.rename(log)
    audit = CAPTURES / "rules/k8s_audit_rules.yaml"
    base = (
        [audit] if audit.exists() else [ROOT / "src/lanner/rules/defaults/lanner_audit_rules.yaml"]
    )
    more = DATA / "more-rules.yaml"
    more.write_text(rules(1000 - 48))
    return log, base, more


def commands(log: Path, base: list[Path], more: Path) -> dict[str, list[str]]:
    """What is compared, by name."""
    lanner = str(Path(sys.executable).with_name("lanner"))
    named = [option for path in base for option in ("-r", str(path))]
    parse = f"from lanner import _native; print(_native.parse_only({str(log)!r}))"
    found = {
        "scan, 48 rules": [lanner, "scan", "-q", str(log), *named],
        "scan, 1000 rules": [lanner, "scan", "-q", str(log), *named, "-r", str(more)],
        "parse only": [sys.executable, "-c", parse],
    }
    if shutil.which("jq"):
        found["jq"] = ["jq", "-c", 'select(.verb=="delete")', str(log)]
    files = [
        CAPTURES / f"rules/{name}.yaml"
        for name in (
            "falco_rules",
            "falco-incubating_rules",
            "falco-sandbox_rules",
            "k8s_audit_rules",
        )
    ]
    if all(file.exists() for file in files):
        found["load four rule files"] = [lanner, "validate", "-q", *map(str, files)]
    return found


def three(values: list[float], unit: str = "") -> str:
    """Minimum, median, maximum."""
    return " / ".join(
        f"{value:.2f}{unit}" for value in (min(values), statistics.median(values), max(values))
    )


def page(log: Path, runs: dict[str, list[Run]]) -> str:
    """The measured part of the page."""
    size = log.stat().st_size / 1e6
    lines = [
        (
            f"Measured {time.strftime('%Y-%m-%d')} on {platform.machine()}, {os.cpu_count()} cores, one used;"
            f" Python {platform.python_version()}; {ROUNDS} rounds, commands in turn; log of {EVENTS:,} events,"
            f" {size:,.0f} MB. Minimum / median / maximum.\n\n"
        ),
        "| command | wall seconds | CPU seconds | peak memory |\n|---|---|---|---|\n",
    ]
    for name, measured in runs.items():
        wall = three([run.wall for run in measured])
        cpu = three([run.cpu for run in measured])
        memory = max(run.megabytes for run in measured)
        lines.append(f"| {name} | {wall} | {cpu} | {memory:.0f} MB |\n")
    lines.append("\n| ratio of CPU seconds | measured | goal |\n|---|---|---|\n")

    def ratio(label: str, above: str, below: str, goal: str) -> None:
        if above in runs and below in runs:
            pairs = [a.cpu / b.cpu for a, b in zip(runs[above], runs[below], strict=True)]
            lines.append(f"| {label} | {three(pairs, '×')} | {goal} |\n")

    ratio("jq select / scan with 48 rules", "jq", "scan, 48 rules", "at least 10×")
    ratio("scan with 48 rules / parse only", "scan, 48 rules", "parse only", "at most 2.5×")
    ratio("scan with 1000 rules / 48 rules", "scan, 1000 rules", "scan, 48 rules", "at most 1.5×")
    return "".join(lines)


def main() -> None:
    log, base, more = inputs()
    # Into the page cache, for everybody; in pieces, because a child's peak memory begins with ours.
    with log.open("rb") as file:
        while file.read(1 << 20):
            pass
    compared = commands(log, base, more)
    runs: dict[str, list[Run]] = {name: [] for name in compared}
    for number in range(ROUNDS):
        for name, command in compared.items():
            runs[name].append(measure(command))
            print(f"round {number + 1}: {name}: {runs[name][-1].wall:.2f} s", file=sys.stderr)
    text = page(log, runs)
    print(text)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + text + END + after)


if __name__ == "__main__":
    main()
