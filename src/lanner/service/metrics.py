"""Counters of a service: as Falco's metrics snapshot, and for Prometheus.

Names are Falco's where the meaning is (`stats_writer.cpp`, `falco_metrics.cpp`, 0.44.1, and of libs
0.25.4 `metrics_collector.cpp`, `resource_utilization.cpp`); Lanner's own begin with `lanner`.
"""

from __future__ import annotations

import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lanner.outputs.internal import readable
from lanner.service.versions import FALCO_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lanner.api.live import LiveStats
    from lanner.config.sections import MetricsSection
    from lanner.service.state import State

_HELP = {"falcosecurity": "https://falco.org/docs/metrics/", "lanner": "docs/service.md"}
_UNITS = {"bytes": 1, "kb": 1 << 10, "mb": 1 << 20}
_CGROUP_MEMORY = "/sys/fs/cgroup/memory/memory.usage_in_bytes"
ENGINE_NAMES = {"kmod": "modern_bpf", "modern_ebpf": "modern_bpf", "replay": "savefile"}
"""libs' names of where system calls come from."""
_DROP_KINDS = {
    "clone_fork": ("clone", "clone3", "fork", "vfork"),
    "execve": ("execve", "execveat"),
    "connect": ("connect",),
    "open": ("open", "openat", "openat2", "creat"),
    "dir_file": (
        *("mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat"),
        *("unlink", "unlinkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat"),
    ),
    "close": ("close",),
    "proc": ("procexit",),
}
"""Falco's kinds of lost events, by event type; what is of no kind is not among them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name in a snapshot (empty: not there), and for Prometheus (empty: not there).

    `unit` is what Prometheus counts in, `bytes` and `ratio` are other numbers in a snapshot: memory
    in MB or, as said (`native`), in bytes or KiB; its name says which (`falco.memory_rss_mb`).
    """

    field: str
    metric: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    is_counter: bool = False
    unit: str = ""
    native: str = "kb"


def figures(state: State, live: LiveStats | None, settings: MetricsSection) -> Iterator[Figure]:
    """All figures that the settings ask for; `live` are the counters of live detection."""
    yield from _base(state)
    if settings.rules_counters_enabled:
        yield from _rules(state)
    if settings.resource_utilization_enabled:
        yield from _resources()
    if live is not None:
        if settings.state_counters_enabled:
            yield Figure("falco.n_threads", "falcosecurity_scap_n_threads_total", live.threads)
            dropped = live.dropped_threads
            name = "n_drops_full_threadtable"
            yield _counter(f"falco.{name}", f"falcosecurity_scap_{name}_total", dropped)
        if settings.kernel_event_counters_enabled:
            yield from _kernel(live)
    yield from _own(state)
    if live is not None:
        for kind, count in live.dropped.items():
            yield _counter("", "lanner_events_dropped_total", count, ("type", kind))


def _counter(name: str, metric: str, value: float, *labels: tuple[str, str]) -> Figure:
    return Figure(name, metric, value, labels, is_counter=True)


def _base(state: State) -> Iterator[Figure]:
    prefix = "falcosecurity_falco"
    yield Figure("", f"{prefix}_version_info", 1, (("version", FALCO_VERSION),))
    for kind, files in (("rules", state.rules.files), ("config", state.config_files)):
        # files in two folders can be the same in both
        for file_name, digest in dict.fromkeys((Path(one.path).name, one.sha256) for one in files):
            labels = (("file_name", file_name), ("sha256", digest))
            yield Figure("", f"{prefix}_sha256_{kind}_files_info", 1, labels)
    engine = ENGINE_NAMES.get(state.engine_kind, "nodriver")
    for source in state.events_by_source():
        name = engine if source == "syscall" else "source_plugin"
        labels = (("engine_name", name), ("evt_source", source))
        yield Figure("", "falcosecurity_scap_engine_name_info", 1, labels)
    release = os.uname().release
    yield Figure("", f"{prefix}_kernel_release_info", 1, (("kernel_release", release),))
    yield Figure("", "falcosecurity_evt_hostname_info", 1, (("hostname", socket.gethostname()),))
    drops = state.store.all_dead
    name = "outputs_queue_num_drops"
    yield _counter(f"falco.{name}", f"{prefix}_{name}_total", drops)
    for name, value in (
        ("reload", state.reloaded_ns),
        ("start", state.started_ns),
        ("host_boot", int(psutil.boot_time()) * 1_000_000_000),
    ):
        yield Figure(f"falco.{name}_ts", f"{prefix}_{name}_timestamp_nanoseconds", value)
    yield _counter("falco.duration_sec", f"{prefix}_duration_seconds_total", int(_age_s()))
    cpus = os.cpu_count() or 1
    yield Figure("falco.host_num_cpus", f"{prefix}_host_num_cpus_total", cpus)


