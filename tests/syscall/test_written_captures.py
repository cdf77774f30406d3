"""What is written is what was read: the same events, values and alerts."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from lanner import Engine, Events, OutputCapture, Ruleset, Scan, ScanStats, load_rules
from lanner.catalog import fields
from tests.syscall.test_alerts_of_captures import NAMES, NEWEST

if TYPE_CHECKING:
    from pathlib import Path

SMALL = (*(name for name in NAMES if not name.startswith("mix-")), "curl_google_comments")
COUNTS_EVENTS = ("evt.num", "evt.deltatime", "evt.deltatime.s", "evt.deltatime.ns")
"""What says how many events there are, or how far apart: a part of them has other values."""

FILTERS = (
    "evt.type in (open, openat, read, write, close)",
    "evt.type in (clone, execve, procexit, switch, mmap)",
    "fd.type in (ipv4, ipv6, unix)",
    "evt.failed = true or fd.num > 5",
    "container.id != host",
    "evt.num in (1, 150, 200, 333, 500)",
)


def format_of_all_fields() -> str:
    """Every field of system calls; those with an index for the first ancestors, too."""
    names = []
    for field in fields():
        if field.source == "k8s_audit" or field.name in COUNTS_EVENTS:
            continue
        if not field.argument.endswith("!"):
            names.append(field.name)
        if field.argument == "number?":
            names += [f"{field.name}[{index}]" for index in (1, 2, 3)]
    assert len(names) > 250
    return "*" + " | ".join(f"{name}=%{name}" for name in names)


def shown(path: Path, filter_text: str, format_text: str) -> list[bytes]:
    lines = []
    for batch in Events([path], filter_text, format_text).batches():
        assert not batch.input_errors()
        lines += batch.messages().splitlines()
    return lines


def written(path: Path, output: OutputCapture, rules: Ruleset | None = None) -> ScanStats:
    scan = Scan(Engine(rules or load_rules()), [path], write=output)
    for batch in scan.batches():
        assert not batch.input_errors()
    return scan.stats()


def alerts(path: Path, rules: Ruleset) -> list[bytes]:
    return [
        line
        for batch in Scan(Engine(rules), [path]).batches()
        for line in batch.text().splitlines()
    ]


@pytest.fixture(scope="module")
def newest(captures: Path) -> Ruleset:
    return load_rules(*(captures / f"rules/{name}.yaml" for name in NEWEST))


@pytest.mark.parametrize("name", SMALL)
def test_a_whole_copy_has_the_same_events_and_values(
    captures: Path, tmp_path: Path, name: str
) -> None:
    capture, copy = captures / f"scap/{name}.scap", tmp_path / "copy.scap"
    stats = written(capture, OutputCapture(copy))
    everything = format_of_all_fields() + "".join(f" %{name}" for name in COUNTS_EVENTS)
    expected = shown(capture, "", everything)
    assert shown(copy, "", everything) == expected
    assert len(expected) == stats.written == stats.events


@pytest.mark.parametrize("filter_text", FILTERS)
@pytest.mark.parametrize("name", SMALL)
def test_a_part_has_the_same_values(
    captures: Path, tmp_path: Path, name: str, filter_text: str
) -> None:
    capture, part = captures / f"scap/{name}.scap", tmp_path / "part.scap.gz"
    stats = written(capture, OutputCapture(part, filter_text=filter_text))
    everything = format_of_all_fields()
    expected = shown(capture, filter_text, everything)
    assert shown(part, "", everything) == expected
    assert len(expected) == stats.written


@pytest.mark.parametrize(
    "filter_text", ["evt.type = execve", "evt.type in (connect, clone, procexit)"]
)
def test_a_small_part_of_a_large_capture(captures: Path, tmp_path: Path, filter_text: str) -> None:
    capture, part = captures / "scap/mix-small.scap", tmp_path / "part.scap.gz"
    stats = written(capture, OutputCapture(part, compress=True, filter_text=filter_text))
    everything = format_of_all_fields()
    expected = shown(capture, filter_text, everything)
    assert len(expected) > 500
    assert shown(part, "", everything) == expected
    # what nobody chose and nobody needs is not in it
    assert stats.written + stats.written_for_state < stats.events / 2
    assert part.stat().st_size < capture.stat().st_size / 4


@pytest.mark.parametrize("name", [name for name in NAMES if name != "mix-large"])
def test_copies_give_the_same_alerts(
    captures: Path, tmp_path: Path, newest: Ruleset, name: str
) -> None:
    capture = captures / f"scap/{name}.scap"
    expected = alerts(capture, newest)
    for alerts_only in (False, True):
        copy = tmp_path / f"{alerts_only}.scap.gz"
        stats = written(
            capture, OutputCapture(copy, compress=True, alerts_only=alerts_only), newest
        )
        assert alerts(copy, newest) == expected
        if alerts_only:
            assert stats.written <= len(expected)
            assert len(shown(copy, "", "*%evt.type")) == stats.written


def test_copies_of_copies_do_not_change(captures: Path, tmp_path: Path) -> None:
    capture = captures / "scap/curl_google.scap"
    first, second = tmp_path / "first.scap", tmp_path / "second.scap.gz"
    written(capture, OutputCapture(first, filter_text="fd.type = ipv6"))
    written(first, OutputCapture(second, compress=True))
    assert gzip.decompress(second.read_bytes()) == first.read_bytes()
