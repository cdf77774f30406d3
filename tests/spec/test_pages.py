"""The specification's own machinery: pages are read as README.md says, wrong ones fail."""

from __future__ import annotations

import pytest
from spec.check import problems, read_event
from spec.page import Alerts, PageError, Refused, Verdict, read_page

RULES = """\
```yaml rules first
- rule: R
  desc: d
  condition: proc.name = a
  output: "%proc.name"
  priority: INFO
```
"""


def test_rows_with_and_without_an_event() -> None:
    page = """\
```yaml event
proc.name: a,
proc.pid: 1
```

| condition | verdict | why |
|---|---|---|
| `proc.name regex '(a\\|b)'` | true | one of two |

| condition | event | verdict |
|---|---|---|
| `proc.name = a` | - | false |

| page | about |
|---|---|
| not | an example |
"""
    assert read_page(page) == [
        Verdict(8, "proc.name regex '(a|b)'", "proc.name: a, proc.pid: 1", "true"),
        Verdict(12, "proc.name = a", "", "false"),
    ]


def test_blocks() -> None:
    page = (
        RULES
        + "```yaml event\nproc.name: a\n```\n```text alerts\nR: a\n```\n```text refused\nx\n```"
    )
    alerts, refused = read_page(page)
    assert isinstance(alerts, Alerts)
    assert (alerts.matching, alerts.event, alerts.alerts) == ("first", "proc.name: a", ("R: a",))
    assert isinstance(refused, Refused)
    assert refused.messages == ("x",)


@pytest.mark.parametrize(
    "page",
    [
        "```yaml event\nproc.name: a",
        "```text alerts\nR: a\n```",
        "| condition | verdict |\n|---|---|\n| `proc.name = a` | maybe |",
    ],
)
def test_incomplete_pages(page: str) -> None:
    with pytest.raises(PageError):
        read_page(page)


@pytest.mark.parametrize(
    ("condition", "event", "verdict"),
    [
        ("proc.name = a", "proc.name: a", "false"),
        ("proc.name = a", "proc.name: b", "true"),
        ("proc.name = a", "", "refused"),
        ("proc.nam = a", "", "true"),
    ],
)
def test_wrong_verdicts_are_found(condition: str, event: str, verdict: str) -> None:
    assert list(problems(Verdict(1, condition, event, verdict)))


def test_wrong_alerts_are_found() -> None:
    (example,) = read_page(RULES + "```yaml event\nproc.name: a\n```\n```text alerts\nR: b\n```")
    found = list(problems(example))
    assert len(found) == 4  # two engines, with and without dispatch
    (example,) = read_page(RULES + "```text refused\nanything\n```")
    assert list(problems(example))


def test_fields_decide_what_values_mean() -> None:
    text = 'proc.name: "1", fd.sport: 1, evt.is_open_write: true, fd.types: [a, b], evt.buffer: "\\xff"'
    assert read_event(text, "syscall") == {
        "proc.name": [b"1"],
        "fd.sport": [1],
        "evt.is_open_write": [True],
        "fd.types": [b"a", b"b"],
        "evt.buffer": [b"\xff"],
    }


@pytest.mark.parametrize(
    "text", ["proc.nam: a", "proc.name: {a: b}", "proc.name: [a", "ka.verb: get"]
)
def test_events_that_are_none(text: str) -> None:
    with pytest.raises(PageError):
        read_event(text, "syscall")
