"""Reads configurations: files, those that they include, and `-o` options."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.config import codes
from lanner.config.decode import Decoder
from lanner.config.environment import TooLongError, expand
from lanner.config.meaning import check
from lanner.config.model import Config
from lanner.config.options import Option, parse_option, set_value
from lanner.config.sections import ConfigFile
from lanner.diagnostics import Diagnostic, Label, Severity, Source, Span
from lanner.rules.loader import Unreadable, read_source
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Environment

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
INCLUDES = "config_files"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, where it came from, and what was found while it was read.

    Attributes:
        config: the configuration; of one that is not `ok` the parts that were.
        diagnostics: errors and warnings, in order.
        sources: the files that were read, in order.

    """

    config: Config
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...]

    @property
    def ok(self) -> bool:
        """Whether it can be used."""
        return not any(found.is_error for found in self.diagnostics)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read."""
        return tuple(Path(source.name) for source in self.sources)


def load_config(
    path: str | os.PathLike[str] | None,
    options: Iterable[str] = (),
    *,
    defaults: Config | None = None,
    environment: Environment[str, str] = os.environ,
) -> Loaded:
    """Reads a configuration. Never raises for what is in it.

    Args:
        path: the file; None for none.
        options: `key=value`, after all files.
        defaults: what counts where nothing is said.
        environment: the variables that values may name.

    """
    defaults = defaults or Config()
    return _Loader(environment).load(None if path is None else Path(path), options, defaults)


class _Loader:
    def __init__(self, environment: Environment[str, str]) -> None:
        self._environment = environment
        self._diagnostics: list[Diagnostic] = []
        self._sources: list[Source] = []

    def load(self, path: Path | None, texts: Iterable[str], defaults: Config) -> Loaded:
        root = Mapping([], Source("-o", ""), 0, 0)
        if path is not None:
            root = self._read(path) or root
        options = self._options(texts)
        # which files are included may be said on the command line, too
        for option in options:
            if option.steps[0] == INCLUDES:
                root = self._set(root, option)
        for include in self._includes(root):
            root = self._include(root, include, path)
        for option in options:
            if option.steps[0] != INCLUDES:
                root = self._set(root, option)
        decoder = Decoder()
        config = decoder.section(root, defaults)
        self._diagnostics += decoder.diagnostics
        self._diagnostics += check(config, root)
        return Loaded(config, tuple(self._diagnostics), tuple(self._sources))

    def _options(self, texts: Iterable[str]) -> list[Option]:
        options: list[Option] = []
        for text in texts:
            option = parse_option(text)
            if isinstance(option, Option):
                options.append(option)
            else:
                self._diagnostics.append(option)
        return options

    def _set(self, root: Mapping, option: Option) -> Mapping:
        changed = set_value(root, option)
        if isinstance(changed, Diagnostic):
            self._diagnostics.append(changed)
            return root
        return changed

    def _read(self, path: Path) -> Mapping | None:
        """The mapping that a file is; None with an error, or when there is nothing in it."""
        source = read_source(path, MAX_BYTES)
        if isinstance(source, Unreadable):
            self._diagnostics.append(replace(source.diagnostic, code=codes.FILE))
            return None
        self._sources.append(source)
        parsed = parse_yaml(source, MAX_NODES)
        if parsed.problem is not None:
            self._diagnostics.append(replace(parsed.problem, code=codes.SYNTAX))
            return None
        for first, again in parsed.repeated:
            self._diagnostics.append(
                Diagnostic(
                    codes.REPEATED_KEY,
                    Severity.WARNING,
                    f"the key `{again.value}` is there already; this one is ignored",
                    again.span,
                    (Label(first.span, "the one that counts"),),
                )
            )
        root = parsed.documents[0] if parsed.documents else None
        if root is None or (isinstance(root, Scalar) and root.is_null):
            return None
        if not isinstance(root, Mapping):
            self._error(codes.SYNTAX, "a configuration is a mapping: `key: value` lines", root.span)
            return None
        try:
            expanded = expand(root, self._environment, self._unset)
        except TooLongError as error:
            self._error(codes.VALUE, str(error), error.scalar.span)
            return None
        return expanded if isinstance(expanded, Mapping) else None

    def _unset(self, scalar: Scalar, name: str) -> None:
        message = f"the environment variable `{name}` is not set: nothing is put in its place"
        self._diagnostics.append(
            Diagnostic(codes.UNSET_VARIABLE, Severity.WARNING, message, scalar.span)
        )

    def _includes(self, root: Mapping) -> list[ConfigFile]:
        """What `config_files` says; its mistakes are told of when the whole is decoded."""
        only = replace(root, pairs=[pair for pair in root.pairs if _name(pair[0]) == INCLUDES])
        config = Decoder().section(only, Config())
        return [
            ConfigFile(path=one) if isinstance(one, str) else one for one in config.config_files
        ]

    def _include(self, root: Mapping, include: ConfigFile, main: Path | None) -> Mapping:
        path = Path(include.path)
        span = root.key_span(INCLUDES)
        if main is not None and path == main:
            self._error(codes.VALUE, f"`{INCLUDES}` includes its own file, {path}", span)
            return root
        files = [path]
        try:
            if path.is_dir():
                files = sorted(file for file in path.iterdir() if file.is_file())
            elif not path.exists():
                return root  # as in Falco: a place where files may come to be
        except OSError as error:
            self._error(codes.FILE, f"{path}: {error.strerror or error}", span)
            return root
        for file in files:
            found = self._read(file)
            if found is None:
                continue
            if found.get(INCLUDES) is not None:
                message = f"`{INCLUDES}` is not allowed in a file that is included"
                self._error(codes.VALUE, message, found.key_span(INCLUDES))
                continue
            root = _merge(root, found, include.strategy)
        return root

    def _error(self, code: str, message: str, span: Span) -> None:
        self._diagnostics.append(Diagnostic(code, Severity.ERROR, message, span))


def _merge(root: Mapping, added: Mapping, strategy: str) -> Mapping:
    """The keys of another file, by key of the top level."""
    pairs = list(root.pairs)
    places = {_name(key): number for number, (key, _) in reversed(list(enumerate(pairs)))}
    for key, value in added.pairs:
        place = places.get(_name(key))
        if place is None:
            places[_name(key)] = len(pairs)
            pairs.append((key, value))
        elif strategy == "append" and isinstance(value, Sequence):
            pairs[place] = (pairs[place][0], _joined(pairs[place][1], value))
        elif strategy != "add-only":
            pairs[place] = (key, value)
    return replace(root, pairs=pairs)


def _joined(before: Node, added: Sequence) -> Node:
    if isinstance(before, Sequence):
        return replace(before, items=[*before.items, *added.items])
    if isinstance(before, Scalar) and not before.is_null:
        return replace(added, items=[before, *added.items])
    return added


def _name(key: Node) -> str | None:
    return key.value if isinstance(key, Scalar) else None
