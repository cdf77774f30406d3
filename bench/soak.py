"""A service under full load for a long time: does its memory grow, or what it has open?

    sudo python -m bench.soak [--minutes 30]

Live detection with the default rules, and audit events by webhook; alerts go into the store, a
rotated file, and to an HTTP service that refuses one in a thousand. The load: processes that are started
without a pause, files that are opened without a pause (some raise alerts), and batches of audit
events one after the other. Prints a row for each tenth of the time.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from lanner.rules.defaults import default_rules

RULES = """
- rule: A log is read
  desc: one alert in a hundred opened files
  condition: evt.type in (open, openat) and fd.name startswith /tmp/soak-alert
  output: opened (file=%fd.name command=%proc.cmdline parent=%proc.pname)
  priority: NOTICE
"""
BATCH = 100


def load_files() -> None:
    """Opens files; one in a hundred is one that a rule looks for."""
    names = ["/etc/hostname"] * 99 + ["/tmp/soak-alert"]
    Path(names[-1]).touch()
    while True:
        for name in names:
            os.close(os.open(name, os.O_RDONLY))


def load_processes() -> None:
    """Starts programs."""
    while True:
        subprocess.run(["/bin/true"], check=True)


def load_audit(port: int) -> None:
    """Sends batches of events; of each, one raises an alert of the default rules."""
    number = 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        items = [_event(number + place) for place in range(BATCH)]
        number += BATCH
        body = json.dumps({"kind": "EventList", "items": items})
        connection.request("POST", "/", body, {"content-type": "application/json"})
        connection.getresponse().read()


def _event(number: int) -> dict[str, Any]:
    name = "default" if number % BATCH else "kube-system"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
    return {
        "level": "Metadata",
        "auditID": f"{number}",
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/{name}/pods/p/exec",
        "verb": "create" if number % BATCH == 0 else "get",
        "user": {"username": f"user-{number % 1000}"},
        "objectRef": {
            "resource": "pods",
            "namespace": name,
            "name": f"p-{number % 5000}",
            "subresource": "exec" if number % BATCH == 0 else "",
        },
        "responseStatus": {"code": 101 if number % BATCH == 0 else 200},
        "requestReceivedTimestamp": stamp,
        "stageTimestamp": stamp,
    }


class _Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        _Peer.count += 1
        self.send_response(503 if _Peer.count % 1000 == 0 else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def sample(process: int, port: int) -> dict[str, float]:
    """What it uses now, and what it has done."""
    status = Path(f"/proc/{process}/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines())
    found = {
        "RSS MB": int(lines["VmRSS"].split()[0]) / 1024,
        "threads": int(lines["Threads"]),
        "open files": len(list(Path(f"/proc/{process}/fd").iterdir())),
    }
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    sums: dict[str, float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            name = name.partition("{")[0]
            sums[name] = sums.get(name, 0) + float(value)
    found["metrics"] = len(text.splitlines())
    for title, name in COUNTERS.items():
        found[title] = sums.get(name, 0)
    return found


COUNTERS = {
    "events": "lanner_events_total",
    "alerts": "falcosecurity_falco_rules_matches_total",
    "lost": "falcosecurity_scap_n_drops_total",
    "store MB": "lanner_store_bytes",
}


def configuration(folder: Path, peer: int, audit: int, web: int) -> Path:
    (folder / "soak_rules.yaml").write_text(RULES)
    rules = [*default_rules(), folder / "soak_rules.yaml"]
    config = {
        "rules_files": list(map(str, rules)),
        "json_output": True,
        "store": {"path": str(folder / "alerts.db"), "max_size_mb": 64},
        "audit": {"listen": f"127.0.0.1:{audit}"},
        "stdout_output": {"enabled": False},
        "file_output": {
            "enabled": True,
            "filename": str(folder / "alerts.jsonl"),
            "keep_alive": True,
            "max_size_mb": 16,
            "max_backups": 2,
        },
        "http_output": {"enabled": True, "url": f"http://127.0.0.1:{peer}/"},
        "webserver": {
            "enabled": True,
            "listen_address": "127.0.0.1",
            "listen_port": web,
            "prometheus_metrics_enabled": True,
        },
        "metrics": {"enabled": True, "interval": "10s", "output_rule": True},
    }
    path = folder / "lanner.yaml"
    path.write_text(json.dumps(config))
    return path


def _free_ports(count: int) -> list[int]:
    servers = [http.server.HTTPServer(("127.0.0.1", 0), _Peer) for _ in range(count)]
    ports = [server.server_address[1] for server in servers]
    for server in servers:
        server.server_close()
    return [int(port) for port in ports]


def soak(minutes: float) -> list[dict[str, float]]:
    """A row for each tenth of the time."""
    peer = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Peer)
    threading.Thread(target=peer.serve_forever, daemon=True).start()
    audit, web = _free_ports(2)
    rows = []
    with contextlib.ExitStack() as at_end:
        folder = Path(at_end.enter_context(tempfile.TemporaryDirectory()))
        config = configuration(folder, peer.server_address[1], audit, web)
        lanner = Path(sys.executable).with_name("lanner")
        service = subprocess.Popen([lanner, "run", "-q", "-c", config])
        at_end.callback(service.wait, 60)
        at_end.callback(service.send_signal, signal.SIGTERM)
        _until_healthy(web, service)
        for load in ("files", "processes", "audit"):
            word = [sys.executable, "-m", "bench.soak", "--load", load, "--port", str(audit)]
            process = subprocess.Popen(word)
            at_end.callback(process.wait, 10)
            at_end.callback(process.kill)
        began = time.monotonic()
        for tenth in range(1, 11):
            time.sleep(max(0, began + minutes * 6 * tenth - time.monotonic()))
            row = {"minute": minutes * tenth / 10, **sample(service.pid, web)}
            rows.append(row)
            print(" ".join(f"{name}={value:,.10g}" for name, value in row.items()), flush=True)
    return rows


def _until_healthy(port: int, service: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        url = f"http://127.0.0.1:{port}/healthz"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if service.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit("the service does not begin")


def main() -> None:
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    reader.add_argument("--minutes", type=float, default=30)
    reader.add_argument("--load", choices=("files", "processes", "audit"), help=argparse.SUPPRESS)
    reader.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = reader.parse_args()
    if options.load == "audit":
        load_audit(options.port)
    elif options.load:
        {"files": load_files, "processes": load_processes}[options.load]()
    else:
        soak(options.minutes)


if __name__ == "__main__":
    main()
