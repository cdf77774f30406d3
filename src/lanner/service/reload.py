"""Reading configuration and rules again: all of it comes into force, or nothing does."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from lanner.config.durations import seconds
from lanner.diagnostics.render_text import render_text
from lanner.outputs.internal import reload_alert
from lanner.service.redactions import redactor_of
from lanner.service.ruleset import LoadedFile, RulesRefusedError, load_rules
from lanner.service.syscalls import rule_captures, watched
from lanner.service.watching import places_of

if TYPE_CHECKING:
    from lanner.config import Config, Loaded
    from lanner.diagnostics import Diagnostic
    from lanner.service.log import Log
    from lanner.service.request import Request
    from lanner.service.ruleset import LoadedRules
    from lanner.service.sink import Sink
    from lanner.service.state import State
    from lanner.service.watching import Watcher

_AT_START = (
    "engine",
    "store",
    "webserver",
    "audit",
    "plugins",
    "load_plugins",
    "containers",
    "time_format_iso_8601",
    "syscall_event_drops",
    "metrics",
    "log_stderr",
    "log_syslog",
    "log_level",
)
"""Keys that are read at the start alone."""
_PATIENCE_S = 30.0
"""So long it may take until no event is being matched."""
_MAX_SHOWN = 20


@dataclass(slots=True)
class Reloader:
    """Reads again what a service was started with."""

    request: Request
    state: State
    sink: Sink
    log: Log
    watcher: Watcher

    def reload(self) -> bool:
        """Reads again; whether it is in force now. If not, nothing has changed, and an alert says
        why.
        """
        try:
            loaded = self._configuration()
            self._adopt(loaded)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is in force stays
            self._refuse(error)
            return False
        # what only the refused ones named does not count any more
        self.watcher.watch(places_of(loaded, self.request))
        self.log(f"in force now: {describe(self.state.rules)}", "notice")
        return True

    def _adopt(self, loaded: Loaded) -> None:
        """Everything is made before anything is changed."""
        config = loaded.config
        rules = load_rules(config, self.request.rules)
        redactor, before = redactor_of(config), self.sink.redactor
        window = seconds(config.aggregate.window)
        prepared = self.state.channels.prepare(config)
        try:
            # what either hides, while alerts of the rules before may be on their way
            self.sink.redactor = before | redactor
            rules = self._exchange(rules, config)
        except BaseException:
            self.sink.redactor = before
            for _, channel in prepared.values():
                if channel is not None:
                    channel.close()
            raise
        self.state.channels.adopt(prepared)
        self.sink.redactor = redactor
        self.sink.repeats.set(window, config.aggregate.by)
        self._tell_of_late(config)
        self.state.rules = rules
        self.state.loaded = loaded
        self.state.config_files = config_files(loaded)
        self.state.reloads += 1
        self.state.reloaded_ns = time.time_ns()

    def _configuration(self) -> Loaded:
        loaded = self.request.load()
        # a file that is named for the first time may be what has to be mended
        places = (places_of(one, self.request) for one in (self.state.loaded, loaded))
        self.watcher.watch(chain.from_iterable(places))
        if not loaded.ok:
            raise RulesRefusedError("the configuration is invalid", loaded.diagnostics)
        return loaded

    def _exchange(self, rules: LoadedRules, config: Config) -> LoadedRules:
        """The rules are changed between two events, whatever is being read."""
        engine = self.state.rules.engine
        if self.state.watching is None:
            self.state.retire(engine.adopt(rules.engine))
        else:
            source, live = self.state.watching
            found = watched(config, rules)
            for complaint in found.complaints():
                self.log(complaint, "warning")
            captures = rule_captures(config)

            def adopt() -> None:
                self.state.retire(live.adopt(rules.engine, found.names, captures))

            future = source.between(adopt)
            try:
                future.result(_PATIENCE_S)
            except TimeoutError:
                if future.cancel():
                    raise TimeoutError(f"{source.name}: no event was matched meanwhile") from None
                future.result()  # it has just begun
        # the engine in use has the other's rules now
        return replace(rules, engine=engine)

    def _refuse(self, error: Exception) -> None:
        self.state.failed_reloads += 1
        found = getattr(error, "diagnostics", ())
        errors = [one for one in found if one.is_error]
        for one in errors[:_MAX_SHOWN]:
            self.log(render_text(one, colour=False), "error")
        first = f": {place_of(errors[0])}{errors[0].message}" if errors else ""
        reason = f"{error}{first}" if str(error) else type(error).__name__
        self.log(f"nothing is changed: {reason}", "critical")
        self.sink.internal(reload_alert(time.time_ns(), reason))

    def _tell_of_late(self, config: Config) -> None:
        before = self.state.loaded.config
        for key in _AT_START:
            if getattr(config, key) != getattr(before, key):
                self.log(f"`{key}` has changed: that takes effect at the next start", "warning")


def config_files(loaded: Loaded) -> tuple[LoadedFile, ...]:
    """The files of a configuration with their digests."""
    return tuple(LoadedFile.of(source) for source in loaded.sources)


def describe(rules: LoadedRules) -> str:
    """The rules, in a line: how many, of which files in which version."""
    files = ", ".join(f"{file.path} ({file.sha256[:12]})" for file in rules.files)
    return f"{len(rules.ruleset.rules)} rules of {files or 'no file'}"


def place_of(found: Diagnostic) -> str:
    """Where it is: `rules.yaml:3:7: `."""
    if found.span is None:
        return ""
    position = found.span.source.position(found.span.start)
    return f"{found.span.source.name}:{position.line}:{position.column}: "
