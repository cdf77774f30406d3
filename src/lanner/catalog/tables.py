"""The tables as the native module hands them over, read once."""

from __future__ import annotations

from functools import cache

import msgspec

from lanner._native import catalog as native_catalog


class Field(msgspec.Struct, frozen=True):
    """A field of the catalogue.

    `type` is Falco's parameter type in lower case; `source` is `syscall`,
    `k8s_audit` or `any`; `argument` says which argument it takes (`-`, or a
    kind with `?` for optional and `!` for required); `lifetime` what its value
    depends on; `example` a condition that uses it. For `flags` see
    `crates/lanner-event/src/catalog.rs`.
    """

    name: str
    type: str
    source: str
    argument: str
    lifetime: str
    flags: tuple[str, ...]
    doc: str
    example: str

    @property
    def is_list(self) -> bool:
        """Whether it can have several values in one event."""
        return "list" in self.flags

    @property
    def field_class(self) -> str:
        """The first part of the name: `proc`."""
        return self.name.partition(".")[0]


class Event(msgspec.Struct, frozen=True):
    """An event code: one version of an event type, in one direction."""

    code: int
    name: str
    direction: str
    category: str
    flags: str
    parameters: tuple[tuple[str, str], ...]


class Tables(msgspec.Struct, frozen=True):
    """All tables."""

    fields: tuple[Field, ...]
    events: tuple[Event, ...]
    syscalls: tuple[str, ...]


@cache
def tables() -> Tables:
    """The tables; decoded on first use."""
    return msgspec.json.decode(native_catalog(), type=Tables)
