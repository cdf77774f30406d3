"""Looking at the events of captures: a filter, and a format for what it lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner import _native
from lanner.api.engine import Batch
from lanner.api.query import print_plan
from lanner.api.reading import read
from lanner.plan.build import build
from lanner.plan.encode import encode

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

DEFAULT_FORMAT = (
    "*%evt.num %evt.outputtime %evt.cpu %proc.name (%thread.tid) %evt.dir %evt.type %evt.info"
)
"""How sysdig prints events."""


class Events:
    """Events of captures that pass a filter, printed in a format.

    Example:
        events = Events(["trace.scap"], "evt.type = execve", "%proc.name %proc.args")
        for batch in events.batches():
            print(batch.messages().decode(), end="")

    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        filter_text: str = "",
        format_text: str = DEFAULT_FORMAT,
    ) -> None:
        """Compiles the filter and the format.

        Args:
            paths: captures; `-` is standard input.
            filter_text: a condition, without macros and lists; empty lets everything through.
            format_text: an output, as rules have it. With a leading `*` missing values are
                printed as `<NA>`; without it, events that lack one are left out, as in sysdig.

        Raises:
            QueryError: the filter or the format is wrong.

        """
        no_audit_rules = encode(build([], "k8s_audit"))
        engine = _native.Engine(print_plan(filter_text, format_text), no_audit_rules)
        self._native = read(engine, paths, captures_only=True)

    def batches(self) -> Iterator[Batch]:
        """Steps of some megabytes each; `messages` and `fields` have what passed the filter."""
        while (batch := self._native.next()) is not None:
            yield Batch(batch)
