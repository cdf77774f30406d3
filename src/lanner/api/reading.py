"""Starting native scans: the one place that knows their options."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

import msgspec

from lanner import _native
from lanner.audit.inputs import NO_NAME, is_readable_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.api.writing import OutputCapture

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""Larger audit events are skipped and reported."""

_BATCH_BYTES = 8 * 1024 * 1024


def log_options(
    paths: Iterable[str | os.PathLike[str]],
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    dedup: bool = False,
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> dict[str, object]:
    """The options that all native readers have; `-` is standard input.

    Raises:
        OSError: the name of a file is not UTF-8.

    """
    names = [os.fspath(path) for path in paths]
    for name in names:
        if not is_readable_name(name):
            raise OSError(errno.EILSEQ, NO_NAME, name)
    return {
        "paths": [None if name == "-" else name for name in names],
        "since_ns": since_ns,
        "until_ns": until_ns,
        "dedup": dedup,
        "max_record_bytes": max_record_bytes,
        "batch_bytes": _BATCH_BYTES,
    }


def read(
    engine: _native.Engine,
    paths: Iterable[str | os.PathLike[str]],
    *,
    captures_only: bool = False,
    since_ns: int | None = None,
    until_ns: int | None = None,
    dedup: bool = False,
    max_record_bytes: int = MAX_RECORD_BYTES,
    write: OutputCapture | None = None,
) -> _native.Scan:
    """A scan of files, in the given order; `-` is standard input. `Scan` explains the options.

    With `captures_only` or `write`, any other file is an error.
    """
    options = {
        **log_options(
            paths,
            since_ns=since_ns,
            until_ns=until_ns,
            dedup=dedup,
            max_record_bytes=max_record_bytes,
        ),
        "captures_only": captures_only or write is not None,
        "utc_offset": time.localtime().tm_gmtoff,
        "write": write and write.options(),
    }
    return _native.Scan(engine, msgspec.json.encode(options))
