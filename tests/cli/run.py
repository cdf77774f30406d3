"""Runs the installed command, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANNER = Path(sys.executable).with_name("lanner")
SAMPLE = ROOT / "examples/audit.log"


def lanner(
    *arguments: str | os.PathLike[str],
    stdin: bytes = b"",
    cwd: Path | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[bytes]:
    """Output, messages and exit code of a command; it must not end in a traceback."""
    done = subprocess.run(
        [LANNER, *(os.fspath(argument) for argument in arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=cwd or ROOT,
        env={**os.environ, "TZ": "UTC", **environment},
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert done.returncode in (0, 1, 2), done.returncode
    return done
