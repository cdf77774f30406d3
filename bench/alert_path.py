"""The path of alerts: from matching into the store and a file, on one core.

    taskset -c 0 python -m bench.alert_path [CAPTURE]

A rule that fires for every opened file, on the largest recorded capture.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from lanner import api
from lanner.outputs.channels.file import Channel, Settings
from lanner.outputs.database import Database
from lanner.outputs.delivery import Delivery
from lanner.outputs.forms import Form
from lanner.outputs.store import Store

CAPTURE = "/work/shared/captures/scap/mix-large.scap"
RULE = """
- rule: every open
  desc: all files
  condition: evt.type in (open, openat, openat2)
  output: file opened (user=%user.name command=%proc.name file=%fd.name parent=%proc.pname)
  priority: WARNING
  tags: [a, b]
"""


def main() -> None:
    capture = sys.argv[1] if len(sys.argv) > 1 else CAPTURE
    for name in ("scan alone", "store and file"):
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            count = run(Path(folder), capture, keeps=name != "scan alone")
            seconds = time.process_time() - began
            print(f"{name}: {count:,} alerts, {seconds:.2f} CPU s, {count / seconds:,.0f} alerts/s")


def run(folder: Path, capture: str, *, keeps: bool) -> int:
    scan = api.Scan(api.Engine(api.load_rules(texts={"rule.yaml": RULE})), [capture])
    store = Store(Database(folder / "alerts.db"))
    channel = Channel(Settings(filename=str(folder / "alerts.jsonl"), keep_alive=True))
    delivery = Delivery("file", channel, store, Form(json=True))
    delivery.start()
    count = 0
    for batch in scan.batches():
        count += len(batch)
        if keeps and len(batch):
            store.append(batch.rows("host"))
    delivery.stop(time.monotonic() + 60)
    store.wake()
    delivery.join()
    store.close()
    if keeps and delivery.counters.delivered != count:
        raise SystemExit(f"{delivery.counters.delivered} of {count} alerts were delivered")
    return count


if __name__ == "__main__":
    main()
