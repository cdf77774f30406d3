from __future__ import annotations

import pytest

from lanner.cli.times import parse

NOW = 1_700_000_000_000_000_000
HOUR = 3600 * 10**9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW - 2 * HOUR),
        ("1d12h", NOW - 36 * HOUR),
        ("0s", NOW),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        ("2023-11-14T22:13:20.000001Z", NOW + 1000),
        ("2023-11-14", 1_699_920_000 * 10**9),
        ("2023-11-14T22:13:20", NOW),
        ("1600-01-01", 0),
        ("99999999999999d", 0),
        ("9999-12-31", 2**63 - 1),
    ],
)
def test_times(text: str, expected: int) -> None:
    assert parse(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "2", "h", "2y", "2h ago", "-2h", "2023-13-01", "now"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text, NOW)
