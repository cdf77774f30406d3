"""The recorder against a plain receiver in Python: events of 2 KB, 400 a batch, an fsync for each
batch, one core for the receiver and the other for who sends.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.measure import LANNER, ROUNDS

EVENTS = int(os.environ.get("LANNER_BENCH_EVENTS", "1000000")) // 5
BATCH, SENDERS, EVENT_BYTES = 400, 4, 2000
GOAL = "at least 20,000 events/s"
PLAIN = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
out, lock = open(sys.argv[1], "wb", buffering=0), Lock()
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        head = {"kind": "Event", "apiVersion": "audit.k8s.io/v1"}
        lines = [json.dumps({**head, **item}) + "\\n" for item in json.loads(body)["items"]]
        with lock:
            out.write("".join(lines).encode())
            os.fdatasync(out)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"listening at http://127.0.0.1:{server.server_address[1]}", file=sys.stderr, flush=True)
server.serve_forever()
"""


def bodies() -> list[bytes]:
    """All batches; every event is another one."""
    found = []
    for first in range(0, EVENTS, BATCH):
        items = [
            {
                "level": "RequestResponse",
                "auditID": f"{number:036}",
                "stage": "ResponseComplete",
                "requestURI": f"/api/v1/namespaces/prod/configmaps/c-{number}",
                "verb": "update",
                "user": {"username": "dev", "groups": ["devs", "system:authenticated"]},
                "sourceIPs": ["10.0.0.1"],
                "objectRef": {"resource": "configmaps", "namespace": "prod", "apiVersion": "v1"},
                "responseStatus": {"metadata": {}, "code": 200},
                "requestObject": {"data": {"key": "x" * (EVENT_BYTES - 620)}},
                "requestReceivedTimestamp": "2026-11-24T00:00:00.000000Z",
                "stageTimestamp": "2026-11-24T00:00:00.000001Z",
                "annotations": {"authorization.k8s.io/decision": "allow"},
            }
            for number in range(first, first + BATCH)
        ]
        found.append(json.dumps({"kind": "EventList", "items": items}).encode())
    return found


def run(command: list[str], batches: list[bytes]) -> tuple[float, float]:
    """Events a second, and CPU seconds of the receiver for a million of them."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        path = str(Path(directory) / "audit.log")
        receiver = subprocess.Popen(
            ["taskset", "-c", "0", *(path if part == "PATH" else part for part in command)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert receiver.stderr
        port = int(receiver.stderr.readline().rpartition(":")[2])
        left = iter(batches)
        lock = threading.Lock()

        def send() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            while True:
                with lock:
                    body = next(left, None)
                if body is None:
                    return
                connection.request("POST", "/", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200

        senders = [threading.Thread(target=send) for _ in range(SENDERS)]
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        took = time.perf_counter() - began
        stat = Path(f"/proc/{receiver.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        receiver.terminate()
        receiver.communicate()
    events = len(batches) * BATCH
    return events / took, cpu / events * 1e6


def section() -> str | None:
    """The measured part about the recorder."""
    if not shutil.which("taskset"):
        return None
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    batches = bodies()
    record = [LANNER, "audit", "record", "--insecure", "--listen", "127.0.0.1:0"]
    commands = {
        "lanner audit record": [*record, "--path", "PATH", "--maxsize", "0"],
        "plain receiver": [sys.executable, "-c", PLAIN, "PATH"],
    }
    found = {name: [run(command, batches) for _ in range(1)] for name, command in commands.items()}
    for _ in range(ROUNDS - 1):
        for name, command in commands.items():
            found[name].append(run(command, batches))
    size = len(batches[0]) / BATCH
    lines = [
        (
            f"{EVENTS:,} events of {size:,.0f} bytes, {BATCH} a batch, {SENDERS} senders, one fsync"
            f" a batch at least; goal: {GOAL} on one core.\n\n"
        ),
        "| | events/s | CPU s per million events |\n|---|---|---|\n",
    ]
    for name, runs in found.items():
        rates, costs = zip(*runs, strict=True)
        lines.append(
            f"| {name} | {min(rates):,.0f} / {statistics.median(rates):,.0f} / {max(rates):,.0f}"
            f" | {min(costs):.1f} / {statistics.median(costs):.1f} / {max(costs):.1f} |\n"
        )
    ours, theirs = found.values()
    ratios = sorted(one[1] / other[1] for other, one in zip(ours, theirs, strict=True))
    lines.append(
        f"\nplain receiver / lanner, CPU: {ratios[0]:.2f}× / {statistics.median(ratios):.2f}×"
        f" / {ratios[-1]:.2f}×\n"
    )
    return "".join(lines)


if __name__ == "__main__":
    print(section())