def _rules(state: State) -> Iterator[Figure]:
    counts = state.counts()
    total = sum(counted.matched for _, counted in counts.rules)
    yield Figure("falco.rules.matches_total", "", total)
    for rule, counted in counts.rules:
        name, source = ("rule_name", rule.name), ("source", rule.source)
        # tags that differ in what names of labels cannot have are one label
        tags = dict.fromkeys(_label_name(f"tag_{tag}") for tag in sorted(rule.tags))
        labels = (("priority", str(rule.priority)), name, source, *((one, "true") for one in tags))
        field = f"falco.rules.{sanitized(rule.name)}"
        metric = "falcosecurity_falco_rules_matches_total"
        yield _counter(field, metric, counted.matched, *labels)
        yield _counter("", "lanner_rule_evaluations_total", counted.evaluated, name, source)
        yield _counter("", "lanner_rule_cost_seconds_total", counted.cost_ns / 1e9, name, source)
    for source_name, ns in counts.dispatch_ns.items():
        label = ("source", source_name)
        yield _counter("", "lanner_dispatch_seconds_total", ns / 1e9, label)


def _resources() -> Iterator[Figure]:
    prefix = "falcosecurity_falco"
    process = psutil.Process()
    with process.oneshot():
        memory = process.memory_full_info()
        cpu = process.cpu_times()
    for name, value in (("rss", memory.rss), ("vsz", memory.vms), ("pss", memory.pss)):
        yield Figure(f"falco.memory_{name}", f"{prefix}_memory_{name}_bytes", value, unit="bytes")
    usage = 100 * (cpu.user + cpu.system) / _age_s()
    yield Figure("falco.cpu_usage_perc", f"{prefix}_cpu_usage_ratio", usage, unit="ratio")
    host = psutil.virtual_memory()
    used = host.total - host.available
    yield Figure("falco.host_memory_used", f"{prefix}_host_memory_used_bytes", used, unit="bytes")
    times = psutil.cpu_times()
    busy = 100 * (1 - times.idle / max(1e-9, sum(times[:8])))
    yield Figure("falco.host_cpu_usage_perc", f"{prefix}_host_cpu_usage_ratio", busy, unit="ratio")
    name = "container_memory_used"
    path = os.environ.get("FALCO_CGROUP_MEM_PATH") or _CGROUP_MEMORY
    in_container = _first_number(path)
    yield Figure(
        f"falco.{name}", f"{prefix}_{name}_bytes", in_container, unit="bytes", native="bytes"
    )
    running = _first_number("/proc/stat", "procs_running ")
    yield Figure("falco.host_procs_running", f"{prefix}_host_procs_running_total", running)
    opened = _first_number("/proc/sys/fs/file-nr")
    yield Figure("falco.host_open_fds", f"{prefix}_host_open_fds_total", opened)


