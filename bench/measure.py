"""Measuring commands: pinned to one core, in turn, as whole processes."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench/data"
ROUNDS = int(os.environ.get("LANNER_BENCH_ROUNDS", "5"))
CAPTURES = Path(os.environ.get("LANNER_CAPTURES", ROOT.parent / "shared/captures"))
LANNER = str(Path(sys.executable).with_name("lanner"))


@dataclass(frozen=True)
class Ratio:
    """Two commands to compare: CPU seconds of `above` per CPU second of `below`, or wall seconds."""

    label: str
    above: str
    below: str
    goal: str
    wall: bool = False

    def of(self, above: Run, below: Run) -> float:
        """The ratio of two runs."""
        return above.wall / below.wall if self.wall else above.cpu / below.cpu


@dataclass(frozen=True)
class Run:
    """One process: wall and CPU seconds, peak resident megabytes."""

    wall: float
    cpu: float
    megabytes: float


def measure(command: list[str]) -> Run:
    """Runs a command pinned to a core, if it does not name its cores; its output is thrown away."""
    pins = shutil.which("taskset") and command[0] != "taskset"
    pinned = ["taskset", "-c", "0", *command] if pins else command
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as null:
        process = subprocess.Popen(pinned, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"failed: {' '.join(command)}")
    process.returncode = 0
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(commands: Mapping[str, list[str]]) -> dict[str, list[Run]]:
    """Runs all commands, several rounds, one after the other."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(ROUNDS):
        for name, command in commands.items():
            runs[name].append(measure(command))
            print(f"round {number + 1}: {name}: {runs[name][-1].wall:.2f} s", file=sys.stderr)
    return runs


def warm(path: Path) -> None:
    """Reads a file into the page cache; in pieces, because a child's peak memory begins with ours."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def three(values: list[float], unit: str = "") -> str:
    """Minimum, median, maximum."""
    return " / ".join(
        f"{value:.2f}{unit}" for value in (min(values), statistics.median(values), max(values))
    )


def tables(runs: dict[str, list[Run]], ratios: list[Ratio]) -> str:
    """The measured commands and their ratios, as Markdown."""
    lines = ["| command | wall seconds | CPU seconds | peak memory |\n|---|---|---|---|\n"]
    for name, measured in runs.items():
        wall = three([run.wall for run in measured])
        cpu = three([run.cpu for run in measured])
        memory = max(run.megabytes for run in measured)
        lines.append(f"| {name} | {wall} | {cpu} | {memory:.0f} MB |\n")
    lines.append("\n| ratio | measured | goal |\n|---|---|---|\n")
    for one in ratios:
        if one.above in runs and one.below in runs:
            pairs = zip(runs[one.above], runs[one.below], strict=True)
            measured_ratio = three([one.of(above, below) for above, below in pairs], "×")
            lines.append(f"| {one.label} | {measured_ratio} | {one.goal} |\n")
    return "".join(lines)
