"""Policy files: from bytes to a checked policy, as kube-apiserver reads them.

The API server takes a file that begins with `{` for JSON, anything else for YAML, and of YAML only
the first document (kubernetes/apiserver 0.37.2, `pkg/audit/policy/reader.go`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from lanner.audit.policy import codes, identity
from lanner.audit.policy.decode import decode
from lanner.audit.policy.fields import Reader
from lanner.audit.policy.values import Kind, UnreadableKeyError, kind_of
from lanner.diagnostics import Diagnostic, Source, Span
from lanner.rules.loader import Unreadable, read_source
from lanner.rules.yaml_nodes import Mapping, parse_yaml

if TYPE_CHECKING:
    import os

    from lanner.audit.policy.model import Policy
    from lanner.rules.yaml_nodes import Parsed

MAX_FILE_BYTES = 1024 * 1024
MAX_NODES = 200_000
"""Values in a file, each use of an alias counting all that it stands for."""

_OTHER_YAML = re.compile(r"^%YAML[ \t]+(?!1\.1(?:\s|$))[^\r\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A file: the policy in it, unless there are errors, and what there is to say."""

    name: str
    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether kube-apiserver would start with it."""
        return self.policy is not None


def load_policy(path: str | os.PathLike[str]) -> LoadedPolicy:
    """Reads a policy file. Never raises for what is in it, or for a file that is not there."""
    return read_policy(read_source(path, MAX_FILE_BYTES))


def read_policy(source: Source | Unreadable) -> LoadedPolicy:
    """The policy in a text. Never raises for what is in it."""
    if isinstance(source, Unreadable):
        code = codes.SYNTAX if source.diagnostic.span else codes.FILE
        return LoadedPolicy(source.name, None, (replace(source.diagnostic, code=code),))
    reader = Reader()
    policy = _policy(source, reader)
    found = sorted(reader.found, key=lambda one: one.span.start if one.span else 0)
    broken = any(one.is_error for one in found)
    return LoadedPolicy(source.name, None if broken else policy, tuple(found))


def _policy(source: Source, reader: Reader) -> Policy | None:
    parsed = parse_yaml(source, MAX_NODES)
    if _syntax_error(source, parsed, reader):
        return None
    root = parsed.documents[0] if parsed.documents else None
    if root is None or kind_of(root) is Kind.NULL:
        message = "the file is empty: the API server takes only a Policy of audit.k8s.io/v1"
        hint = "`lanner audit policy init` writes one to start from"
        if root is not None:
            hint = "the first document is what counts, and it is empty: remove the `---` before it"
        reader.error(codes.KIND, message, Span(source, 0, 0), hint)
        return None
    _rest_of_file(parsed, reader)
    if not isinstance(root, Mapping):
        reader.wrong_type(root, "", Kind.MAPPING)
        return None
    try:
        return decode(root, reader) if identity.check(root, reader) else None
    except UnreadableKeyError as unreadable:
        reader.error(codes.SYNTAX, unreadable.message, unreadable.node.span)
        return None


def _syntax_error(source: Source, parsed: Parsed, reader: Reader) -> bool:
    if parsed.problem is not None and not parsed.documents:
        reader.found.append(replace(parsed.problem, code=codes.SYNTAX))
        return True
    if source.text.lstrip().startswith("{"):
        return _json_error(source, parsed, reader)
    start = parsed.documents[0].start if parsed.documents else 0
    directive = _OTHER_YAML.search(source.text, 0, start)
    if directive is not None:
        message = "the API server reads YAML 1.1 only, and refuses this line"
        reader.error(codes.SYNTAX, message, Span(source, *directive.span()), "remove the line")
    return directive is not None


def _json_error(source: Source, parsed: Parsed, reader: Reader) -> bool:
    """What begins with `{` must be JSON to its end."""
    try:
        json.loads(source.text, parse_int=str, parse_float=str, parse_constant=_no_json)
    except json.JSONDecodeError as error:
        message = f"a file that begins with `{{` must be JSON: {error.msg}"
        span = Span(source, error.pos, min(error.pos + 1, len(source.text)))
        hint = "quote every key and text, or write it as a YAML block"
        reader.error(codes.SYNTAX, message, span, hint)
        return True
    if parsed.problem is not None:
        reader.found.append(replace(parsed.problem, code=codes.SYNTAX))
    return parsed.problem is not None


def _no_json(word: str) -> NoReturn:
    raise json.JSONDecodeError(f"{word} is no number", word, 0)


def _rest_of_file(parsed: Parsed, reader: Reader) -> None:
    """What follows the first document is not read at all, whatever it is."""
    ignored = [node.span for node in parsed.documents[1:] if kind_of(node) is not Kind.NULL]
    if parsed.problem is not None and parsed.problem.span is not None:
        ignored.append(parsed.problem.span)
    if ignored:
        message = (
            "the API server ignores this, and all that follows: only the first document counts"
        )
        reader.warning(
            codes.IGNORED_TEXT, message, ignored[0], "put all rules into one `rules:` list"
        )
