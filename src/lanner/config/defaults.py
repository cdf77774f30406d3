"""What counts in `lanner` where a configuration says nothing (`lanner-falco`: Falco's)."""

from __future__ import annotations

from pathlib import Path

from lanner.config import sections as s
from lanner.config.model import Config
from lanner.outputs.channels import stdout, syslog

SITE_CONFIG = Path("/etc/lanner/lanner.yaml")
"""Read where nothing else is said."""

LANNER = Config(
    rule_matching="all",
    engine=s.EngineSection(kind="modern_ebpf"),
    append_output=(s.AppendOutput(suggested_output=True),),
    stdout_output=stdout.Settings(enabled=True),
    syslog_output=syslog.Settings(ident="lanner"),
    log_stderr=True,
    log_syslog=False,
    log_level="notice",
    # every loss is told of, once a second
    syscall_event_drops=s.SyscallEventDrops(
        threshold=0.0, actions=("log", "alert"), rate=1.0, max_burst=1.0
    ),
    metrics=s.MetricsSection(enabled=True, interval="1h"),
    webserver=s.Webserver(prometheus_metrics_enabled=True),
)
