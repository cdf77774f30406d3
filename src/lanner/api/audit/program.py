"""jq programs, run by the real jq."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class ProgramError(Exception):
    """A program that jq does not take, with what jq says."""


class Program:
    """A jq program that runs over one event after the other.

    Example:
        program = Program("select(.verb == $verb) | .user.username", {"verb": "delete"})
        for batch in Selecting(["audit.log"], fields=(WHOLE_EVENT,)).batches():
            print(list(program.run(events_of(batch))))

    """

    def __init__(self, text: str, arguments: Mapping[str, str] | None = None) -> None:
        """Compiles a program.

        Args:
            text: the program.
            arguments: named values for it, which it knows as `$name`.

        Raises:
            ProgramError: it is wrong.

        """
        try:
            self._program = jq.compile(text, args=dict(arguments or {}))
        except ValueError as error:
            raise ProgramError(str(error)) from None
        self.failed: list[str] = []
        """What jq said where the program failed, since somebody last looked."""

    def run(self, inputs: Iterable[str]) -> Iterator[Any]:
        """The results for JSON texts. Where the program fails, the next text is taken."""
        for text in inputs:
            # An own run for each text: jq must not be asked again once it has failed.
            results = iter(self._program.input_text(text))
            try:
                yield from results
            except ValueError as error:
                self.failed.append(str(error))
