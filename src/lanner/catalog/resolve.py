"""Which fields and arguments a rule can use, and what Falco says of the others.

Falco takes a field and its argument as one text, `name[argument]`. The longest name of a field
that the text begins with decides; what follows must be an argument of the kind that the field
takes, to the last character. Kinds differ in what they accept and in how they refuse, hence a
function for each. Source: falcosecurity/libs 0.25.4, `sinsp_filtercheck*.cpp`,
`plugin_filtercheck.cpp` and `filter_check_list.cpp`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeAlias

from lanner.catalog.events import is_event_name, parameters
from lanner.catalog.fields import field, fields, source_of, suggest_field
from lanner.diagnostics.suggest import suggest

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.catalog.tables import Field

# what sscanf reads as a whole number, with nothing behind it
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+")
_DIGITS = re.compile(r"[0-9]*")
_CONTROLLER = re.compile(r"[a-zA-Z_]*")
_MAX_INDEX = (1 << 64) - 1
_LONGEST_NUMBER = 20
_PLUGIN_CLASSES = frozenset(("container", "k8s", "k8smeta", "ka", "jevt", "json"))


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
        name, scope = self.misspelt
        near = suggest_field(name, scope)
        if near:
            return f"did you mean `{near}`?"
        return f"`lanner fields --source {source_of(scope)}` lists all fields"


@dataclass(frozen=True, slots=True)
class _Text:
    """A field as Falco sees it: one text. `rest` is what follows the name."""

    field: Field
    scope: str
    whole: str
    rest: str

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def bracketed(self) -> str | None:
        """What is between the first brackets, or None without brackets."""
        end = self.rest.find("]")
        return self.rest[1:end] if self.rest.startswith("[") and end > 0 else None

    @property
    def ends_with_bracket(self) -> bool:
        """Whether the first closing bracket is the last character."""
        return self.rest.find("]") == len(self.rest) - 1

    def accept(self, argument: str | None, kind: str | None = None) -> ResolvedField:
        return ResolvedField(self.field, self.name, argument, kind or self.field.type)

    def unknown(self) -> FieldError:
        return _unknown(self.whole, self.scope)

    def nonexistent(self, message: str, help_text: str | None = None) -> FieldError:
        return FieldError(_nonexistent(self.whole), message, help_text)


_Result: TypeAlias = ResolvedField | FieldError


@lru_cache(maxsize=8192)
def resolve(name: str, argument: str | None, scope: str) -> _Result:
    """Looks up a field as a condition or an output names it."""
    whole = name if argument is None else f"{name}[{argument}]"
    if source_of(scope) == "syscall" and whole.startswith("arg"):
        # left over from a field that libsinsp planned and never had
        falco = "filter error: proc.arg filter not implemented yet"
        return FieldError(falco, f"no field is named `{name}`", misspelt=(name, scope))
    found = _longest(whole, scope)
    if found is None:
        return _unknown(whole, scope)
    read = _READERS.get(found.name) or _BY_ARGUMENT[found.argument]
    if found.field_class in _PLUGIN_CLASSES or found.name.startswith("proc.is_container_"):
        read = _plugin
    return read(_Text(found, scope, whole, whole[len(found.name) :]))


def is_left_side(text: str, scope: str) -> bool:
    """Whether a text, as exceptions give it, names a field of the scope."""
    name, bracket, rest = text.partition("[")
    if bracket and not rest.endswith("]"):
        return False
    argument = rest.removesuffix("]") if bracket else None
    return isinstance(resolve(name, argument, scope), ResolvedField)


@cache
def _names(scope: str) -> dict[str, Field]:
    return {found.name: found for found in fields(scope)}


@cache
def _longest_name(scope: str) -> int:
    return max(len(name) for name in _names(scope))


def _longest(whole: str, scope: str) -> Field | None:
    names = _names(scope)
    for end in range(min(len(whole), _longest_name(scope)), 0, -1):
        found = names.get(whole[:end])
        if found is not None:
            return found
    return None


def _nonexistent(whole: str) -> str:
    return f"filter_check called with nonexistent field {whole}"


def _unknown(whole: str, scope: str) -> FieldError:
    name = whole.partition("[")[0]
    elsewhere, source = field(name), source_of(scope)
    if elsewhere is not None and elsewhere.source not in (source, "any"):
        message = f"rules of source `{source}` have no field `{name}`"
        help_text = f"it is a field of `source: {elsewhere.source}`"
        return FieldError(_nonexistent(whole), message, help_text)
    message = f"no field is named `{name}`"
    return FieldError(_nonexistent(whole), message, misspelt=(name, scope))


def _plain(text: _Text) -> _Result:
    if not text.rest:
        return text.accept(None)
    if text.rest.startswith("["):
        return text.nonexistent(f"`{text.name}` takes no argument")
    return text.unknown()


def _optional_number(text: _Text) -> _Result:
    argument = text.bracketed
    if argument is None:
        return _plain(text)
    if not _NUMBER.fullmatch(argument) or not text.ends_with_bracket:
        return text.nonexistent(_not_a_number(text.name, argument))
    short = len(argument) <= _LONGEST_NUMBER
    return text.accept(str(int(argument)) if short else argument)


def _optional_key(text: _Text) -> _Result:
    argument = text.bracketed
    if argument is None:
        return _plain(text)
    if not text.ends_with_bracket:
        return text.nonexistent(f"the argument of `{text.name}` cannot contain `]`")
    return text.accept(argument)


def _descriptor_types(text: _Text) -> _Result:
    argument = text.bracketed
    if argument is not None and not _NUMBER.fullmatch(argument):
        message = _not_a_number(text.name, argument)
        return FieldError(f"{argument} is not a valid number", message)
    return _optional_number(text)


def _around(text: _Text) -> _Result:
    argument = text.bracketed
    if argument is None:
        dotted = text.rest.startswith(".")
        falco = "wrong syntax for evt.around" if dotted else f"filter syntax error: {text.whole}"
        return FieldError(falco, f"`{text.name}` needs a time: `{text.name}[…]`")
    return _descriptor_types(text)


def _parameter(text: _Text) -> _Result:
    if text.rest.startswith("."):
        return _named_parameter(text)
    argument = text.bracketed
    if argument is None:
        falco = f"filter syntax error: {text.whole}"
        return FieldError(falco, f"`{text.name}` needs an argument: `{text.name}.…`")
    help_text = f"write `{text.name}.{argument}`" if argument in parameters() else None
    if text.name == "evt.rawarg":
        message = "`evt.rawarg` names its parameter after a dot"
        return FieldError("evt.arg fields must be expressed explicitly", message, help_text)
    if not _NUMBER.fullmatch(argument):
        message = f"`{text.name}[…]` takes the parameter's number"
        return FieldError(f"{argument} is not a valid number", message, help_text)
    return _optional_number(text)


def _named_parameter(text: _Text) -> _Result:
    base, tail = text.name, text.rest[1:]
    known = parameters()
    begun = max((name for name in known if tail.startswith(name)), key=len, default=None)
    if begun == tail:
        return text.accept(tail, known[tail] if base == "evt.rawarg" else None)
    name, bracket, _ = tail.partition("[")
    if bracket and name == begun:
        return text.nonexistent(f"`{base}.{name}` takes no further argument")
    near = suggest(name, known)
    help_text = f"did you mean `{base}.{near}`?" if near else None
    message = f"no event has a parameter named `{name}`"
    # Falco takes the longest parameter that the text begins with, then finds text left over
    falco = f"unknown event argument {tail}" if begun is None else _nonexistent(text.whole)
    return FieldError(falco, message, help_text)


def _absolute_path(text: _Text) -> _Result:
    if text.rest in ("", ".src", ".dst"):
        return text.accept(text.rest[1:] or None)
    return text.nonexistent("`evt.abspath` takes no argument but `.src` and `.dst`")


def _event_type(text: _Text) -> _Result:
    if not text.rest.startswith("."):
        return _needs_tail(text)
    tail = text.rest[1:]
    if is_event_name(tail) or _NUMBER.fullmatch(tail):
        return text.accept(tail)
    return text.nonexistent(f"`{tail}` is not an event type")


def _cgroup(text: _Text) -> _Result:
    if not text.rest.startswith("."):
        return _needs_tail(text)
    tail = text.rest[1:]
    if _CONTROLLER.fullmatch(tail):
        return text.accept(tail)
    return text.nonexistent(f"the controller of `{text.name}` consists of letters and `_`")


def _needs_tail(text: _Text) -> FieldError:
    falco = f"filter syntax error: {text.whole}"
    return FieldError(falco, f"`{text.name}` needs an argument: `{text.name}.…`")


def _plugin(text: _Text) -> _Result:
    """Fields of plugins; Falco cuts their text at a blank."""
    kind, name = text.field.argument, text.name
    bracket = text.whole.find("[")
    if bracket < 0:
        if kind.endswith("!"):
            falco = f"filter '{text.whole}': {name} requires an argument but none provided"
            return FieldError(falco, f"`{name}` needs an argument", f"write `{name}[…]`")
        return _plain(text)
    if bracket != len(name):
        return text.unknown()
    cut = text.whole.partition(" ")[0]
    end = cut.find("]")
    if end < 0:
        empty = bracket + 1 == len(cut)
        fault = "terminates with incomplete" if empty else "has unbalanced"
        falco = f"filter '{cut}': {name} {fault} argument brackets"
        return FieldError(falco, f"the argument of `{name}` cannot contain a blank")
    argument = cut[bracket + 1 : end]
    if kind == "-":
        falco = (
            f"filter '{cut}': {name} does not allow nor require an argument but one is"
            f" provided: {argument}"
        )
        return FieldError(falco, f"`{name}` takes no argument")
    wrong = _index_fault(argument) if kind.startswith("index") else None
    if wrong is not None:
        return FieldError(
            f"filter {cut} {name} has an invalid index argument {wrong}: {argument}",
            f"the argument of `{name}` must be a number without leading zeros, not `{argument}`",
        )
    if end + 1 != len(text.whole):
        return text.nonexistent(f"the argument of `{name}` cannot contain `]`")
    return text.accept(argument)


def _index_fault(argument: str) -> str | None:
    if not _DIGITS.fullmatch(argument):
        return "not composed only by digits"
    if not argument or (len(argument) > 1 and argument[0] == "0"):
        return "starting with 0"
    if len(argument) > len(str(_MAX_INDEX)) or int(argument) > _MAX_INDEX:
        return "not representable on 64 bit"
    return None


def _not_a_number(name: str, argument: str) -> str:
    return f"the argument of `{name}` must be a number, not `{argument}`"


_READERS: dict[str, Callable[[_Text], _Result]] = {
    "evt.around": _around,
    "evt.abspath": _absolute_path,
    "evt.type.is": _event_type,
    "fd.types": _descriptor_types,
    "thread.cgroup": _cgroup,
}
_BY_ARGUMENT: dict[str, Callable[[_Text], _Result]] = {
    "-": _plain,
    "number?": _optional_number,
    "key?": _optional_key,
    "parameter!": _parameter,
    "index?": _plugin,
    "key!": _plugin,
    "both!": _plugin,
}
