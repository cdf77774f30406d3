"""Changes of files are seen once, also those that come while files are being read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lanner.service.watching import Place, Watcher

if TYPE_CHECKING:
    from pathlib import Path


def watcher_of(*places: Place) -> Watcher:
    watcher = Watcher()
    watcher.watch(places)
    return watcher


def looks(watcher: Watcher, count: int) -> list[bool]:
    return [watcher.has_changed() for _ in range(count)]


def test_a_change_is_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    watcher = watcher_of(Place(file), Place(tmp_path / "none"))
    assert not watcher.has_changed()
    file.write_text("two")
    assert looks(watcher, 3) == [False, True, False]


def test_a_change_while_files_are_read_is_not_forgotten(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("1")
    other.write_text("1")
    watcher = watcher_of(Place(file))
    file.write_text("two")
    assert looks(watcher, 2) == [False, True]
    # the second version was read; the third comes before the reading is over
    file.write_text("three")
    watcher.watch([Place(file), Place(other)])
    assert looks(watcher, 3) == [False, True, False]
    file.write_text("four")
    watcher.forgive()
    assert looks(watcher, 2) == [False, False]


def test_of_a_folder_with_rules_other_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("1")
    watcher = watcher_of(Place(tmp_path, has_rules=True))
    (tmp_path / ".a.yaml.swp").write_text("of an editor")
    assert looks(watcher, 2) == [False, False]
    (tmp_path / "b.yaml").symlink_to("..data/b.yaml")
    assert looks(watcher, 2) == [False, False]
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "b.yaml").write_text("1")
    assert looks(watcher, 3) == [False, True, False]


def test_another_text_of_the_same_size_and_age(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    os.utime(file, ns=(0, 0))
    watcher = watcher_of(Place(file))
    file.write_text("2")
    os.utime(file, ns=(0, 0))
    assert looks(watcher, 3) == [False, True, False]
