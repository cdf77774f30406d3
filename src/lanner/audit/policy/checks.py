"""The API server's validation of a policy, value by value.

Conditions, and the paths and messages that diagnostics begin with, follow kubernetes/apiserver
`pkg/apis/audit/validation/validation.go`; the hints are ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from lanner.audit.policy.model import LEVELS, STAGES
from lanner.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from lanner.audit.policy.model import GroupResources, PolicyRule

MAX_GROUP = 253
"""Bytes of a DNS subdomain."""

_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class Refusal(NamedTuple):
    """What the API server says of a value, and what may help."""

    message: str
    help: str | None = None


def refused_level(text: str) -> Refusal | None:
    """Levels are spelt exactly."""
    if not text:
        return Refusal("Required value", f"every rule needs a level: {', '.join(LEVELS)}")
    if text in LEVELS:
        return None
    known = ", ".join(f'"{level}"' for level in LEVELS)
    return Refusal(
        f"Unsupported value: {_quoted(text)}: supported values: {known}", did_you_mean(text, LEVELS)
    )


def refused_stage(text: str) -> Refusal | None:
    """Stages are spelt exactly."""
    if text in STAGES:
        return None
    message = f"allowed stages are {','.join(STAGES)}"
    return Refusal(_invalid(text, message), did_you_mean(text, STAGES))


def refused_url(text: str) -> Refusal | None:
    """A path, a prefix of paths with `*` behind it, or `*` alone."""
    if text == "*":
        return None
    if not text.startswith("/"):
        message = "non-resource URL rules must begin with a '/' character"
        hint = (
            f"write `/{text}`" if text and "://" not in text else "write the path only: `/healthz`"
        )
        return Refusal(_invalid(text, message), hint)
    if "*" in text[:-1]:
        message = "non-resource URL wildcards '*' must be the final character of the rule"
        before = text[: text.index("*")]
        return Refusal(_invalid(text, message), f"`{before}*` matches all that begins with that")
    return None


def refused_group(text: str) -> Refusal | None:
    """The core group's "", `*` for all groups, or a DNS subdomain (RFC 1123)."""
    if text in {"", "*"} or (len(text.encode()) <= MAX_GROUP and _SUBDOMAIN.fullmatch(text)):
        return None
    if len(text.encode()) > MAX_GROUP:
        return Refusal(_invalid(text, f"must be no more than {MAX_GROUP} bytes"))
    hint = "the core group is an empty text"
    if "/" in text:
        group = text.partition("/")[0]
        hint = f"a group has no version here: write {_quoted(group)}"
    elif _SUBDOMAIN.fullmatch(text.strip().lower()):
        hint = f"did you mean `{text.strip().lower()}`?"
    message = "must be a lowercase RFC 1123 subdomain, such as apps or batch"
    return Refusal(_invalid(text, message), hint)


def refused_names(entry: GroupResources) -> Refusal | None:
    """Names belong to resources."""
    if not entry.resource_names or entry.resources:
        return None
    message = "using resourceNames requires at least one resource"
    hint = "name the resources too: `resources: [secrets]`"
    return Refusal(_invalid(entry.resource_names, message), hint)


def refused_mixture(rule: PolicyRule) -> Refusal | None:
    """Paths do not go together with resources or namespaces."""
    if not rule.non_resource_urls or not (rule.resources or rule.namespaces):
        return None
    message = "rules cannot apply to both regular resources and non-resource URLs"
    hint = "make two rules of it: one with `nonResourceURLs`, one with the rest"
    return Refusal(_invalid(rule.non_resource_urls, message), hint)


def _quoted(value: str | tuple[str, ...]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _invalid(value: str | tuple[str, ...], message: str) -> str:
    return f"Invalid value: {_quoted(value)}: {message}"
