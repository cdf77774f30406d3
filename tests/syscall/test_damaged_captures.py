"""Damaged captures: the alerts of what comes before the damage, and one message.

`LANNER_DAMAGE_CASES` sets how many flips there are for each capture, and a tenth as many cuts.
"""

from __future__ import annotations

import gzip
import os
import random
from typing import TYPE_CHECKING

import pytest

from lanner import Engine, Scan, load_rules
from tests.syscall.test_alerts_of_captures import NAMES

if TYPE_CHECKING:
    from pathlib import Path

CASES = int(os.environ.get("LANNER_DAMAGE_CASES", "40"))
RULE = """
- rule: Every Event
  desc: shows what is known of each event
  condition: evt.num > 0
  output: "%evt.num %evt.rawtime %evt.type %evt.args %proc.name %proc.aname %fd.name %container.id"
  priority: INFO
"""
SMALL = tuple(name for name in NAMES if not name.startswith("mix-"))


class Damage:
    """Scans what is left of a capture."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = Engine(load_rules(texts={"every.yaml": RULE}))

    def scan(self, data: bytes) -> tuple[list[str], list[str]]:
        """The outputs, and what was said of the input."""
        self.path.write_bytes(data)
        outputs, errors, records = [], [], []
        for batch in Scan(self.engine, [self.path]).batches():
            outputs += [alert.output for alert in batch.alerts()]
            errors += [error.reason for error in batch.input_errors()]
            records += [record.reason for record in batch.skipped()]
        assert len(errors) <= 1
        # what does not begin like a capture any more is taken for an audit log
        return outputs, errors + records


@pytest.mark.parametrize("name", SMALL)
def test_damage(captures: Path, tmp_path: Path, name: str) -> None:
    stored = (captures / f"scap/{name}.scap").read_bytes()
    whole = gzip.decompress(stored)
    damage = Damage(tmp_path / "damaged.scap")
    outputs, problems = damage.scan(whole)
    assert problems == []
    dice = random.Random(name)  # noqa: S311
    for _ in range(max(CASES // 10, 1)):
        for data in (whole, stored):
            some, problems = damage.scan(data[: dice.randrange(1, len(data))])
            assert some == outputs[: len(some)]
            # a plain one may be cut between two blocks
            assert problems or data is whole
    for _ in range(CASES):
        place = dice.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << dice.randrange(8)
        found, _ = damage.scan(bytes(flipped))
        before, _ = damage.scan(whole[:place])
        assert found[: len(before)] == before
        squeezed = bytearray(stored)
        squeezed[dice.randrange(len(stored))] ^= 1 << dice.randrange(8)
        found, problems = damage.scan(bytes(squeezed))
        assert problems or found == outputs
