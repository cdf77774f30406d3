"""Whether a file is a Policy of audit.k8s.io/v1 at all: its `apiVersion` and `kind`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy import codes
from lanner.audit.policy.values import fields_of
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules.yaml_nodes import Scalar

if TYPE_CHECKING:
    from lanner.audit.policy.fields import Reader
    from lanner.rules.yaml_nodes import Mapping

API_VERSION = "audit.k8s.io/v1"
KIND = "Policy"
_REMOVED = frozenset(("audit.k8s.io/v1alpha1", "audit.k8s.io/v1beta1"))


def check(root: Mapping, reader: Reader) -> bool:
    """Reports a wrong identity; whether the rest looks like a policy and is worth reading.

    The API server finds both fields whatever their case is (encoding/json), then the fields of the
    policy only as they are spelt.
    """
    version, kind = _text(root, "apiVersion", reader), _text(root, "kind", reader)
    if reader.broken:
        return False
    if kind is not None and kind.value not in {KIND, ""}:
        message = f"this is a `{kind.value}`, not a {KIND} of {API_VERSION}"
        reader.error(codes.KIND, message, kind.span, did_you_mean(kind.value, (KIND,)))
        return False
    written = f"write `apiVersion: {API_VERSION}`"
    if version is None or not version.value:
        message = f"`apiVersion` is missing: the API server takes only {API_VERSION}"
        reader.error(codes.KIND, message, version.span if version else root.span, written)
    elif version.value in _REMOVED:
        message = f"Kubernetes 1.24 removed `{version.value}`"
        hint = f"{written}; the rules may stay as they are"
        reader.error(codes.KIND, message, version.span, hint)
    elif version.value != API_VERSION:
        message = f"`{version.value}` is not {API_VERSION}"
        reader.error(codes.KIND, message, version.span, written)
    elif kind is None or not kind.value:
        message = (
            f"`kind` is missing: the API server takes the file for a {KIND}, other tools may not"
        )
        reader.warning(
            codes.NO_KIND, message, kind.span if kind else root.span, f"write `kind: {KIND}`"
        )
    return True


def _text(root: Mapping, name: str, reader: Reader) -> Scalar | None:
    """The last field of that name, in any case."""
    for key, (_, value) in reversed(fields_of(root)[0].items()):
        if key.lower() == name.lower():
            reader.text(value, name)
            return value if isinstance(value, Scalar) else None
    return None
