"""Starting native scans: the one place that knows their options."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.api.writing import OutputCapture

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""Larger audit events are skipped and reported."""

_BATCH_BYTES = 8 * 1024 * 1024


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
        "paths": _names(paths),
        "captures_only": captures_only or write is not None,
        "since_ns": since_ns,
        "until_ns": until_ns,
        "dedup": dedup,
        "max_record_bytes": max_record_bytes,
        "batch_bytes": _BATCH_BYTES,
        "utc_offset": time.localtime().tm_gmtoff,
        "write": write and write.options(),
    }
    return _native.Scan(engine, msgspec.json.encode(options))


def logs(
    paths: Iterable[str | os.PathLike[str]],
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    dedup: bool = False,
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> dict[str, Any]:
    """How audit logs are read, in the given order; `-` is standard input."""
    return {
        "paths": _names(paths),
        "since_ns": since_ns,
        "until_ns": until_ns,
        "dedup": dedup,
        "max_record_bytes": max_record_bytes,
        "batch_bytes": _BATCH_BYTES,
    }


def _names(paths: Iterable[str | os.PathLike[str]]) -> list[str | None]:
    return [None if path == "-" else os.fspath(path) for path in paths]
