"""The sections of a configuration that are about detection, rules and Lanner itself.

Names, meanings and default values are Falco's (0.44, `configuration.cpp`: what counts when a key is
absent, which is not always what the file that ships with Falco says); the sections at the end are
Lanner's own. The docstring of a section documents its keys, and is part of the JSON schema.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Megabytes = Count


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of a configuration."""


class ConfigFile(Section, frozen=True, kw_only=True):
    """Another configuration file, or a folder of them. `strategy` says what its keys mean: `append`
    adds to lists and replaces the rest, `override` replaces, `add-only` keeps what is there.
    """

    path: str
    strategy: Literal["append", "override", "add-only"] = "append"


class Selector(Section, frozen=True, kw_only=True):
    """Rules of a name (with the wildcard `*`), or with a tag."""

    rule: str = ""
    tag: str = ""


class RuleSelection(Section, frozen=True, kw_only=True):
    """Switches rules on or off, after they are loaded; later ones win."""

    enable: Selector | None = None
    disable: Selector | None = None


class Kmod(Section, frozen=True, kw_only=True):
    """Falco's kernel module. Lanner has none: it watches through eBPF instead, with a buffer of
    this preset.
    """

    buf_size_preset: Annotated[int, Meta(ge=1, le=10)] = 4
    drop_failed_exit: bool = False


class ModernEbpf(Section, frozen=True, kw_only=True):
    """Watching through eBPF. `buf_size_preset` is 1 MiB for 1, doubled with each step: 8 MiB for 4.
    Lanner has one buffer for all CPUs, and does not leave out calls that failed.
    """

    buf_size_preset: Annotated[int, Meta(ge=1, le=10)] = 4
    drop_failed_exit: bool = False
    cpus_for_each_buffer: Count = 2
    disable_iterators: bool = False


class Replay(Section, frozen=True, kw_only=True):
    """A capture to read instead of watching."""

    capture_file: str = ""


class EngineSection(Section, frozen=True, kw_only=True):
    """Where system calls come from."""

    kind: Literal["kmod", "modern_ebpf", "replay", "nodriver"] = "kmod"
    kmod: Kmod = Kmod()
    modern_ebpf: ModernEbpf = ModernEbpf()
    replay: Replay = Replay()


class Capture(Section, frozen=True, kw_only=True):
    """Captures of what follows alerts of rules with `capture: true`, or of all (`mode`).
    `default_duration` is in milliseconds.
    """

    enabled: bool = False
    path_prefix: str = "/tmp/falco"  # noqa: S108 - Falco's
    mode: Literal["rules", "all_rules"] = "rules"
    default_duration: Count = 5000
    max_file_size_mb: Megabytes = 0


class Plugin(Section, frozen=True, kw_only=True):
    """A plugin. Lanner serves `k8saudit`, `json` and `container` itself; nothing is loaded."""

    name: str
    library_path: str
    init_config: Any = None
    open_params: str = ""


class AppendMatch(Section, frozen=True, kw_only=True):
    """Which rules: all conditions must hold, and a rule must have all of the tags."""

    source: str = ""
    rule: str = ""
    tags: tuple[str, ...] = ()


class AppendOutput(Section, frozen=True, kw_only=True):
    """What is added to the outputs of rules: text, output fields (a name, or a name with a format),
    and the fields of containers that Falco's container plugin suggests.
    """

    match: AppendMatch = AppendMatch()
    extra_output: str = ""
    extra_fields: tuple[str | dict[str, str], ...] = ()
    suggested_output: bool = False


class OutputsQueue(Section, frozen=True, kw_only=True):
    """How many alerts may wait for a channel; 0 for no limit but that of the store."""

    capacity: Count = 0


class LibsLogger(Section, frozen=True, kw_only=True):
    """Messages of Falco's libraries, which Lanner does not have."""

    enabled: bool = True
    severity: str = "info"


class SyscallEventTimeouts(Section, frozen=True, kw_only=True):
    """When Falco says that no event came. Lanner tells by itself whether its source lives."""

    max_consecutives: Annotated[int, Meta(ge=1)] = 1000


class SyscallEventDrops(Section, frozen=True, kw_only=True):
    """What is done when events are lost: more than `threshold` (0 to 1) of those of a second. At
    most `max_burst` times at once, and `rate` times a second. `simulate_drops` is for trying it:
    every second counts as one in which an event was lost.
    """

    threshold: float = 0.1
    actions: tuple[Literal["ignore", "log", "alert", "exit"], ...] = ("ignore",)
    rate: Annotated[float, Meta(ge=0)] = 0.03333
    max_burst: Annotated[float, Meta(ge=0)] = 1.0
    simulate_drops: bool = False


