"""`escalations`: who changed what people may do, and who acted as somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lanner.audit.questions import access, bodies, columns
from lanner.audit.questions.bodies import items_of, part_of, words_of
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log

_RBAC = "rbac.authorization.k8s.io"
_ESCALATING = ("bind", "escalate", "impersonate")
_EVERYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated")
_REACHING = ("pods/exec", "pods/attach", "nodes/proxy", "serviceaccounts/token")


def _what(group: Group) -> str:
    # all are of one API group, which would make the column wide
    return f"{group['resource']} {group['name'] or '(all)'}"


def _groups(group: Group) -> str | None:
    return ", ".join(access.impersonated_groups(group)) or None


def _effect(group: Group) -> str | None:
    """What a change of roles or bindings does, in words."""
    if group["verb"] not in {"create", "update", "patch"}:
        return None
    body = bodies.body(group)
    if body is None:
        return bodies.not_recorded(group)
    if isinstance(body, list):
        steps = [f"{part_of(step, 'op')} {part_of(step, 'path')}" for step in body]
        return "patch: " + ", ".join(steps)
    said = []
    role = part_of(body, "roleRef", "name")
    subjects = [_subject(one) for one in items_of(body, "subjects")]
    if role or subjects:
        said.append(f"gives {role or 'its role'} to {', '.join(subjects) or 'nobody'}")
    said += [_grant(rule) for rule in items_of(body, "rules")]
    return "; ".join(said) or None


def _subject(subject: Any) -> str:
    kind, name = part_of(subject, "kind"), part_of(subject, "name")
    namespace = part_of(subject, "namespace")
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _grant(rule: Any) -> str:
    what = words_of(rule, "resources") + words_of(rule, "nonResourceURLs")
    names = words_of(rule, "resourceNames")
    only = f" ({', '.join(names)})" if names else ""
    return f"lets {','.join(words_of(rule, 'verbs'))} {','.join(what)}{only}"


def _danger(group: Group) -> str | None:
    """Why a change deserves a second look; None where nothing is known against it."""
    if group["verb"] not in {"create", "update", "patch"}:
        return None
    body = bodies.body(group)
    if body is None:
        return "unknown"
    found = []
    if part_of(body, "roleRef", "name") == "cluster-admin":
        found.append("cluster-admin")
    names = [part_of(subject, "name") for subject in items_of(body, "subjects")]
    if any(name in _EVERYBODY for name in names):
        found.append("everybody")
    if "system:masters" in names:
        found.append("system:masters")
    rules = items_of(body, "rules")
    if any("*" in words_of(rule, key) for rule in rules for key in ("verbs", "resources")):
        found.append("wildcard")
    verbs = {verb for rule in rules for verb in words_of(rule, "verbs")}
    found += [verb for verb in _ESCALATING if verb in verbs]
    resources = {resource for rule in rules for resource in words_of(rule, "resources")}
    found += [resource for resource in _REACHING if resource in resources]
    return ", ".join(found) or None


def _notes(_log: Log, groups: list[list[Group]], asked: Asked) -> list[str]:
    kept = [group for group in groups[0] if columns.not_itself(group, asked)]
    changes = [group for group in kept if group["verb"] in {"create", "update", "patch"}]
    notes = columns.itself_notes(groups[0], asked)
    if bodies.is_missing(changes):
        notes.append(
            "which role was bound to whom, and what roles grant, is in the body of the request:"
            " record rbac.authorization.k8s.io at the level Request to see it"
        )
    if any(isinstance(bodies.body(group), list) for group in changes):
        notes.append("of JSON patches only the places that they change are shown")
    notes.append(
        "the checks of `bind` and `escalate` happen inside the API server and are not recorded:"
        " shown are roles that grant them"
    )
    return notes


QUESTION = Question(
    name="escalations",
    help="Who changed roles and bindings, what these give, and who acted as somebody else.",
    parts=(
        Part(
            title="Changes of roles and bindings",
            condition=(
                f'jevt.value[/objectRef/apiGroup] = "{_RBAC}" and'
                " ka.verb in (create, update, patch, delete, deletecollection)"
            ),
            each=True,
            columns=(
                columns.TIME,
                columns.WHO,
                columns.VERB,
                Column("what", ("resource", "name", "verb"), _what),
                columns.NAMESPACE,
                columns.CODE,
                Column("look at", ("verb", *bodies.NEEDS), _danger),
                Column("effect", ("verb", *bodies.NEEDS, *columns.ITSELF), _effect),
            ),
            keep=columns.not_itself,
        ),
        Part(
            title="Acting as somebody else",
            condition="ka.impuser.name exists",
            columns=(
                columns.WHO,
                Column("in groups", (access.IMPERSONATED_GROUPS,), _groups),
                columns.VERB,
                columns.TARGET,
                columns.NAMESPACE,
                columns.CODE,
                columns.COUNT,
                columns.FIRST,
                columns.LAST,
            ),
        ),
    ),
    notes=_notes,
)
