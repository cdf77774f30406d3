"""Whether files have changed: looked at from time to time, by name.

A look at their attributes costs next to nothing, works on every file system, and sees a ConfigMap
that is exchanged by its symbolic link.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.api.ruleset import rule_files
from lanner.service.auditing import webhooks
from lanner.service.ruleset import rule_paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.config import Loaded
    from lanner.service.request import Request

_MAX_FILES = 10_000

State = tuple[tuple[str, int, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or a folder; of one with rules, its other files (those of editors) do not count."""

    path: Path
    has_rules: bool = False

    def state(self) -> State:
        """What it looks like now; what is not there has no part in it."""
        try:
            if not self.path.is_dir():
                files = [self.path]
            elif self.has_rules:
                files = rule_files(self.path)
            else:
                files = sorted(self.path.iterdir())
        except OSError:
            return ()
        found = []
        for file in files[:_MAX_FILES]:
            try:
                seen = file.stat()
            except OSError:
                continue
            # the time of the last change of attributes cannot be set: a file whose text is replaced
            # by one of the same size and age has another one, and so has one that can be read now
            times = (seen.st_mtime_ns, seen.st_ctime_ns)
            found.append((str(file), seen.st_dev, seen.st_ino, *times, seen.st_size))
        return tuple(found)


def places_of(loaded: Loaded, request: Request) -> tuple[Place, ...]:
    """What a configuration comes from, its rules, and the certificates of what listens."""
    config = loaded.config
    named = () if request.config_path is None else (request.config_path,)
    certificates = (
        *(
            file
            for one in webhooks(config)
            for file in (one.tls_cert_file, one.tls_private_key_file, one.client_ca_file)
        ),
        config.webserver.ssl_certificate if config.webserver.ssl_enabled else "",
    )
    included = [one if isinstance(one, str) else one.path for one in config.config_files]
    return (
        *map(Place, (*named, *loaded.files, *map(Path, filter(None, certificates)))),
        *(Place(Path(one)) for one in included),
        *(Place(path, has_rules=True) for path in rule_paths(config, request.rules)),
    )


class Watcher:
    """Says when files have changed, and are not being changed any more."""

    def __init__(self) -> None:
        """Watches nothing."""
        self._known: dict[Place, State] = {}
        self._last: dict[Place, State] = {}

    def watch(self, places: Iterable[Place]) -> None:
        """Watches these from now on; to be called before they are read. What changes while they are
        read has changed: of those that were watched before, what is known stays.
        """
        wanted = dict.fromkeys(places)
        for place in [place for place in self._known if place not in wanted]:
            del self._known[place]
        for place in wanted:
            if place not in self._known:
                self._known[place] = place.state()
        self._last = dict(self._known)

    def forgive(self) -> None:
        """What they are now is known: they are about to be read."""
        self._known = {place: place.state() for place in self._known}
        self._last = dict(self._known)

    def has_changed(self) -> bool:
        """Whether they are not what they were, and the same as at the last look."""
        before, self._last = self._last, {place: place.state() for place in self._known}
        if self._last == self._known or self._last != before:
            return False
        self._known = dict(self._last)
        return True
