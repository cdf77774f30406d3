"""Rules exchanged under load: is every event matched, and by one set of rules?

    python -m bench.reload [CAPTURE]

`lanner run` replays a capture that comes through a pipe, at 100,000 events a second, while its rule
file is exchanged up to twenty times a second: two good versions, then a broken one. Both rules of a
version match every opened file. Afterwards each such event must have two alerts, of one version.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from lanner import api

CAPTURE = "/work/shared/captures/scap/mix-large.scap"
RATE = 100_000
RELOADS = 200
CONDITION = "evt.type in (open, openat, openat2)"
PIECE = 1 << 16


def version(name: str) -> str:
    return "".join(
        f"- {{rule: {name}{half}, desc: d, condition: '{CONDITION}', output: '%evt.num', priority: INFO}}\n"
        for half in "ab"
    )


def exchange(path: Path, over: threading.Event, done: list[str]) -> None:
    """Good, good, broken; each in one step, as editors and kubelets do it."""
    number = 0
    part = path.with_name("part")
    while not over.wait(0.05):
        number += 1
        kind = "broken" if number % 3 == 0 else f"v{number}"
        part.write_text("- rule: x\n  condition: (\n" if kind == "broken" else version(kind))
        part.rename(path)
        done.append(kind)


def feed(data: bytes, seconds: float, pipe: int) -> None:
    """The capture, evenly over the time."""
    os.set_blocking(pipe, True)
    with os.fdopen(pipe, "wb") as out:
        began = time.monotonic()
        for start in range(0, len(data), PIECE):
            time.sleep(max(0.0, began + seconds * start / len(data) - time.monotonic()))
            out.write(data[start : start + PIECE])


def main() -> None:
    capture = Path(sys.argv[1] if len(sys.argv) > 1 else CAPTURE)
    total = 0
    while total < RELOADS:
        total += run(capture)
    print(f"{total} reloads")


def run(capture: Path) -> int:
    data = capture.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    scan = api.Scan(api.Engine(api.load_rules(texts={"v.yaml": version("v0")})), [str(capture)])
    expected = {number_of(alert.output) for alert in scan if alert.rule == "v0a"}
    events = scan.stats().events
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules, pipe, out = folder / "rules.yaml", folder / "pipe", folder / "alerts.jsonl"
        rules.write_text(version("v0"))
        os.mkfifo(pipe)
        config = {
            "rules_files": [str(rules)],
            "engine": {"kind": "replay", "replay": {"capture_file": str(pipe)}},
            "json_output": True,
            "json_include_output_fields_property": False,
            "store": {"path": "none"},
            "stdout_output": {"enabled": False},
            "file_output": {"enabled": True, "filename": str(out), "keep_alive": True},
            "watch_config_files": False,
        }
        (folder / "lanner.yaml").write_text(json.dumps(config))
        lanner = Path(sys.executable).with_name("lanner")
        service = subprocess.Popen(
            [lanner, "run", "-c", folder / "lanner.yaml"], stderr=subprocess.PIPE, text=True
        )
        over, done = threading.Event(), list[str]()
        said: list[str] = []
        listener = threading.Thread(target=listen, args=(service, said))
        listener.start()
        out_pipe = await_reader(pipe)  # until it runs, SIGHUP ends it
        threads = [
            listener,
            threading.Thread(target=exchange, args=(rules, over, done)),
            threading.Thread(target=hang_up, args=(service, done, over)),
        ]
        for thread in threads[1:]:
            thread.start()
        began = time.monotonic()
        feed(data, events / RATE, out_pipe)
        over.set()
        code = service.wait(120)
        seconds = time.monotonic() - began
        over.set()
        for thread in threads:
            thread.join()
        check(out, expected, said)
    taken = sum("in force now" in line for line in said)
    refused = sum("nothing is changed" in line for line in said)
    print(
        f"{events:,} events in {seconds:.1f} s ({events / seconds:,.0f}/s), exit code {code}:"
        f" {len(done)} files, {taken} reloads, {refused} refused,"
        f" {2 * len(expected):,} alerts, none missing, none mixed"
    )
    return taken + refused


def listen(service: subprocess.Popen[str], said: list[str]) -> None:
    for line in service.stderr or ():
        said.append(line)
        if os.environ.get("SHOW"):
            print(line, end="", flush=True)


def await_reader(pipe: Path) -> int:
    for _ in range(600):
        with contextlib.suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    sys.exit("nobody reads the capture")


def number_of(output: str) -> str:
    return output.partition("Informational ")[2].partition(" ")[0]


def hang_up(service: subprocess.Popen[str], done: list[str], over: threading.Event) -> None:
    """SIGHUP after each exchange."""
    known = 0
    while not over.wait(0.01):
        if len(done) > known:
            known = len(done)
            service.send_signal(signal.SIGHUP)


def check(out: Path, expected: set[str], said: list[str]) -> None:
    by_event: defaultdict[str, list[str]] = defaultdict(list)
    for line in out.read_text().splitlines():
        alert = json.loads(line)
        if alert["source"] == "syscall":
            by_event[number_of(alert["output"])].append(alert["rule"])
    wrong = {
        event: rules
        for event, rules in by_event.items()
        if len(rules) != 2 or len({rule[:-1] for rule in rules}) != 1
    }
    if by_event.keys() != expected or wrong:
        print(*said[-5:], sep="")
        sys.exit(
            f"missing: {len(expected - by_event.keys())}, too many:"
            f" {len(by_event.keys() - expected)}, mixed: {dict(list(wrong.items())[:3])}"
        )


if __name__ == "__main__":
    main()
