"""What the types do not say: values that must fit together, and keys that have no effect."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lanner import catalog
from lanner.config import codes
from lanner.config.durations import parse_duration_ms
from lanner.config.plugins import K8SMETA, SERVED
from lanner.containers import Sockets
from lanner.diagnostics import Diagnostic, Severity, Span
from lanner.diagnostics.suggest import did_you_mean
from lanner.outputs.redaction import Pattern
from lanner.rules.model import parse_priority
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.config.model import Config
    from lanner.config.sections import Section

_DURATIONS = (
    "metrics.interval",
    "store.max_age",
    "delivery.retry_initial",
    "delivery.retry_max",
    "aggregate.window",
)
_NEEDED = (
    ("file_output", "filename", "file output enabled but no filename in configuration block"),
    ("program_output", "program", "program output enabled but no program in configuration block"),
    ("http_output", "url", "http output enabled but no url in configuration block"),
    ("kafka_output", "brokers", None),
)
_NO_EFFECT = {
    "engine.kmod.drop_failed_exit": "rules that want calls that succeeded say so (evt.res)",
    "engine.modern_ebpf.drop_failed_exit": "rules that want calls that succeeded say so (evt.res)",
    "engine.modern_ebpf.cpus_for_each_buffer": "Lanner has one buffer for all CPUs",
    "engine.modern_ebpf.disable_iterators": "Lanner reads /proc at the start",
    "plugins_hostinfo": "nothing is loaded that would ask for it",
    "buffer_format_base64": "buffers are printed as text",
    "buffered_outputs": "alerts are sent as they come, in batches",
    "output_timeout": "a channel that is slow holds up nobody; each has a timeout of its own",
    "webserver.threadiness": "one thread serves all requests",
    "libs_logger": "there are no libraries that log",
    "syscall_event_timeouts": "Lanner tells by itself whether its source lives (/healthz)",
    "metrics.kernel_event_counters_per_cpu_enabled": "events are counted by type, not by CPU",
    "metrics.libbpf_stats_enabled": "the statistics of the kernel on its programs are not read",
    "metrics.plugins_metrics_enabled": "there are no plugins that count",
    "metrics.kernel_iter_event_counters_enabled": "there are no iterators",
    "metrics.jemalloc_stats_enabled": "Lanner does not use jemalloc",
    "falco_libs": "tables are bounded and purged by Lanner's own rules",
}
"""Keys that mean something in Falco only, and why."""


def check(config: Config, root: Mapping) -> list[Diagnostic]:
    """Errors and warnings on a configuration that was decoded."""
    return list(_Checker(config, root).findings())


@dataclass(frozen=True, slots=True)
class _Checker:
    config: Config
    root: Mapping

    def findings(self) -> Iterator[Diagnostic]:
        yield from self._outputs()
        yield from self._engine()
        yield from self._values()
        yield from self._plugins()
        yield from self._fields()
        yield from self._no_effect()

    def _outputs(self) -> Iterator[Diagnostic]:
        for section, key, falco in _NEEDED:
            settings = getattr(self.config, section)
            if settings.enabled and not getattr(settings, key):
                message = f"`{section}` is enabled, and `{section}.{key}` is missing"
                yield self._error(f"{section}.{key}", message, falco=falco)

    def _engine(self) -> Iterator[Diagnostic]:
        engine = self.config.engine
        if engine.kind == "replay" and not engine.replay.capture_file:
            path = "engine.replay.capture_file"
            falco = "engine.kind is 'replay' but no engine.replay.capture_file specified."
            yield self._error(
                path, f"`engine.kind` is `replay`, and `{path}` is missing", falco=falco
            )
        actions = self.config.syscall_event_drops.actions
        if "ignore" in actions and not {"log", "alert"}.isdisjoint(actions):
            path = "syscall_event_drops.actions"
            other = "log" if "log" in actions else "alert"
            falco = (
                f'syscall event drop action "{other}" does not make sense with the "ignore" action'
            )
            message = "`ignore` does not go together with `log` or `alert`"
            yield self._error(path, message, falco=falco)
        if self.config.rules_files and self.config.rules_file:
            falco = "both 'rules_files' and 'rules_file' keys set"
            message = "`rules_file` is the old name of `rules_files`: use one of them"
            yield self._error("rules_file", message, falco=falco)

    def _values(self) -> Iterator[Diagnostic]:
        config = self.config
        if parse_priority(config.priority) is None:
            names = "emergency, alert, critical, error, warning, notice, informational, debug"
            falco = f'Unknown priority "{config.priority}"--must be one of {names}'
            message = f"`{config.priority}` is not a priority: use one of {names}"
            yield self._error("priority", message, falco=falco)
        for path in _DURATIONS:
            value = _get(config, path)
            if parse_duration_ms(value) is None:
                yield self._error(path, f"`{value}` is not a duration: write 30s, 1h30m or 7d")
        threshold = config.syscall_event_drops.threshold
        if not 0 <= threshold <= 1:
            falco = "syscall event drops threshold must be a double in the range [0, 1]"
            path = "syscall_event_drops.threshold"
            yield self._error(path, f"`{path}` is from 0 to 1, not {threshold}", falco=falco)
        address = config.webserver.listen_address
        try:
            ipaddress.ip_address(address.strip("[]"))
        except ValueError:
            falco = f'webserver listen address "{address}" is not a valid IP address'
            path = "webserver.listen_address"
            yield self._error(path, f"`{address}` is not an IP address", falco=falco)
        for number, socket in enumerate(config.containers.sockets):
            try:
                Sockets.parse((socket,))
            except ValueError as error:
                yield self._error(f"containers.sockets[{number}]", str(error))
        for number, redaction in enumerate(config.redact):
            for place, pattern in enumerate(redaction.patterns):
                try:
                    Pattern(pattern)
                except ValueError as error:
                    path = f"redact[{number}].patterns[{place}]"
                    yield self._error(path, f"not a regular expression that Lanner takes: {error}")

    def _plugins(self) -> Iterator[Diagnostic]:
        known = {plugin.name for plugin in self.config.plugins}
        for number, name in enumerate(self.config.load_plugins or ()):
            if name not in known:
                message = f"`{name}` is to be loaded, and `plugins` has no entry of that name"
                falco = f"Cannot load plugin '{name}': plugin config not found for given name"
                yield self._error(f"load_plugins[{number}]", message, falco=falco)
        loaded = self.config.loaded_plugins
        for number, plugin in enumerate(self.config.plugins):
            if plugin in loaded and plugin.name not in SERVED:
                # without it, what it would have seen is lost, and nothing would say so
                names = ", ".join(f"`{name}`" for name in sorted(SERVED))
                message = (
                    f"the plugin `{plugin.name}` cannot be loaded: Lanner serves {names} itself"
                )
                yield self._error(f"plugins[{number}].name", message)
        for number, selection in enumerate(self.config.rules):
            selector = selection.enable or selection.disable
            if selector is None or not (selector.rule or selector.tag):
                message = "`enable` or `disable` needs a `rule` or a `tag`"
                yield self._error(f"rules[{number}]", message)

    def _fields(self) -> Iterator[Diagnostic]:
        """A secret whose name is misspelt is not hidden."""
        own = {
            name
            for section in self.config.append_output
            for one in section.extra_fields
            if not isinstance(one, str)
            for name in one
        }
        named = [("aggregate.by", self.config.aggregate.by)]
        named += [
            (f"redact[{number}].fields", redaction.fields)
            for number, redaction in enumerate(self.config.redact)
        ]
        for path, names in named:
            for place, name in enumerate(names):
                base = name.partition("[")[0]
                span = _place(self.root, f"{path}[{place}]")
                if name in own or "(" in name or catalog.field(base) or span is None:
                    continue
                message = f"no field is named `{name}`"
                known = [field.name for field in catalog.fields()]
                help_text = did_you_mean(base, known)
                yield Diagnostic(
                    codes.UNKNOWN_FIELD, Severity.WARNING, message, span, help=help_text
                )

    def _no_effect(self) -> Iterator[Diagnostic]:
        stock = type(self.config)()
        loaded = self.config.loaded_plugins
        for number, plugin in enumerate(self.config.plugins):
            if plugin in loaded and plugin.name == K8SMETA:
                span = _place(self.root, f"plugins[{number}].name")
                message = (
                    "fields of `k8smeta` have no values in Lanner: k8s-metacollector is not asked."
                    " What container runtimes know of pods is in `k8s.pod.name` and its neighbours"
                )
                yield Diagnostic(codes.NO_EFFECT, Severity.WARNING, message, span)
        for path, reason in _NO_EFFECT.items():
            span = _place(self.root, path)
            if span is not None and _get(self.config, path) != _get(stock, path):
                message = f"`{path}` has no effect in Lanner: {reason}"
                yield Diagnostic(codes.NO_EFFECT, Severity.WARNING, message, span)

    def _error(self, path: str, message: str, *, falco: str | None = None) -> Diagnostic:
        span = _place(self.root, path) or _place(self.root, path.rpartition(".")[0])
        return Diagnostic(
            codes.VALUE,
            Severity.ERROR,
            message,
            span,
            falco_message=falco,
            path=None if span else "the configuration",
        )


def _get(section: Section, path: str) -> Any:
    value: Any = section
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _place(root: Node, path: str) -> Span | None:
    """Where the value of a key stands; None when nobody said it."""
    node: Node | None = root
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, Sequence) and step.isdigit() and int(step) < len(node.items):
            node = node.items[int(step)]
        elif not (isinstance(node, Scalar) and step == "0"):  # one value stands for a list
            return None
    return node.span if node is not None and node is not root else None
