"""How expensive predicates are, in units of an integer comparison.

Only the order matters: cheap children of an `and` or `or` are evaluated first.
"""

from __future__ import annotations

_OPERATORS = {
    "exists": 1,
    "=": 2,
    "!=": 2,
    "<": 2,
    "<=": 2,
    ">": 2,
    ">=": 2,
    "startswith": 3,
    "endswith": 3,
    "bstartswith": 3,
    "in": 4,
    "intersects": 4,
    "pmatch": 8,
    "contains": 10,
    "bcontains": 10,
    "icontains": 20,
    "glob": 20,
    "iglob": 25,
    "regex": 40,
}
# what has to be looked for below a top-level member of an audit event costs more, bodies most
_FIELD_PREFIXES = (
    ("ka.req.", 60),
    ("ka.resp.", 60),
    ("ka.target.pod.", 60),
    ("ka.uri.param", 15),
    ("ka.auth", 12),
    ("ka.target.", 8),
    ("ka.user.", 8),
    ("ka.response.", 8),
)
_BODIES = ("/requestObject", "/responseObject")


def predicate_cost(operator: str, values: int) -> int:
    """The cost of comparing, without getting at the operands."""
    base = _OPERATORS[operator]
    return base if operator in ("in", "intersects", "=") else base * max(1, min(values, 8))


def operand_cost(name: str, argument: str | None) -> int:
    """The cost of getting at a field."""
    if name in ("jevt.value", "json.value"):
        pointer = argument or ""
        if pointer.startswith(_BODIES):
            return 60
        return 4 if pointer.count("/") < 2 else 10
    if name in ("jevt.obj", "json.obj"):
        return 200
    return next((cost for prefix, cost in _FIELD_PREFIXES if name.startswith(prefix)), 4)
