"""Runs the public suite falcosecurity/testing on `lanner-falco`, and writes what it said into
docs/compatibility.md.

The suite's test programs (`falco.test`, `k8saudit.test`) are built as its README says; captures
that cannot be had are files that are missing. Falco's own `falco.yaml`, `falco_rules.yaml` and
`k8s_audit_rules.yaml` must be in /etc/falco, where the suite looks for them.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/compatibility.md"
BEGIN, END = "<!-- falcosecurity/testing: begin -->", "<!-- falcosecurity/testing: end -->"

_ENTER = (
    "expects the enter events of Falco before 0.43, too; of this capture, 0.44.1 gives half as many"
)
_WORDS = (
    "expects `invalid formatting token …`; 0.44.1 says `unknown filter: …` (recorded from it:"
    " shared/captures/validation)"
)
DIFFERENT = {
    "TestFalco_Cmd_Help": "expects `--gvisor-generate-config`, which 0.44 no longer has",
    "TestFalco_Legacy_CatchallOrder": _ENTER,
    "TestFalco_Legacy_DetectSkipUnknownNoevt": _ENTER,
    "TestFalco_Legacy_EnabledRuleUsingFalseEnabledFlagOnly": _ENTER,
    "TestFalco_Legacy_FileOutputStrict": _ENTER,
    "TestFalco_Legacy_MultipleRulesSuppressInfo": _ENTER,
    "TestFalco_Legacy_ProgramOutputStrict": _ENTER,
    "TestFalco_Legacy_RuleNamesWithRegexChars": _ENTER,
    "TestFalco_Legacy_StdoutOutputJsonStrict": _ENTER,
    "TestFalco_Legacy_StdoutOutputStrict": _ENTER,
    "TestFalco_Legacy_InvalidRuleOutput": _WORDS,
    "TestFalco_Legacy_ValidateSkipUnknownNoevt": _WORDS,
}
"""Tests that fail for a known reason: most are of Falco 0.42, which differs from 0.44.1."""

_SKIPPED = "the suite skips it"
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
    name = ""
    for line in output.splitlines():
        if found := _NAME.match(line):
            name = found[1]
        elif found := _STATUS.match(line):
            status[found[2]] = found[1]
        else:
            said.setdefault(name, []).append(line)
    return [_result(test, status[test], "\n".join(said.get(test, ()))) for test in sorted(status)]


def _result(test: str, status: str, said: str) -> Result:
    if status == "PASS":
        return Result(test, "passes")
    if status == "SKIP":
        return Result(test, "not run", _SKIPPED)
    if missing := _MISSING.search(said):
        return Result(test, "not run", f"the capture {missing[1]} is nowhere to be had")
    if test in DIFFERENT:
        return Result(test, "differs", DIFFERENT[test])
    return Result(test, "fails")


def _run(program: Path, falco: Path) -> list[Result]:
    done = subprocess.run(
        [program, "-test.v", "-test.parallel", "2", "-falco-binary", falco],
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


_KINDS = ("passes", "differs", "not run", "fails")


def main() -> None:
    """Entry point."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    reader.add_argument("folder", type=Path, help="where falco.test and k8saudit.test are")
    reader.add_argument(
        "--falco", type=Path, default=Path(sys.executable).with_name("lanner-falco")
    )
    options = reader.parse_args()
    results = [
        result
        for name in ("falco.test", "k8saudit.test")
        for result in _run(options.folder.resolve() / name, options.falco)
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
