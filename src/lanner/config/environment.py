"""`${NAME}` in the values of a configuration: the environment variable, or nothing.

`$${NAME}` stands for the text `${NAME}`. From a `$` that begins neither, or a `${` that is not
closed, the rest of a value stands for itself (Falco's `pre_process_env_vars`, 0.44.1).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Environment

_VARIABLE = re.compile(r"\$\{[^}]*\}")
MAX_VALUE = 1 << 20
"""Characters of a value, at most."""
MAX_STEPS = 1000
"""Variables in a value, with those that they name, at most: they can name each other."""


class TooLongError(Exception):
    """A value is too long once its variables are replaced, or has too many."""

    def __init__(self, scalar: Scalar, bound: str) -> None:
        super().__init__(f"with its variables replaced, this is longer than {bound}")
        self.scalar = scalar


def expand(
    node: Node, environment: Environment[str, str], unset: Callable[[Scalar, str], None]
) -> Node:
    """The node with all variables replaced; keys are left as they are.

    Raises:
        TooLongError: a value is longer than `MAX_VALUE` then, or has more than `MAX_STEPS`.

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


def escaped(text: str) -> str:
    """The value of a configuration that stands for a text; there is none for `$${NAME}`."""
    at = text.find("$")
    while at >= 0 and _VARIABLE.match(text, at):
        text = f"{text[:at]}${text[at:]}"
        at = text.find("$", at + 2)
    return text


def _expanded(
    scalar: Scalar, environment: Environment[str, str], unset: Callable[[Scalar, str], None]
) -> Scalar:
    value = scalar.value
    at = value.find("$")
    for _ in range(MAX_STEPS):
        end = value.find("}", at) if at >= 0 else -1
        if end < 0:
            return replace(scalar, value=value)
        if value.startswith("${", at):
            name = value[at + 2 : end]
            found = environment.get(name)
            if found is None:
                unset(scalar, name)
            # what a variable holds may name others: it is looked at again
            value = value[:at] + (found or "") + value[end + 1 :]
            if len(value) > MAX_VALUE:
                raise TooLongError(scalar, f"{MAX_VALUE:,} characters")
        elif value.startswith("$${", at):
            value = value[:at] + value[at + 1 :]
            at += 1
        else:
            return replace(scalar, value=value)
        at = value.find("$", at)
    raise TooLongError(scalar, f"{MAX_STEPS:,} variables")
