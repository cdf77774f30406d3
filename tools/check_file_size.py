"""Source files stay small enough to read in one sitting.

Files over the limit are listed in `tools/large_files.txt` with their size; the list may only
shrink: a listed file that grew, or one that is small enough now, fails the check too.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LIMIT = 400
ROOT = Path(__file__).resolve().parent.parent
ALLOWED = ROOT / "tools/large_files.txt"


def tracked() -> list[Path]:
    """Source files under version control, tests and tables left out."""
    names = subprocess.run(
        ["git", "ls-files", "src/*.py", "crates/*.rs", "tools/*.py", "bench/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in names]


def main() -> int:
    """Returns the exit code."""
    allowed = {}
    for line in ALLOWED.read_text().splitlines():
        if line and not line.startswith("#"):
            size, name = line.split()
            allowed[name] = int(size)
    problems = []
    for path in tracked():
        name = str(path.relative_to(ROOT))
        lines = len(path.read_text().splitlines())
        limit = allowed.get(name, LIMIT)
        if lines > limit:
            problems.append(f"{name}: {lines} lines; the limit is {limit}. Split it by idea.")
        elif name in allowed and lines <= LIMIT:
            problems.append(f"{name}: small enough now; remove it from {ALLOWED.name}")
        elif lines < limit and name in allowed:
            problems.append(f"{name}: {lines} lines; lower its entry in {ALLOWED.name}")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
