"""`tokens`: who made credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lanner.audit.questions import bodies, columns
from lanner.audit.questions.bodies import items_of, part_of, words_of
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log

_TYPE = "jevt.value[/requestObject/type]"


def _details(group: Group) -> str | None:
    body = bodies.body(group)
    if body is None:
        return bodies.not_recorded(group)
    if group["resource"] == "serviceaccounts":
        return _of_token(body)
    if group["resource"] == "secrets":
        return str(part_of(body, "type"))
    conditions = [
        str(part_of(condition, "type")) for condition in items_of(body, "status", "conditions")
    ]
    signer = part_of(body, "spec", "signerName")
    return ", ".join([*conditions, *([f"signer {signer}"] if signer else [])]) or None


def _of_token(body: Any) -> str | None:
    audiences = words_of(body, "spec", "audiences")
    seconds = part_of(body, "spec", "expirationSeconds")
    said = [f"for {', '.join(audiences)}"] if audiences else []
    if seconds is not None:
        said.append(f"{seconds} seconds")
    return ", ".join(said) or None


def _notes(_log: Log, groups: list[list[Group]], _asked: Asked) -> list[str]:
    notes = []
    if bodies.is_missing(groups[0]):
        notes.append(
            "for whom a token is and how long it lives is in the body: level Request. Do not record"
            " responses of tokens: they hold the token"
        )
    if groups[1]:
        notes.append(
            "the type of a Secret is in its body, which is not recorded: any of the Secrets in the"
            " second table may be a token"
        )
    return notes


QUESTION = Question(
    name="tokens",
    help="Who requested tokens, made token Secrets, or asked for and approved certificates.",
    parts=(
        Part(
            title="Tokens and certificates",
            condition=(
                "((ka.target.resource = serviceaccounts and ka.target.subresource = token and"
                " ka.verb = create) or"
                " (ka.target.resource = secrets and ka.verb in (create, update, patch) and"
                f' {_TYPE} in ("kubernetes.io/service-account-token",'
                ' "bootstrap.kubernetes.io/token")) or'
                " (ka.target.resource = certificatesigningrequests and"
                " (ka.verb = create or (ka.target.subresource = approval and"
                " ka.verb in (update, patch)))))"
            ),
            each=True,
            columns=(
                columns.TIME,
                columns.WHO,
                columns.VERB,
                columns.NAMED,
                columns.NAMESPACE,
                columns.CODE,
                Column("details", ("resource", *bodies.NEEDS), _details),
            ),
        ),
        Part(
            title="Secrets whose type is not on record",
            condition=(
                "ka.target.resource = secrets and ka.verb in (create, update) and"
                f" not {bodies.BODY} exists and not ka.response.code startswith 4"
            ),
            columns=(
                columns.WHO,
                columns.VERB,
                columns.NAMED,
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
