"""What commands that read logs have in common: finding them, and telling what was passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner import api
from lanner.audit import STDIN, Inputs, find_inputs
from lanner.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterable

REPORTED_RECORDS = 50
"""How many malformed records are reported one by one; the rest is counted."""


def find(paths: Iterable[str]) -> Inputs:
    """The files to read; complains of those that cannot be."""
    inputs = find_inputs(paths, api.first_event_time)
    for problem in inputs.problems:
        common.complain(f"{problem.path}: {problem.reason}")
    return inputs


class Reports:
    """Tells of malformed records and of inputs that failed, as they come."""

    def __init__(self) -> None:
        self._reported = 0
        self.input_failed = False

    def report(self, batch: api.Batch) -> None:
        """Tells what there is to tell of a step."""
        for record in batch.skipped():
            if self._reported < REPORTED_RECORDS:
                name = "<stdin>" if record.path == STDIN else record.path
                common.complain(f"{name}:{record.line}: record skipped: {record.reason}")
                if record.excerpt:
                    common.remark(f"  | {record.excerpt}")
                self._reported += 1
        self.input_failed |= common.complain_of_files(batch)

    def finish(self, skipped: int) -> None:
        """Counts the malformed records that were not reported one by one."""
        if skipped > self._reported:
            common.complain(f"{skipped - self._reported} more malformed records were skipped")


def complain_of_nothing(*, events: int, skipped: int, is_empty: bool) -> bool:
    """Complains of inputs that hold no event; whether they hold something else."""
    if events == 0 and skipped > 0:
        common.complain("no audit event was found in the input: is this an audit log?")
        return True
    if is_empty:
        common.complain("the input is empty: no events")
    return False
