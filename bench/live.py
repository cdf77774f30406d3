"""What live detection costs the processes that it watches, and itself.

`python -m bench.live` prints the tables; `make bench` writes them into docs/benchmarks.md. Needs
root. What is watched runs on one core, Lanner on another; with and without it in turn.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import lanner
from bench.measure import LANNER, ROOT, ROUNDS
from lanner.api.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPS = (("getpid", 2_000_000), ("open", 200_000), ("create", 200_000))
NAMES = {
    "getpid": "getpid, which no rule asks for",
    "open": "open(O_RDONLY) + close",
    "create": "open(O_WRONLY\\|O_CREAT) + close",
    "mix": "compile, find, tar, curl to loopback",
}
FALCO = {"getpid": "2.2×", "open": "1.9×", "create": "1.9×", "mix": "-"}
"""Falco 0.40 (modern eBPF, the same rules) on the same kind of machine."""
OPENS, PROCESSES = 2_000_000, 50_000

MIX = """
set -e
cd "$1"
for number in 1 2 3; do
  find /usr/include /usr/share/doc > list
  tar cf archive.tar /usr/include/linux /usr/include/asm-generic 2> /dev/null
  echo 'int main(void) { return 0; }' > program.c
  cc -O2 -o program program.c
  ./program
  for turn in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null "http://127.0.0.1:$2/archive.tar"; done
done
"""


@dataclass
class Totals:
    """What a run of Lanner says at its end."""

    events: int
    lost: int
    cpu: float


class Attached:
    """`lanner run` with the default rules, on the first core."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["taskset", "-c", "0", LANNER, "run", "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.totals = Totals(0, 0, 0.0)

    def __enter__(self) -> Self:
        assert self._process.stderr
        for line in self._process.stderr:
            if line.startswith("lanner: watching"):
                return self
        sys.exit("lanner run did not begin: are you root?")

    def __exit__(self, *_: object) -> None:
        assert self._process.stderr
        self._process.send_signal(signal.SIGTERM)
        said = self._process.stderr.read()
        usage = os.wait4(self._process.pid, 0)[2]
        self._process.returncode = 0
        found = re.search(r"watched ([\d,]+) events, ([\d,]+) dropped", said)
        events, lost = (int(one.replace(",", "")) for one in found.groups()) if found else (0, 0)
        self.totals = Totals(events, lost, usage.ru_utime + usage.ru_stime)


def _build(directory: Path) -> Path:
    program = directory / "loops"
    compiler = [sys.executable, "-m", "ziglang", "cc", "-O2", "-lpthread"]
    caches = {name: str(directory) for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
    subprocess.run(
        [*compiler, "-o", program, ROOT / "bench/loops.c"], check=True, env={**os.environ, **caches}
    )
    return program


def _turns(directory: Path, program: Path, port: int) -> dict[str, Callable[[], float]]:
    """What is measured: nanoseconds a turn, or seconds of the mix."""

    def loop(what: str, count: int) -> float:
        pinned = ["taskset", "-c", "1", str(program)]
        command = [*pinned, what, str(count), str(directory / "file")]
        return float(subprocess.check_output(command, text=True))

    def mix() -> float:
        begin = time.perf_counter()
        command = ["taskset", "-c", "1", "sh", "-c", MIX, "sh", str(directory), str(port)]
        subprocess.run(command, check=True)
        return time.perf_counter() - begin

    turns: dict[str, Callable[[], float]] = {
        what: lambda what=what, count=count: loop(what, count)  # type: ignore[misc]
        for what, count in LOOPS
    }
    return {**turns, "mix": mix}


def section() -> str | None:
    """The tables; None without root."""
    if os.geteuid() != 0:
        return None
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "file").touch()
        program = _build(directory)
        server = subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout
        port = int(server.stdout.readline().split("port ")[1].split()[0])
        try:
            return _costs(_turns(directory, program, port)) + _load(directory, program)
        finally:
            server.kill()
            server.communicate()


def _costs(turns: dict[str, Callable[[], float]]) -> str:
    without: dict[str, list[float]] = {what: [] for what in turns}
    attached: dict[str, list[float]] = {what: [] for what in turns}
    totals = []
    for turn in turns.values():
        turn()  # everything is in memory from now on
    with Attached() as idle:
        pass
    for _ in range(ROUNDS):
        for what, turn in turns.items():
            without[what].append(turn())
        with Attached() as lanner_run:
            for what, turn in turns.items():
                attached[what].append(turn())
        totals.append(lanner_run.totals)
    lines = [
        "| what | alone | with Lanner attached | ratio | Falco's |",
        "|---|---|---|---|---|",
    ]
    for what in turns:
        ratios = [b / a for a, b in zip(without[what], attached[what], strict=True)]
        unit, scale = ("s", 1) if what == "mix" else ("ns", 1)
        digits = 2 if what == "mix" else 0
        shown = [
            " / ".join(f"{one * scale:.{digits}f}" for one in _spread(values))
            for values in (without[what], attached[what])
        ]
        ratio = " / ".join(f"{one:.2f}×" for one in _spread(ratios))
        lines.append(
            f"| {NAMES[what]} | {shown[0]} {unit} | {shown[1]} {unit} | {ratio} | {FALCO[what]} |"
        )
    events = sum(one.events for one in totals)
    begun = idle.totals.cpu
    per_million = sum(one.cpu - begun for one in totals) / events * 1e6
    lost = sum(one.lost for one in totals)
    lines.append(
        f"\nLanner itself: {per_million:.2f} CPU seconds per million events, and {begun:.2f} to begin"
        f" and end; {lost:,} of {events:,} events lost.\n"
    )
    return "\n".join(lines)


def _spread(values: list[float]) -> tuple[float, float, float]:
    return min(values), statistics.median(values), max(values)


RULES = """
- rule: opened
  desc: one of the many opens
  condition: evt.type in (open, openat) and fd.name = {path}
  output: opened
  priority: INFO
- rule: ran
  desc: one of the many processes
  condition: evt.type = execve and proc.cmdline = "true {path}"
  output: ran
  priority: INFO
"""


def _load(directory: Path, program: Path) -> str:
    """Everything that happens is seen or counted."""
    path = directory / "file"
    ruleset = lanner.load_rules(texts={"rules": RULES.format(path=path)})
    lines = ["\n| load | done | seen | lost | events a second |", "|---|---|---|---|---|"]
    for what, rule, count, label in (
        ("threads", "opened", OPENS, "opens from 4 threads"),
        ("spawn", "ran", PROCESSES, "short processes"),
    ):
        live = Live(lanner.Engine(ruleset))
        with live:
            begin = time.perf_counter()
            process = subprocess.Popen([program, what, str(count), path], stdout=subprocess.DEVNULL)
            for _ in live.batches():
                if process.poll() is not None:
                    live.stop()
            seconds = time.perf_counter() - begin
            stats = live.stats()
        lines.append(
            f"| {label} | {count:,} | {stats.alerts_by_rule[rule]:,} | {stats.lost:,} |"
            f" {stats.events / seconds:,.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(section() or "needs root")
