"""`audit.record_path` on a full disk: what cannot be recorded is matched all the same, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.service.running import Running, free_port
from tests.service.test_full_disk import fill, small
from tests.service.test_webhook import configuration, seen

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["small"]


def test_a_record_that_cannot_be_written_hides_nothing(small: Path, tmp_path: Path) -> None:
    port = free_port()
    record = small / "audit.log"
    audit = {"listen": f"127.0.0.1:{port}", "record_path": str(record)}
    with Running(configuration(tmp_path, audit=audit), port) as running:
        assert running.send("a") == 200
        fill(small / "filler")
        # whoever is told 503 sends the batch again
        names = [f"b{number}" for number in range(60)]
        assert [running.send(*names) for _ in range(3)] == [503, 503, 503]
        running.wait(lambda: len(seen(running)) >= 1 + len(names))
        assert running.has_said("No space left on device")
        (small / "filler").unlink()
        assert running.send(*names) == 200
        assert running.send("c") == 200
        assert running.end() == 0
    assert seen(running) == ["a", *names, "c"]
    assert record.read_text().count('"auditID"') == 2 + len(names)
