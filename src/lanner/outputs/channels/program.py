"""A program that gets alerts on its standard input."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Message


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for the standard input of `program`, which the shell runs: for each alert anew, or
    with `keep_alive` once for all. It has `timeout_ms` to take an alert, and without `keep_alive`
    to end with exit code 0.
    """

    program: str = ""
    keep_alive: bool = False
    timeout_ms: Annotated[int, Meta(ge=1)] = 10_000


class Channel:
    """Runs the program in a process group of its own, which is ended with it."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is run yet.

        Raises:
            ValueError: no program is named.

        """
        if not settings.program:
            raise ValueError("`program` is missing")
        self._settings = settings
        self._running: subprocess.Popen[bytes] | None = None

    def send(self, messages: Sequence[Message]) -> None:
        """Hands over all lines.

        Raises:
            DeliveryError: the program failed, went away, or did not take them in time.

        """
        for number, message in enumerate(messages):
            line = f"{message.line}\n".encode("utf-8", "surrogateescape")
            try:
                self._deliver(line)
            except OSError as error:
                self._end()
                raise DeliveryError(f"the program {error}", delivered=number) from None

    def _deliver(self, line: bytes) -> None:
        deadline = time.monotonic() + self._settings.timeout_ms / 1000
        if self._running is None or self._running.poll() is not None:
            self._end()
            self._running = self._started()
        self._write(self._running, line, deadline)
        if self._settings.keep_alive:
            return
        program, self._running = self._running, None
        try:
            if program.stdin:
                program.stdin.close()
            code = program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _kill(program)
        if code is None:
            raise OSError(f"did not end within {self._settings.timeout_ms} ms")
        if code:
            raise OSError(f"ended with exit code {code}")

    def _started(self) -> subprocess.Popen[bytes]:
        # the user's own configuration says what the shell runs
        program = subprocess.Popen(  # noqa: S602
            self._settings.program, shell=True, stdin=subprocess.PIPE, start_new_session=True
        )
        if program.stdin:
            os.set_blocking(program.stdin.fileno(), False)
        return program

    def _write(self, program: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
        if program.stdin is None:
            raise OSError("has no standard input")
        pipe = program.stdin.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_WRITE)
            while data:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise OSError(f"did not take an alert within {self._settings.timeout_ms} ms")
                try:
                    data = data[os.write(pipe, data) :]
                except BrokenPipeError:
                    raise OSError("does not read any more") from None

    def reopen(self) -> None:
        """The program is run anew for the next alert."""
        self._end()

    def close(self) -> None:
        """Ends the program: it has a moment to deal with what it got."""
        program, self._running = self._running, None
        if program:
            with contextlib.suppress(OSError):
                if program.stdin:
                    program.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(self._settings.timeout_ms / 1000)
            _kill(program)

    def _end(self) -> None:
        program, self._running = self._running, None
        if program:
            _kill(program)


def _kill(program: subprocess.Popen[bytes]) -> None:
    """Ends the program with all that it began."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    if program.stdin:
        with contextlib.suppress(OSError):
            program.stdin.close()
    program.wait()
