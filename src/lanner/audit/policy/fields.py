"""Typed values out of the nodes of a policy, and what is said where a type is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lanner.audit.policy import codes
from lanner.audit.policy.values import Kind, UnreadableKeyError, fields_of, is_true, kind_of
from lanner.diagnostics import Diagnostic, Label, Severity
from lanner.diagnostics.suggest import suggest
from lanner.rules.yaml_nodes import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Sequence as Items

    from lanner.audit.policy.checks import Refusal
    from lanner.audit.policy.values import Field
    from lanner.diagnostics import Span
    from lanner.rules.yaml_nodes import Node

POLICY: Final = "the policy"
RULE: Final = "a rule"
GROUP: Final = "an entry of a rule's `resources`"
METADATA: Final = "`metadata`"
KNOWN: Final = {
    POLICY: ("apiVersion", "kind", "metadata", "omitStages", "omitManagedFields", "rules"),
    RULE: (
        "level",
        "users",
        "userGroups",
        "verbs",
        "resources",
        "namespaces",
        "nonResourceURLs",
        "omitStages",
        "omitManagedFields",
    ),
    GROUP: ("group", "resources", "resourceNames"),
    METADATA: (
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ),
}
"""The fields of each object, as the API spells them."""


class Reader:
    """Reads values, and collects what is wrong with them.

    `broken` are the paths of values that have the wrong type, so that nothing more is said of them.
    """

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.broken: set[str] = set()

    def error(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        """Something with which the API server does not start."""
        self.found.append(Diagnostic(code, Severity.ERROR, message, span, help=hint))

    def warning(
        self, code: str, message: str, span: Span, hint: str | None = None, *labels: Label
    ) -> None:
        """Something that the API server passes over."""
        self.found.append(Diagnostic(code, Severity.WARNING, message, span, labels, help=hint))

    def refuse(self, refusal: Refusal | None, path: str, span: Span) -> None:
        """A value that the API server's validation refuses."""
        if refusal is not None:
            self.error(codes.VALUE, f"{path}: {refusal.message}", span, refusal.help)

    def wrong_type(self, node: Node, path: str, wanted: Kind) -> None:
        """A value that JSON decoding refuses."""
        self.broken.add(path)
        message = f"{path or 'the file'}: {wanted} is needed here, and this is {kind_of(node)}"
        self.error(codes.TYPE, message, node.span, _conversion(node, wanted))

    def fields(self, node: Node, owner: str, path: str) -> dict[str, Field]:
        """The known fields of an object; nothing, where there is none."""
        if not isinstance(node, Mapping):
            if kind_of(node) is not Kind.NULL:
                self.wrong_type(node, path, Kind.MAPPING)
            return {}
        try:
            fields, repeated = fields_of(node)
        except UnreadableKeyError as unreadable:
            self.broken.add(path)
            self.error(codes.SYNTAX, unreadable.message, unreadable.node.span)
            return {}
        for earlier, later in repeated:
            message = f"`{later.value}` is given twice: the API server takes the last one"
            label = Label(earlier.span, "this one is ignored")
            self.warning(codes.REPEATED_FIELD, message, later.span, None, label)
        known = {name: field for name, field in fields.items() if name in KNOWN[owner]}
        for name, (key, _) in fields.items():
            if name not in known:
                self._unknown(key, owner, known)
        return known

    def items(self, field: Field | None, path: str) -> Items[Node]:
        """The items of a list; none, where there is no list."""
        if field is None:
            return ()
        node = field[1]
        if isinstance(node, Sequence):
            return node.items
        if kind_of(node) is not Kind.NULL:
            self.wrong_type(node, path, Kind.LIST)
        return ()

    def text(self, node: Node, path: str) -> str:
        """A text; empty, where there is nothing."""
        kind = kind_of(node)
        if isinstance(node, Scalar) and kind is Kind.TEXT:
            return node.value
        if kind is not Kind.NULL:
            self.wrong_type(node, path, Kind.TEXT)
        return ""

    def boolean(self, field: Field | None, path: str) -> bool | None:
        """True or false; None, where there is nothing."""
        if field is None:
            return None
        node = field[1]
        kind = kind_of(node)
        if isinstance(node, Scalar) and kind is Kind.BOOLEAN:
            return is_true(node)
        if kind is not Kind.NULL:
            self.wrong_type(node, path, Kind.BOOLEAN)
        return None

    def _unknown(self, key: Scalar, owner: str, present: dict[str, Field]) -> None:
        homes = [home for home, names in KNOWN.items() if key.value in names]
        hint = (
            f"`{key.value}` belongs to {' or '.join(homes)}: check the indentation"
            if homes
            else None
        )
        near = suggest(key.value, KNOWN[owner])
        if near is not None and (near not in present or not homes):
            hint = f"did you mean `{near}`?"
        effect = {
            RULE: ": the rule matches as if it were not there",
            GROUP: ": the entry matches as if it were not there",
        }.get(owner, "")
        message = f"the API server ignores `{key.value}`, which is no field of {owner}{effect}"
        self.warning(codes.UNKNOWN_FIELD, message, key.span, hint)


def _conversion(node: Node, wanted: Kind) -> str | None:
    if not isinstance(node, Scalar):
        return None
    if wanted is Kind.LIST and node.value:
        return f'write `["{node.value}"]`' if node.value.isprintable() else None
    if wanted is Kind.TEXT:
        return f'in quotes it is text: `"{node.value}"`'
    if wanted is Kind.BOOLEAN and node.style and node.value in {"true", "false"}:
        return f"without quotes: {node.value}"
    return None
