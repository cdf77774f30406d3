"""Measures Lanner against its peers, and writes docs/benchmarks.md.

`python -m bench.run` (or `make bench`). Commands run in turn on one core, several rounds; ratios
are taken round by round, so that a machine whose speed drifts does not favour anybody. They are of
CPU seconds: what else runs on a shared machine counts less there. Numbers are whole processes,
start-up included.
"""

from __future__ import annotations

import os
import platform
import time

from bench import ask, audit, captures, live, recorder
from bench.measure import ROOT, ROUNDS

PAGE = ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def main() -> None:
    parts = [
        (
            f"Measured {time.strftime('%Y-%m-%d')} on {platform.machine()}, {os.cpu_count()} cores,"
            f" one used; Python {platform.python_version()}; {ROUNDS} rounds, commands in turn."
            " Minimum / median / maximum.\n"
        )
    ]
    sections = (
        ("Audit logs", audit.section()),
        ("Questions", ask.section()),
        ("Recorder", recorder.section()),
        ("Captures", captures.section()),
        ("Live", live.section()),
    )
    for title, section in sections:
        if section is not None:
            parts.append(f"\n### {title}\n\n{section}")
    text = "".join(parts)
    print(text)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + text + END + after)


if __name__ == "__main__":
    main()
