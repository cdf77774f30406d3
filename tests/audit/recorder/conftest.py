"""A disk that is soon full."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Where 64 KiB can be written."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "x", str(mount)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("a small disk takes the right to mount one")
    yield mount
    subprocess.run(["umount", mount], check=True)
