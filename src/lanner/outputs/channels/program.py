"""A program that gets alerts on its standard input."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import selectors
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Message

_SHORTEST_PAUSE_S = 0.000_1
_LONGEST_PAUSE_S = 0.02
"""Between looks whether a program has read; nothing tells when a pipe is empty."""


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for the standard input of `program`, which the shell runs: for each alert anew, or
    with `keep_alive` once for all. It has `timeout_ms` to take an alert, and without `keep_alive`
    to end with exit code 0, whether it read the alert or not.
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
        lines = [f"{message.line}\n".encode("utf-8", "surrogateescape") for message in messages]
        if self._settings.keep_alive:
            self._hand_over(lines)
            return
        for number, line in enumerate(lines):
            try:
                self._run_for(line)
            except OSError as error:
                self._end()
                raise DeliveryError(f"the program {error}", delivered=number) from None

    def _hand_over(self, lines: Sequence[bytes]) -> None:
        """Writes lines, and waits until they are read: what is in the pipe of a program that ends
        is lost with it.
        """
        if self._running is None or self._running.poll() is not None:
            self._end()
            self._running = self._started()
        taken = _Taken(self._running, b"".join(lines), self._settings.timeout_ms / 1000)
        try:
            taken.wait()
        except OSError as error:
            self._end()
            delivered = 0
            while taken.count >= len(lines[delivered]):
                taken.count -= len(lines[delivered])
                delivered += 1
            raise DeliveryError(f"the program {error}", delivered=delivered) from None

    def _run_for(self, line: bytes) -> None:
        deadline = time.monotonic() + self._settings.timeout_ms / 1000
        program = self._running = self._started()
        # one that ends without having read it all may know why
        with contextlib.suppress(BrokenPipeError):
            self._write(program, line, deadline)
        self._running = None
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
                data = data[os.write(pipe, data) :]

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


class _Taken:
    """Bytes on their way into a program; `count` of them it has read."""

    def __init__(self, program: subprocess.Popen[bytes], data: bytes, patience_s: float) -> None:
        self.count = 0
        self._program = program
        self._data = memoryview(data)
        self._patience_s = patience_s
        self._written = 0

    def wait(self) -> None:
        """Until all of them are read.

        Raises:
            OSError: the program has ended, reads nothing any more, or nothing for too long.

        """
        pause = _SHORTEST_PAUSE_S
        deadline = time.monotonic() + self._patience_s
        while True:
            code = self._program.poll()
            before = self.count
            try:
                self._advance()
            except BrokenPipeError:
                code = code or 0
            if self.count == len(self._data):
                return
            if self.count > before:
                pause = _SHORTEST_PAUSE_S
                deadline = time.monotonic() + self._patience_s
            if code is not None:
                raise OSError(_ended(self._program))
            if time.monotonic() >= deadline:
                raise OSError(f"did not take an alert within {self._patience_s * 1000:.0f} ms")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _advance(self) -> None:
        """Writes what there is room for, and looks how much of it was read."""
        if self._program.stdin is None or self._program.stdin.closed:
            # by `close`, which waits no longer: the number is another file's soon
            raise BrokenPipeError
        pipe = self._program.stdin.fileno()
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            if self._written < len(self._data):
                self._written += os.write(pipe, self._data[self._written :])
        unread = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
        self.count = max(self.count, self._written - int.from_bytes(unread, sys.byteorder))
        ends = select.poll()
        ends.register(pipe, 0)
        if ends.poll(0):  # nobody has the other end open
            raise BrokenPipeError


def _ended(program: subprocess.Popen[bytes]) -> str:
    """What is said of a program that has ended, or closed its input."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return f"ended with exit code {program.wait(_LONGEST_PAUSE_S)}"
    return "does not read any more"


def _kill(program: subprocess.Popen[bytes]) -> None:
    """Ends the program with all that it began."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    if program.stdin:
        with contextlib.suppress(OSError):
            program.stdin.close()
    program.wait()