class MetricsSection(Section, frozen=True, kw_only=True):
    """Counters, told every `interval` (`1h`, `30s`, milliseconds): as an alert, in a file."""

    enabled: bool = False
    interval: str = "5000"
    output_rule: bool = False
    output_file: str = ""
    rules_counters_enabled: bool = True
    resource_utilization_enabled: bool = True
    state_counters_enabled: bool = True
    kernel_event_counters_enabled: bool = True
    kernel_event_counters_per_cpu_enabled: bool = False
    libbpf_stats_enabled: bool = True
    plugins_metrics_enabled: bool = True
    kernel_iter_event_counters_enabled: bool = True
    jemalloc_stats_enabled: bool = False
    convert_memory_to_mb: bool = True
    include_empty_values: bool = False


class BaseSyscallsSection(Section, frozen=True, kw_only=True):
    """Which system calls are watched besides those of the rules."""

    custom_set: tuple[str, ...] = ()
    repair: bool = False
    all: bool = False


class FalcoLibs(Section, frozen=True, kw_only=True):
    """Bounds of what is known of threads, and how much of data is read (`snaplen`, bytes)."""

    thread_table_size: Count = 262144
    thread_table_auto_purging_interval_s: Count = 300
    thread_table_auto_purging_thread_timeout_s: Count = 300
    snaplen: Count = 80


class Webserver(Section, frozen=True, kw_only=True):
    """Health, versions and metrics over HTTP. `token_file` (Lanner's) holds a bearer token that
    `/versions` and `/metrics` ask for. Where the address is not said, it is that of loopback.
    """

    enabled: bool = False
    threadiness: Count = 0
    listen_port: Port = 8765
    listen_address: str = "127.0.0.1"
    k8s_healthz_endpoint: str = "/healthz"
    prometheus_metrics_enabled: bool = False
    ssl_enabled: bool = False
    ssl_certificate: str = "/etc/falco/falco.pem"
    token_file: str = ""


class Store(Section, frozen=True, kw_only=True):
    """Where alerts are kept, and sent from. Without a `path` it lasts as long as the process.
    Alerts older than `max_age` (`30d`) or beyond `max_size_mb` are removed, 0 keeps them. While it
    cannot be written, `max_waiting_mb` of alerts are kept in memory. `sync: full` survives a power
    cut, `normal` a crash of Lanner.
    """

    path: str = ""
    max_age: str = "30d"
    max_size_mb: Megabytes = 1024
    max_waiting_mb: Annotated[int, Meta(ge=1)] = 64
    sync: Literal["full", "normal"] = "full"


class Delivery(Section, frozen=True, kw_only=True):
    """How alerts are sent again: after `retry_initial`, then twice as long each time, up to
    `retry_max` (`500ms`, `60s`). An alert that a channel refuses for good is tried `refusals`
    times. When more than `max_backlog` alerts wait for a channel, the oldest become dead letters
    (`drop_oldest`), or detection waits (`block`).
    """

    retry_initial: str = "500ms"
    retry_max: str = "30s"
    refusals: Annotated[int, Meta(ge=1)] = 3
    max_backlog: Count = 1_000_000
    when_full: Literal["drop_oldest", "block"] = "drop_oldest"


class Aggregate(Section, frozen=True, kw_only=True):
    """Of equal alerts within a `window` (`60s`; 0: off) channels get the first, and at its end one
    that says how many more there were. Equal are alerts of a rule with the same output fields `by`,
    or without them with the same message. All of them are stored.
    """

    window: str = "0"
    by: tuple[str, ...] = ()


class Redaction(Section, frozen=True, kw_only=True):
    """What is hidden in alerts of the rules that `match`, before they are stored: the values of
    output `fields`, and what the regular expressions `patterns` match.
    """

    match: AppendMatch = AppendMatch()
    fields: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    replacement: str = "<redacted>"


class AuditSection(Section, frozen=True, kw_only=True):
    """Audit events from kube-apiserver's webhook back end: where to `listen` (`address:port`), with
    which certificate, who may send (`client_ca_file`, `token_file`); in plain HTTP only where
    `insecure` says so. `record_path` keeps the events, too, as `lanner audit record` does.
    `follow` is an audit log that is read as it grows, from its end on.
    """

    listen: str = ""
    tls_cert_file: str = ""
    tls_private_key_file: str = ""
    client_ca_file: str = ""
    token_file: str = ""
    insecure: bool = False
    record_path: str = ""
    follow: str = ""


class Containers(Section, frozen=True, kw_only=True):
    """Sockets of container runtimes in place of the usual: `docker=/run/docker.sock`."""

    sockets: tuple[str, ...] = ()
