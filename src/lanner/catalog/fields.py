"""Fields by name, and what Falco accepts as their argument.

Source of the argument rules: falcosecurity/libs 0.25.4, `sinsp_filtercheck*.cpp` and
`plugin_filtercheck.cpp`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from lanner.catalog.events import event_names, parameters
from lanner.catalog.tables import Field, tables
from lanner.diagnostics.suggest import suggest

_NUMBER = re.compile(r"-?[0-9]+")
_PLUGIN_INDEX = re.compile(r"0|[1-9][0-9]*")
_MAX_INDEX = (1 << 64) - 1
_DOTTED = ("evt.arg", "evt.rawarg", "evt.type.is", "evt.abspath", "thread.cgroup", "static")


@dataclass(frozen=True, slots=True)
class ResolvedField:
    """A field with its argument, accepted. `type` differs from the field's for evt.rawarg."""

    field: Field
    name: str
    argument: str | None
    type: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """Why a field is not accepted: `falco_message` in Falco's words, `message` in ours."""

    falco_message: str
    message: str
    fixed_help: str | None = None
    misspelt: tuple[str, str] | None = None

    @property
    def help(self) -> str | None:
        """What to do. The nearest name is looked for only when somebody reads it."""
        if self.misspelt is None:
            return self.fixed_help
        name, source = self.misspelt
        near = suggest_field(name, source)
        if near:
            return f"did you mean `{near}`?"
        return f"`lanner fields --source {source}` lists all fields"


@cache
def _by_name() -> dict[str, Field]:
    return {field.name: field for field in tables().fields}


def field(name: str) -> Field | None:
    """The field of that name, or None."""
    return _by_name().get(name)


@cache
def fields(source: str | None = None) -> tuple[Field, ...]:
    """All fields, or those that rules of an event source can use."""
    if source is None:
        return tables().fields
    return tuple(field for field in tables().fields if field.source in (source, "any"))


@cache
def _usable_names(source: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(source) if "table_only" not in field.flags)


def suggest_field(name: str, source: str) -> str | None:
    """The field that a misspelt name probably means."""
    return suggest(name.partition("[")[0], _usable_names(source))


def is_left_side(text: str, source: str) -> bool:
    """Whether a text, as exceptions give it, names a field of the source."""
    name, bracket, rest = text.partition("[")
    argument = rest.removesuffix("]") if bracket else None
    if bracket and not rest.endswith("]"):
        return False
    found = re.fullmatch(r"\w+\((.*)\)", text)
    if found:
        return all(is_left_side(part.strip(), source) for part in found[1].split(","))
    return isinstance(resolve(name, argument, source), ResolvedField)


@lru_cache(maxsize=8192)
def resolve(name: str, argument: str | None, source: str) -> ResolvedField | FieldError:
    """Looks up a field as a condition names it."""
    found = _by_name().get(name)
    if found is None or found.argument.startswith(("parameter", "dotted")):
        dotted = _resolve_dotted(name, argument, source)
        if dotted is not None:
            return dotted
    if found is None or found.source not in (source, "any"):
        return _nonexistent(name, argument, source, found)
    problem = _check_argument(found, argument)
    return problem or ResolvedField(found, name, argument, found.type)


def _written(name: str, argument: str | None) -> str:
    return name if argument is None else f"{name}[{argument}]"


def _nonexistent(name: str, argument: str | None, source: str, found: Field | None) -> FieldError:
    falco = f"filter_check called with nonexistent field {_written(name, argument)}"
    if found is not None:
        message = f"rules of source `{source}` have no field `{name}`"
        help_text = f"it is a field of `source: {found.source}`"
        return FieldError(falco, message, help_text if found.source != source else None)
    return FieldError(falco, f"no field is named `{name}`", misspelt=(name, source))


def _check_argument(found: Field, argument: str | None) -> FieldError | None:
    name, rule = found.name, found.argument
    if argument is None:
        if not rule.endswith("!"):
            return None
        if rule == "key!" and found.source == "syscall" and found.field_class == "evt":
            return FieldError(f"filter syntax error: {name}", f"`{name}` needs an argument")
        return FieldError(
            f"filter '{name}': {name} requires an argument but none provided",
            f"`{name}` needs an argument",
            f"write `{name}[…]`",
        )
    falco = f"filter_check called with nonexistent field {_written(name, argument)}"
    if rule == "-":
        return FieldError(falco, f"`{name}` takes no argument")
    if rule.startswith("number") and not _NUMBER.fullmatch(argument):
        return FieldError(falco, f"the argument of `{name}` must be a number, not `{argument}`")
    if rule.startswith("index") and not (
        _PLUGIN_INDEX.fullmatch(argument) and int(argument[:21]) <= _MAX_INDEX
    ):
        if argument.isdigit():
            reason = "has an invalid index argument starting with 0"
        else:
            reason = "has an invalid index argument not composed only by digits"
        return FieldError(
            f"filter {_written(name, argument)} {name} {reason}: {argument}",
            f"the argument of `{name}` must be a number without leading zeros, not `{argument}`",
        )
    return None


def _resolve_dotted(
    name: str, argument: str | None, source: str
) -> ResolvedField | FieldError | None:
    """Fields whose argument is the rest of the name: `evt.arg.flags`."""
    base = next((known for known in _DOTTED if name == known or name.startswith(known + ".")), None)
    found = _by_name().get(base) if base else None
    if base is None or found is None or found.source not in (source, "any"):
        return None
    tail = name[len(base) + 1 :]
    falco = f"filter_check called with nonexistent field {_written(name, argument)}"
    if found.argument == "parameter!":
        return _parameter(found, tail, argument, falco)
    if base == "evt.abspath":
        if argument is None and tail in ("", "src", "dst"):
            return ResolvedField(found, base, tail or None, found.type)
        return FieldError(falco, "`evt.abspath` takes no argument but `.src` and `.dst`")
    if not tail and argument is None:
        return FieldError(f"filter syntax error: {name}", f"`{name}` needs an argument: `{name}.…`")
    if base == "evt.type.is" and tail not in event_names():
        return FieldError(falco, f"`{tail}` is not an event type")
    return ResolvedField(found, base, tail or argument, found.type)


def _parameter(
    found: Field, tail: str, argument: str | None, falco: str
) -> ResolvedField | FieldError:
    base = found.name
    if not tail:
        if argument is None:
            return FieldError(
                f"filter syntax error: {base}", f"`{base}` needs an argument: `{base}.…`"
            )
        if base == "evt.rawarg":
            return FieldError(
                "evt.arg fields must be expressed explicitly",
                "`evt.rawarg` names its parameter after a dot",
                f"write `evt.rawarg.{argument}`" if argument in parameters() else None,
            )
        if not _NUMBER.fullmatch(argument):
            help_text = f"write `{base}.{argument}`" if argument in parameters() else None
            return FieldError(falco, f"`{base}[…]` takes the parameter's number", help_text)
        return ResolvedField(found, base, argument, found.type)
    kind = parameters().get(tail)
    if kind is None:
        near = suggest(tail, parameters())
        help_text = f"did you mean `{base}.{near}`?" if near else None
        message = f"no event has a parameter named `{tail}`"
        # Falco takes the longest parameter that the text begins with, then finds text left over
        begins = any(tail.startswith(known) for known in parameters())
        return FieldError(falco if begins else f"unknown event argument {tail}", message, help_text)
    if argument is not None:
        return FieldError(falco, f"`{base}.{tail}` takes no further argument")
    return ResolvedField(found, base, tail, kind if base == "evt.rawarg" else found.type)
