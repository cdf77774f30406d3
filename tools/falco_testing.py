"""Runs the public suite falcosecurity/testing on `lanner-falco`, and writes what it said into
docs/compatibility.md.

The suite's test programs (`falco.test`, `k8saudit.test`) are built as its README says; captures
that cannot be had are files that are missing. It looks for Falco's own `falco.yaml`,
`falco_rules.yaml` and `k8s_audit_rules.yaml` in /etc/falco: `--etc` names a folder that it sees
there, and nobody else; its ports are its own then, too (a Falco that runs has 8765).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/compatibility.md"
BEGIN, END = "<!-- falcosecurity/testing: begin -->", "<!-- falcosecurity/testing: end -->"

_SKIPPED = "the suite skips it"
_MOUNT = (
    'mount -t overlay -o "lowerdir=$1:/etc" overlay /etc && ip link set lo up && shift && exec "$@"'
)
_STATUS = re.compile(r"--- (PASS|FAIL|SKIP): (Test\w+) ")
_NAME = re.compile(r"=== (?:RUN|NAME|CONT) +(Test\w+)")
_MISSING = re.compile(r"Error: syscall: (\S+\.scap): No such file or directory")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a test."""

    test: str
    result: str
    reason: str = ""


def results_of(output: str) -> list[Result]:
    """What `-test.v` printed, by test; parts of tests count for the whole."""
    said: dict[str, list[str]] = {}
    status: dict[str, str] = {}
    begun: set[str] = set()
    name = ""
    for line in output.splitlines():
        if found := _NAME.match(line):
            name = found[1]
            begun.add(name)
        elif found := _STATUS.match(line):
            status[found[2]] = found[1]
        else:
            said.setdefault(name, []).append(line)
    return [
        _result(test, status.get(test), "\n".join(said.get(test, ()))) for test in sorted(begun)
    ]


def _result(test: str, status: str | None, said: str) -> Result:
    if status == "PASS":
        return Result(test, "passes")
    if status == "SKIP":
        return Result(test, "not run", _SKIPPED)
    if missing := _MISSING.search(said):
        return Result(test, "not run", f"the capture {missing[1]} is nowhere to be had")
    return Result(test, "fails", "" if status else "the test program ended before it")


@contextmanager
def _etc_falco(folder: Path | None) -> Iterator[tuple[str, ...]]:
    """What a command begins with that shall find the folder in /etc/falco, and all ports free."""
    if folder is None:
        yield ()
        return
    with TemporaryDirectory() as layer:
        (Path(layer) / "falco").symlink_to(folder.resolve(strict=True))
        yield ("unshare", "--map-root-user", "--mount", "--net", "sh", "-c", _MOUNT, "sh", layer)


def _run(program: Path, falco: Path, wrapper: tuple[str, ...]) -> list[Result]:
    done = subprocess.run(
        [*wrapper, program, "-test.v", "-test.parallel", "2", "-falco-binary", falco],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd=program.parent,
    )
    found = results_of(done.stdout + done.stderr)
    if not found:
        sys.exit(f"{program} ran no test:\n{done.stderr[-2000:]}")
    return found


def page_section(results: list[Result]) -> str:
    """The part of the page: how many of which result, and the table."""
    counts = {kind: sum(one.result == kind for one in results) for kind in _KINDS}
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    lines = [
        BEGIN,
        f"{len(results)} tests: {summary}.",
        "",
        "| test | result | reason |",
        "|---|---|---|",
        *(f"| {one.test} | {one.result} | {one.reason} |" for one in results),
        END,
    ]
    return "\n".join(lines)


_KINDS = ("passes", "not run", "fails")


def main() -> None:
    """Entry point."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    reader.add_argument("folder", type=Path, help="where falco.test and k8saudit.test are")
    reader.add_argument(
        "--falco", type=Path, default=Path(sys.executable).with_name("lanner-falco")
    )
    reader.add_argument("--etc", type=Path, help="what is in /etc/falco, but for the tests alone")
    options = reader.parse_args()
    with _etc_falco(options.etc) as wrapper:
        results = [
            result
            for name in ("falco.test", "k8saudit.test")
            for result in _run(options.folder.resolve() / name, options.falco.absolute(), wrapper)
        ]
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + page_section(results) + after, "utf-8")
    failed = [one.test for one in results if one.result == "fails"]
    print(f"{len(results)} tests, {len(failed)} fail: {' '.join(failed)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
