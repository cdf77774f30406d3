"""What of a request an audit policy looks at.

kubernetes/apiserver `pkg/endpoints/request/requestinfo.go` makes it of the method and the URL,
before the body is read: the name of an object that is created is not in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

METHODS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
"""Verbs of requests for resources, by HTTP method."""

_VERBS_IN_PATHS = frozenset(("proxy", "watch"))
_PARTS_OF_NAMESPACES = frozenset(("status", "finalize"))
_NUMBERS = ("limit", "timeoutSeconds")
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")
_TERM = re.compile(r"(?:^|,)((?:\\.|[^\\,])*)", re.DOTALL)
_COMPARISON = re.compile(
    r"(?P<key>[^=!]*?)(?P<operator>!=|==|=)(?P<value>(?:\\[\\,=]|[^\\,=])*)", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
"""Field selectors: apimachinery `pkg/fields/selector.go`."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """A request. `user` is None when authentication failed; it is never an impersonated user."""

    user: str | None
    groups: tuple[str, ...]
    verb: str
    path: str = ""
    is_resource_request: bool = False
    namespace: str = ""
    api_group: str = ""
    api_version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""

    @property
    def combined_resource(self) -> str:
        """The resource with its subresource, as policies write it: `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def from_url(method: str, url: str, user: str | None, groups: Iterable[str] = ()) -> Attributes:
    """The attributes of an HTTP request.

    Raises:
        ValueError: the API server answers such a URL with an error, before it audits anything.

    """
    path, query = _split(url)
    request = Attributes(user, tuple(groups), method.lower(), path)
    return _with_resource(request, METHODS.get(method.upper(), ""), query)


def from_event(event: Mapping[str, Any]) -> Attributes:
    """The attributes of the request that an audit event tells of.

    The URI decides, because the API server completes `objectRef` from the body; `objectRef` counts
    only where there is no URI. What is missing, or not of the right type, is empty.
    """
    user = _mapping(event, "user")
    groups = user.get("groups")
    listed = groups if isinstance(groups, list) else ()
    verb = _text(event, "verb")
    path, query = _split(_text(event, "requestURI"))
    request = Attributes(
        user=_text(user, "username") or None,
        groups=tuple(group for group in listed if isinstance(group, str)),
        verb=verb,
        path=path,
    )
    if not path:
        return _with_object(request, _mapping(event, "objectRef"))
    method_verb = "get" if verb in {"list", "watch"} else verb
    try:
        found = _with_resource(request, method_verb, query)
    except ValueError:
        return request
    return replace(found, verb=verb)


def _with_resource(request: Attributes, verb: str, query: str) -> Attributes:
    parts = request.path.strip("/").split("/")
    if len(parts) < 3 or parts[0] not in {"api", "apis"}:
        return request
    group = ""
    if parts[0] == "apis":
        if len(parts) < 4:
            return request
        group = parts.pop(1)
    version, parts = parts[1], parts[2:]
    if parts[0] in _VERBS_IN_PATHS:
        if len(parts) < 2:
            raise ValueError("the API server refuses this URL: nothing follows `watch` or `proxy`")
        verb, parts = parts[0], parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _PARTS_OF_NAMESPACES:
            parts = parts[2:]
    name = parts[1] if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 and verb != "proxy" else ""
    if not name and verb == "get":
        verb, name = _list_or_watch(query)
    elif not name and verb == "delete":
        verb = "deletecollection"
    return replace(
        request,
        is_resource_request=True,
        verb=verb,
        api_group=group,
        api_version=version,
        namespace=namespace,
        resource=parts[0],
        subresource=subresource,
        name=name,
    )


def _list_or_watch(query: str) -> tuple[str, str]:
    """The verb, and the name that a field selector asks for."""
    options = parse_qs(query, keep_blank_values=True)
    watch = "watch" in options and options["watch"][0].lower() not in {"false", "0"}
    name = ""
    # options that cannot be decoded are forgotten, except for `watch`
    if all(_is_number(options[key][0]) for key in _NUMBERS if key in options):
        name = _selected_name(options.get("fieldSelector", [""])[0])
    return "watch" if watch else "list", name


def _is_number(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None and -(1 << 63) <= int(text) < 1 << 63


def _selected_name(selector: str) -> str:
    """The name in a field selector such as `status.phase=Running,metadata.name=web`."""
    name = None
    for term in _TERM.findall(selector):
        if not term:
            continue
        comparison = _COMPARISON.fullmatch(term)
        if comparison is None:
            return ""
        if comparison["key"] == "metadata.name" and comparison["operator"] != "!=" and name is None:
            name = _ESCAPED.sub(r"\1", comparison["value"])
    return "" if name is None or name in {".", ".."} or {"/", "%"} & set(name) else name


def _with_object(request: Attributes, target: Mapping[str, Any]) -> Attributes:
    if not target:
        return request
    subresource = _text(target, "subresource")
    named_in_body = request.verb == "create" and not subresource
    return replace(
        request,
        is_resource_request=True,
        namespace=_text(target, "namespace"),
        api_group=_text(target, "apiGroup"),
        api_version=_text(target, "apiVersion"),
        resource=_text(target, "resource"),
        subresource=subresource,
        name="" if named_in_body else _text(target, "name"),
    )


def _split(url: str) -> tuple[str, str]:
    """Path, decoded, and query of a URL, with or without scheme and host."""
    scheme, found, rest = url.partition("://")
    if found and "/" not in scheme and "?" not in scheme:
        url = "/" + rest.partition("/")[2]
    path, _, query = url.partition("?")
    return unquote(path), query


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}
