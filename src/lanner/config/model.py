"""The configuration as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from lanner.config import sections as s
from lanner.outputs.channels import file, http, journal, kafka, program, stdout, syslog

RuleMatching = Annotated[
    Literal["first", "all"],
    Meta(
        description="Of several rules that match an event, which give an alert.",
        extra={
            "falco": 'Unknown rule matching strategy "{}"--must be one of first, all',
        },
    ),
]


class Config(s.Section, frozen=True, kw_only=True):
    """A configuration: the keys of falco.yaml, and Lanner's own."""

    config_files: tuple[str | s.ConfigFile, ...] = ()
    watch_config_files: bool = True
    rules_files: tuple[str, ...] = ()
    rules_file: tuple[str, ...] = ()
    rules: tuple[s.RuleSelection, ...] = ()
    engine: s.EngineSection = s.EngineSection()
    capture: s.Capture = s.Capture()
    load_plugins: tuple[str, ...] | None = None
    plugins: tuple[s.Plugin, ...] = ()
    plugins_hostinfo: bool = True
    static_fields: dict[str, str] = field(default_factory=dict)
    append_output: tuple[s.AppendOutput, ...] = ()
    time_format_iso_8601: bool = False
    buffer_format_base64: bool = False
    priority: str = "debug"
    rule_matching: RuleMatching = "first"

    json_output: bool = False
    json_include_output_property: bool = True
    json_include_message_property: bool = False
    json_include_output_fields_property: bool = True
    json_include_tags_property: bool = True
    buffered_outputs: bool = False
    outputs_queue: s.OutputsQueue = s.OutputsQueue()
    output_timeout: s.Count = 2000

    stdout_output: stdout.Settings = stdout.Settings()
    file_output: file.Settings = file.Settings()
    syslog_output: syslog.Settings = syslog.Settings()
    journal_output: journal.Settings = journal.Settings()
    program_output: program.Settings = program.Settings()
    http_output: http.Settings = http.Settings()
    kafka_output: kafka.Settings = kafka.Settings()

    webserver: s.Webserver = s.Webserver()
    log_stderr: bool = False
    log_syslog: bool = True
    log_level: Literal[
        "emergency", "alert", "critical", "error", "warning", "notice", "info", "informational",
        "debug",
    ] = "info"  # fmt: skip
    libs_logger: s.LibsLogger = s.LibsLogger()
    syscall_event_timeouts: s.SyscallEventTimeouts = s.SyscallEventTimeouts()
    syscall_event_drops: s.SyscallEventDrops = s.SyscallEventDrops()
    metrics: s.MetricsSection = s.MetricsSection()
    base_syscalls: s.BaseSyscallsSection = s.BaseSyscallsSection()
    falco_libs: s.FalcoLibs = s.FalcoLibs()

    store: s.Store = s.Store()
    delivery: s.Delivery = s.Delivery()
    redact: tuple[s.Redaction, ...] = ()
    aggregate: s.Aggregate = s.Aggregate()
    audit: s.AuditSection = s.AuditSection()
    containers: s.Containers = s.Containers()

    @property
    def named_rules(self) -> tuple[str, ...]:
        """Files and folders of rules, under the key of today or the old one."""
        return self.rules_files or self.rules_file

    @property
    def loaded_plugins(self) -> tuple[s.Plugin, ...]:
        """The plugins that are to be loaded: those that are named, or all."""
        if self.load_plugins is None:
            return self.plugins
        known = {plugin.name: plugin for plugin in self.plugins}
        return tuple(known[name] for name in self.load_plugins if name in known)
