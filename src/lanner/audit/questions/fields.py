"""Short names for what people ask of audit events, and the fields of the catalogue they stand for.

Any other name is taken for a field of the catalogue: `ka.req.service.type`, `jevt.value[/level]`.
"""

from __future__ import annotations

FIELDS = {
    "time": "jevt.value[/requestReceivedTimestamp]",
    "stage_time": "jevt.value[/stageTimestamp]",
    "id": "ka.auditid",
    "level": "jevt.value[/level]",
    "stage": "ka.stage",
    "user": "ka.user.name",
    "groups": "ka.user.groups",
    "as": "ka.impuser.name",
    "verb": "ka.verb",
    "group": "jevt.value[/objectRef/apiGroup]",
    "version": "jevt.value[/objectRef/apiVersion]",
    "resource": "ka.target.resource",
    "subresource": "ka.target.subresource",
    "namespace": "ka.target.namespace",
    "name": "ka.target.name",
    "uri": "ka.uri",
    "code": "ka.response.code",
    "reason": "ka.response.reason",
    "message": "jevt.value[/responseStatus/message]",
    "decision": "ka.auth.decision",
    "because": "ka.auth.reason",
    "address": "ka.sourceips",
    "agent": "ka.useragent",
    "removed_in": "jevt.value[/annotations/k8s.io~1removed-release]",
}
"""By name, for `lanner audit query --fields` and for the columns of questions."""

USUAL = ("time", "user", "verb", "resource", "subresource", "namespace", "name", "code")
"""What `lanner audit query --where` prints unless it is told otherwise."""


def catalogue_field(name: str) -> str:
    """The field that a name stands for."""
    return FIELDS.get(name, name)
