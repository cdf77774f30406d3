"""What narrows a question down, as a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.rules import grammar

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked

_REACHES_MANY = "ka.verb in (list, watch, deletecollection)"


def condition(asked: Asked) -> str:
    """The condition; empty when nothing is asked for.

    A request for many objects has no name, and across all namespaces no namespace: it reaches what
    is asked for all the same.

    Raises:
        ValueError: a value holds what conditions cannot write.

    """
    parts = []
    if asked.user is not None:
        user = grammar.quote(asked.user)
        parts.append(f"(ka.user.name = {user} or ka.impuser.name = {user})")
    for field, value in (
        ("ka.target.namespace", asked.namespace),
        ("ka.target.name", asked.name),
    ):
        if value is not None:
            exact = f"{field} = {grammar.quote(value)}"
            parts.append(f"({exact} or (not {field} exists and {_REACHES_MANY}))")
    if asked.resource is not None:
        resource, _, subresource = asked.resource.partition("/")
        parts.append(f"ka.target.resource = {grammar.quote(resource)}")
        if subresource:
            parts.append(f"ka.target.subresource = {grammar.quote(subresource)}")
    if asked.verb is not None:
        parts.append(f"ka.verb = {grammar.quote(asked.verb)}")
    if asked.address is not None:
        parts.append(f"ka.sourceips intersects ({grammar.quote(asked.address)})")
    return " and ".join(parts)
