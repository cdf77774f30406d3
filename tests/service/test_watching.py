"""Changes of files are seen once, also those that come while files are being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.service.watching import Watcher

if TYPE_CHECKING:
    from pathlib import Path


def test_a_change_is_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    watcher = Watcher([file, tmp_path / "none"])
    assert not watcher.has_changed()
    file.write_text("two")
    assert [watcher.has_changed() for _ in range(3)] == [False, True, False]


def test_a_change_while_files_are_read_is_not_forgotten(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("1")
    other.write_text("1")
    watcher = Watcher([file])
    file.write_text("two")
    assert [watcher.has_changed() for _ in range(2)] == [False, True]
    # what was read is the second version; now the third is written, and then the reading is over
    file.write_text("three")
    watcher.watch([file, other])
    assert [watcher.has_changed() for _ in range(2)] == [True, False]
