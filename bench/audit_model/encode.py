"""Audit events as kube-apiserver writes them: key order, escapes, templates.

Go's encoder escapes `<`, `>` and `&` inside strings, writes struct fields in their declared
order and map keys sorted. A template is the text of an event with `%(name)s` for what changes
from one request to the next:

    a  audit ID          r  requestReceivedTimestamp      t  stageTimestamp
    v  resourceVersion   u  an object's UID               s  five characters of a made-up name
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MARKS = {name: f"\x01{name}\x02" for name in ("a", "r", "t", "v", "u", "s")}
RESOURCE_VERSION, UID, SUFFIX = MARKS["v"], MARKS["u"], MARKS["s"]


def go_json(value: Any) -> str:
    """Compact JSON with Go's HTML escapes; keys keep the order of the mapping."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def template(value: Any) -> str:
    """JSON text whose marks have become `%(name)s`; other percent signs are doubled."""
    text = go_json(value).replace("%", "%%")
    for name in MARKS:
        text = text.replace(f"\\u0001{name}\\u0002", f"%({name})s")
    return text


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: identity, address and program."""

    username: str
    groups: tuple[str, ...]
    source_ip: str
    user_agent: str
    uid: str | None = None
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def user(self) -> dict[str, Any]:
        """The `user` object; a request that failed to authenticate has an empty one."""
        user: dict[str, Any] = {}
        if self.username:
            user["username"] = self.username
        if self.uid is not None:
            user["uid"] = self.uid
        if self.groups:
            user["groups"] = list(self.groups)
        if self.extra:
            user["extra"] = {key: list(self.extra[key]) for key in sorted(self.extra)}
        return user


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for: an object reference and its URI."""

    uri: str
    resource: str | None = None
    namespace: str | None = None
    name: str | None = None
    api_group: str | None = None
    api_version: str = "v1"
    subresource: str | None = None

    def object_ref(self, *, named: bool = True) -> dict[str, Any] | None:
        """The `objectRef`; a create has no name before its body is read."""
        if self.resource is None:
            return None
        pairs = (
            ("resource", self.resource),
            ("namespace", self.namespace),
            ("name", self.name if named else None),
            ("apiGroup", self.api_group),
            ("apiVersion", self.api_version),
            ("subresource", self.subresource),
        )
        return {key: value for key, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Request:
    """One API request, from which the events of its stages are made."""

    caller: Caller
    target: Target
    verb: str
    level: str = "Metadata"
    code: int = 200
    status: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    answer: Any = None
    decision: str | None = "allow"
    reason: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def event(self, stage: str) -> str:
        """The template of the event that this request leaves at a stage."""
        done = stage != "RequestReceived"
        late_name = self.verb == "create" and self.target.subresource is None
        event: dict[str, Any] = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": self.level,
            "auditID": MARKS["a"],
            "stage": stage,
            "requestURI": self.target.uri,
            "verb": self.verb,
            "user": self.caller.user(),
            "sourceIPs": [self.caller.source_ip],
            "userAgent": self.caller.user_agent,
        }
        ref = self.target.object_ref(named=done or not late_name)
        if ref is not None:
            event["objectRef"] = ref
        if done:
            event["responseStatus"] = {"metadata": {}, **self.status, "code": self.code}
            if self.level in {"Request", "RequestResponse"} and self.body is not None:
                event["requestObject"] = self.body
            if self.level == "RequestResponse" and self.answer is not None:
                event["responseObject"] = self.answer
        event["requestReceivedTimestamp"] = MARKS["r"]
        event["stageTimestamp"] = MARKS["t"] if done else MARKS["r"]
        if done and self.decision is not None:
            notes = {
                "authorization.k8s.io/decision": self.decision,
                "authorization.k8s.io/reason": self.reason,
                **self.annotations,
            }
            event["annotations"] = {key: notes[key] for key in sorted(notes)}
        return template(event)
