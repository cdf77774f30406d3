"""`${NAME}` in the values of a configuration: the environment variable, or nothing.

`$${NAME}` stands for the text `${NAME}`, and a `${` that is not closed for itself (Falco's
`pre_process_env_vars`, engine 0.62).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Environment

_VARIABLE = re.compile(r"\$(\$?)\{([^}]*)\}")
MAX_VALUE = 1 << 20
"""Characters of a value, at most."""


class TooLongError(Exception):
    """A value is too long once its variables are replaced."""

    def __init__(self, scalar: Scalar) -> None:
        super().__init__(
            f"with its variables replaced, this is longer than {MAX_VALUE:,} characters"
        )
        self.scalar = scalar


def expand(
    node: Node, environment: Environment[str, str], unset: Callable[[Scalar, str], None]
) -> Node:
    """The node with all variables replaced; keys are left as they are.

    Raises:
        TooLongError: a value is longer than `MAX_VALUE` then.

    """
    match node:
        case Scalar():
            return _expanded(node, environment, unset) if "$" in node.value else node
        case Sequence(items=items):
            return replace(node, items=[expand(item, environment, unset) for item in items])
        case Mapping(pairs=pairs):
            return replace(
                node,
                pairs=[(key, expand(value, environment, unset)) for key, value in pairs],
            )


def _expanded(
    scalar: Scalar, environment: Environment[str, str], unset: Callable[[Scalar, str], None]
) -> Scalar:
    def value_of(found: re.Match[str]) -> str:
        if found[1]:
            return f"${{{found[2]}}}"
        value = environment.get(found[2])
        if value is None:
            unset(scalar, found[2])
            return ""
        return value

    size = 0

    def bounded(found: re.Match[str]) -> str:
        nonlocal size
        value = value_of(found)
        size += len(value)
        if size > MAX_VALUE:
            raise TooLongError(scalar)
        return value

    return replace(scalar, value=_VARIABLE.sub(bounded, scalar.value))
