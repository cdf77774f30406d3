"""Columns that questions share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lanner.audit.questions import actors
from lanner.audit.questions.model import Column

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Cell, Group

_CODE = re.compile("[0-9]{3}")

_MANY = ("list", "watch", "deletecollection")
"""Verbs that reach everything in a namespace, or everywhere, when no name is given."""


def time_text(ns: int) -> str:
    """A time to the second: 2026-11-23T07:18:46Z."""
    # dividing as integers: a double has no room for nanoseconds since 1970
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def actor(group: Group) -> str:
    """Who acted: `alice`, or `alice (as bob)`."""
    user, acting_as = group["user"] or "(not authenticated)", group["as"]
    return f"{user} (as {acting_as})" if acting_as else user


def api_group(group: Group) -> str:
    """The API group; empty for the core group, which Google's log writes out."""
    name = group["group"]
    return "" if not name or name == "core" else str(name)


def kind_of(group: Group) -> str:
    """The resource with group and subresource, as RBAC and kubectl write it: `pods/exec`."""
    resource = group["resource"]
    if not resource:
        return ""
    its_group = api_group(group)
    text = f"{resource}.{its_group}" if its_group else str(resource)
    return f"{text}/{group['subresource']}" if group["subresource"] else text


def _resource(group: Group) -> Cell:
    return kind_of(group) or None


def _target(group: Group) -> Cell:
    """What is named, or the path of what is no resource."""
    return _named(group) or _text(group["path"])


def _named(group: Group) -> Cell:
    """`secrets db-cred`, or `secrets (all)`."""
    resource = kind_of(group)
    if not resource:
        return None
    if group["name"]:
        return f"{resource} {group['name']}"
    return f"{resource} (all)" if group["verb"] in _MANY else resource


def _namespace(group: Group) -> Cell:
    if group["namespace"]:
        return str(group["namespace"])
    return "(all)" if group["resource"] and group["verb"] in _MANY else None


def code_of(group: Group) -> int | None:
    """The HTTP status, where the log has it."""
    code = str(group["code"])
    return int(code) if _CODE.fullmatch(code) else None


def _text(value: Any) -> Cell:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or None
    return str(value) if value not in {None, ""} else None


def plain(head: str, name: str) -> Column:
    """The value of a field as it is."""
    return Column(head, (name,), lambda group: _text(group[name]))


WHO = Column("who", ("user", "as"), actor)
VERB = plain("verb", "verb")
RESOURCE = Column("resource", ("resource", "group", "subresource"), _resource)
TARGET = Column("what", ("resource", "group", "subresource", "name", "verb", "path"), _target)
NAMED = Column("what", ("resource", "group", "subresource", "name", "verb"), _named)
"""The same for requests that are for a resource anyway."""
NAMESPACE = Column("namespace", ("namespace", "verb", "resource"), _namespace)
CODE = Column("result", ("code",), code_of)
ADDRESS = plain("from", "address")
AGENT = plain("client", "agent")
COUNT = Column("requests", (), lambda group: group.count)
FIRST = Column("first", (), lambda group: time_text(group.first_ns))
LAST = Column("last", (), lambda group: time_text(group.last_ns))
TIME = Column("time", (), lambda group: time_text(group.first_ns))
SHARE = Column("share", (), lambda group: f"{group.share:.1%}")
PER_MINUTE = Column("per minute", (), lambda group: round(group.per_minute, 2))


def not_itself(group: Group, asked: Asked) -> bool:
    """Keeps what the API server did not do itself, unless it is asked for. Needs `ITSELF`."""
    return asked.user is not None or not actors.is_api_server(group["user"], group["address"])


ITSELF = ("user", "address")


def itself_notes(groups: list[Group], asked: Asked) -> list[str]:
    """What to say of what `not_itself` left out."""
    count = sum(group.count for group in groups if not not_itself(group, asked))
    if not count:
        return []
    note = f"{count:,} requests of the API server itself are left out: it makes default objects"
    return [f"{note} when it starts; --user system:apiserver shows them"]


def most(group: Group) -> tuple[int, int]:
    """An order: what comes most often first."""
    return (-group.count, group.first_ns)