def _age_s() -> float:
    """How long this process has been there (proc(5): starttime): the wall clock may jump."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return max(1e-9, time.clock_gettime(time.CLOCK_BOOTTIME) - started)


def _first_number(path: str, behind: str = "") -> int:
    """The number that a file begins with, or a line of it, behind these words; 0 without one."""
    try:
        text = Path(path).read_text("utf-8", "replace")
    except OSError:
        return 0
    found = re.search(rf"^{behind}([0-9]{{1,18}})\b", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _kernel(live: LiveStats) -> Iterator[Figure]:
    prefix = "falcosecurity_scap"
    lost, dropped = live.lost, live.dropped
    seen = live.events + lost
    yield _counter("scap.n_evts", f"{prefix}_n_evts_total", seen)
    yield _counter("scap.n_drops", f"{prefix}_n_drops_total", lost)
    yield Figure("scap.n_drops_buffer_total", "", sum(dropped.values()))
    for kind, types in _DROP_KINDS.items():
        count = sum(dropped.get(name, 0) for name in types)
        labels = (("dir", "exit"), ("drop", kind))
        field = f"scap.n_drops_buffer_{kind}_exit"
        yield _counter(field, f"{prefix}_n_drops_buffer_total", count, *labels)
    yield _counter("scap.n_drops_bug", f"{prefix}_n_drops_bug_total", live.malformed)


def _own(state: State) -> Iterator[Figure]:
    store = state.store
    for source, events in state.events_by_source().items():
        yield _counter("", "lanner_events_total", events, ("source", source))
    yield _counter("lanner.reloads", "lanner_reloads_total", state.reloads)
    failed = state.failed_reloads
    yield _counter("lanner.reloads_failed", "lanner_reloads_failed_total", failed)
    for name, value in (
        ("stored", store.counters.stored),
        ("unstored", store.counters.unstored),
        ("lost", store.counters.lost),
    ):
        field = f"lanner.alerts_{name}"
        yield _counter(field, f"lanner_alerts_{name}_total", value)
    yield Figure("", "lanner_store_writable", float(store.problem is None))
    if (size := store.size()) is not None:
        yield Figure("lanner.store_bytes", "lanner_store_bytes", size)
    for one in state.channels.deliveries:
        label = ("channel", one.name)
        counters = one.counters
        prefix = "lanner_channel"
        yield _counter("", f"{prefix}_delivered_total", counters.delivered, label)
        yield _counter("", f"{prefix}_failures_total", counters.failures, label)
        yield _counter("", f"{prefix}_dead_letters_total", store.dead(one.name), label)
        yield Figure("", f"{prefix}_backlog", store.backlog(one.name), (label,))
        yield Figure("", f"{prefix}_failing", float(counters.problem is not None), (label,))
        yield Figure("", f"{prefix}_lag_seconds", counters.lag_s, (label,))


def prometheus(found: Iterable[Figure]) -> bytes:
    """Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

    Not by prometheus_client: it writes all numbers as floats, which have not the digits of
    nanoseconds since the epoch.
    """
    by_name: dict[str, list[Figure]] = {}
    for figure in found:
        if figure.metric:
            by_name.setdefault(figure.metric, []).append(figure)
    lines = []
    for name, group in by_name.items():
        lines.append(f"# HELP {name} {_HELP[name.partition('_')[0]]}")
        lines.append(f"# TYPE {name} {'counter' if group[0].is_counter else 'gauge'}")
        for one in group:
            value = one.value / 100 if one.unit == "ratio" else one.value
            lines.append(f"{name}{_labels(one.labels)} {_number(value)}")
    return readable("\n".join(lines) + "\n").encode()


def snapshot(found: Iterable[Figure], settings: MetricsSection) -> dict[str, int | float | str]:
    """Output fields of Falco's metrics snapshot, but for those that compare with the one before."""
    fields: dict[str, int | float | str] = {}
    for figure in found:
        if not figure.field:
            continue
        name, value = figure.field, figure.value
        if figure.unit == "bytes":
            unit = "mb" if settings.convert_memory_to_mb else figure.native
            name = f"{name}_{unit}"
            size = _UNITS[unit]
            value = round(value / size, 1) if unit == "mb" else value // size
        elif figure.unit == "ratio":
            value = round(value, 1)
        if value or settings.include_empty_values or figure.field in _ALWAYS:
            fields[name] = value
    return fields


_ALWAYS = frozenset(
    ("falco.outputs_queue_num_drops", "falco.reload_ts", "scap.n_evts", "scap.n_drops")
)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 6))


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{shown}}}"


def _label_name(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def sanitized(name: str) -> str:
    """Falco's name of a rule, or a file, in the names of fields."""
    return re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9_:]", "_", name)).removesuffix("_")
