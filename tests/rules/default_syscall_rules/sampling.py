"""Random events that make a rule of a plan true, or nearly."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from lanner.backends.native import field_key
from lanner.backends.reference import constant
from lanner.plan.model import AndNode, FieldNode, NotNode, OrNode, PredicateNode

if TYPE_CHECKING:
    import random

    from lanner.backends.transformers import Value
    from lanner.plan.model import Plan, Predicate

Event = dict[str, list["Value"]]
ADDRESSES = ("fd.sip", "fd.snet", "fd.ip", "fd.net", "fd.rnet")
OUTSIDE = "203.0.113.9"
PARENT: list[Value] = [b"parent"]
ANCESTORS = tuple(f"proc.aname[{number}]" for number in range(1, 8))
JOINED = ("startswith", "contains", "endswith")
NOISE = (b"x", b"zz", b"/srv/x", b"-v")


class Sampler:
    """Makes events for one plan; the same ones for the same generator."""

    def __init__(self, plan: Plan, generator: random.Random) -> None:
        self._plan = plan
        self._random = generator
        self._event: Event = {}
        self._base: Event = {}

    def event(self, condition: int, base: Event) -> Event:
        """An event after which a condition is true, where its parts do not contradict."""
        self._event = {}
        self._base = base
        self._make(condition, wanted=True)
        self._disturb()
        return consistent({**base, **self._event})

    def _make(self, index: int, *, wanted: bool) -> None:
        node = self._plan.nodes[index]
        if isinstance(node, PredicateNode):
            self._predicate(self._plan.predicates[node.predicate], wanted=wanted)
        elif isinstance(node, NotNode):
            self._make(node.child, wanted=not wanted)
        elif isinstance(node, (AndNode, OrNode)):
            children = list(node.children)
            self._random.shuffle(children)
            # one child decides a true `or` and a false `and`; mostly leave the others alone
            decided = isinstance(node, OrNode) == wanted
            for child in children[:1] if decided else children:
                self._make(child, wanted=wanted)

    def _predicate(self, predicate: Predicate, *, wanted: bool) -> None:
        field = self._plan.operands[predicate.left]
        if not isinstance(field, FieldNode):
            return
        key = field_key(field)
        values = [constant(scalar) for scalar in predicate.values]
        if not wanted:
            # mostly nothing to do: absent fields and other values make it false
            holds = predicate.operator != "!=" and self._base.get(key, [None])[0] in values
            if holds and key not in self._event:
                self._event[key] = [self._other(values[0])]
            elif self._random.random() < 0.06 and key not in self._event:
                self._predicate(predicate, wanted=True)
        elif predicate.operator == "exists" or not values:
            self._event.setdefault(key, [self._any(field.kind)])
        else:
            value = self._value(predicate.operator, self._random.choice(values))
            self._put(key, predicate.operator, value)

    def _put(self, key: str, operator: str, value: Value) -> None:
        """Sets a field, or mostly adds to the text that another check put there."""
        before = self._event.get(key, [None])[0]
        if before is None:
            self._event[key] = [value]
        elif isinstance(before, bytes) and isinstance(value, bytes) and operator in JOINED:
            self._event[key] = [value + before if operator == "startswith" else before + value]
        elif self._random.random() < 0.3:
            self._event[key] = [value]

    def _other(self, value: Value) -> Value:
        if isinstance(value, bool):
            return not value
        return value + 1 if isinstance(value, int) else self._random.choice(NOISE)

    def _any(self, kind: str) -> Value:
        if kind in ("unsigned", "signed"):
            return 1
        return True if kind == "bool" else OUTSIDE if kind in ("ip", "net") else b"x"

    def _value(self, operator: str, value: Value) -> Value:
        pick = self._random.choice
        if isinstance(value, bool):
            return value if operator in ("=", "in") else not value
        if isinstance(value, (int, float)):
            step = {"<": -1, ">": 1, "<=": pick((0, -1)), ">=": pick((0, 1)), "!=": 1}
            return int(value) + step.get(operator, 0)
        if isinstance(value, str):
            address = value.split("/")[0]
            return OUTSIDE if operator == "!=" else address
        return self._text(operator, value)

    def _text(self, operator: str, value: bytes) -> bytes:
        pick = self._random.choice
        if operator in ("startswith", "pmatch"):
            return value + pick((b"", b"x", b"/x"))
        if operator == "endswith":
            return pick((b"", b"/srv/", b"x")) + value
        if operator in ("contains", "icontains"):
            return pick((b"", b"x ", b"/x")) + value + pick((b"", b" x"))
        if operator in ("glob", "iglob"):
            return value.replace(b"*", pick((b"", b"x", b"x/y"))).replace(b"?", b"y")
        if operator == "regex":
            return b"curl " + pick(
                (b"-o /tmp/x u", b"-sSLo x u", b"-O u", b"--output=x u", b"-s u")
            )
        return b"x" + value if operator == "!=" else value

    def _disturb(self) -> None:
        """Sometimes one field is lost or has another value."""
        if self._event and self._random.random() < 0.25:
            key = self._random.choice(sorted(self._event))
            if isinstance(self._event[key][0], bytes) and self._random.random() < 0.6:
                self._event[key] = [self._random.choice(NOISE)]
            elif key != "evt.type":
                del self._event[key]


def consistent(event: Event) -> Event:
    """The event with fields that depend on each other agreeing."""
    event = dict(event)
    _addresses(event)
    _paths(event)
    _command(event)
    _ancestors(event)
    kind = event["evt.type"][0]
    if kind in (b"execve", b"execveat"):
        # rules of ours see only programs that were started
        event["evt.rawres"] = [0]
    elif kind in (b"creat", b"open_by_handle_at"):
        # ours take these for open
        event["evt.type"] = [b"openat"]
    return event


def _addresses(event: Event) -> None:
    """All are the other end of one connection."""
    given = [event[key] for key in ADDRESSES if key in event]
    if given:
        elsewhere: list[Value] = [OUTSIDE]
        chosen = next((address for address in given if address != elsewhere), elsewhere)
        event |= dict.fromkeys(ADDRESSES, chosen)


def _ancestors(event: Event) -> None:
    """A map event has one value for `proc.aname`, which is any ancestor."""
    some = [event[key] for key in ("proc.pname", *ANCESTORS) if event.get(key, PARENT) != PARENT]
    if event.get("proc.aname") == PARENT and some:
        event["proc.aname"] = some[0]
    elif event.get("proc.aname", PARENT) != PARENT and not some:
        event["proc.aname[2]"] = event["proc.aname"]


def _paths(event: Event) -> None:
    name = event.get("fd.name")
    directory, filename = event.pop("fd.directory", None), event.pop("fd.filename", None)
    if name is None and (directory or filename):
        name = [posixpath.join(_text(directory) or b"/srv", _text(filename) or b"x")]
        event["fd.name"] = name
    if name and _text(name).startswith(b"/"):
        event["fd.directory"] = [posixpath.dirname(_text(name))]
        event["fd.filename"] = [posixpath.basename(_text(name))]


def _command(event: Event) -> None:
    path = _text(event.get("proc.exe"))
    if path not in (b"", b"app"):
        event["proc.exepath"] = [path]
        event["proc.name"] = [posixpath.basename(path)]
    given: Any = event.pop("proc.cmdline", None)
    if given:
        words = _text(given).split(b" ", 1)
        event["proc.name"] = [posixpath.basename(words[0])]
        event["proc.args"] = [words[1] if len(words) > 1 else b""]
    name, arguments = _text(event.get("proc.name")), _text(event.get("proc.args"))
    event["proc.cmdline"] = [(name + b" " + arguments).strip()]


def _text(values: list[Value] | None) -> bytes:
    return values[0] if values and isinstance(values[0], bytes) else b""
