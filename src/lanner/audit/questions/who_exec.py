"""`who-exec`: who ran commands in pods, or reached into them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from lanner.audit.questions import columns
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Cell, Group


def _command(group: Group) -> Cell:
    """The command line of an exec, or the ports of a port-forward: parts of the request's URI,
    which is recorded at every level.
    """
    query = _query(group)
    if query.get("command"):
        return shlex.join(query["command"])
    return ", ".join(f"port {port}" for port in query.get("ports", ())) or None


def _container(group: Group) -> Cell:
    names = _query(group).get("container")
    return names[0] if names else None


def _query(group: Group) -> dict[str, list[str]]:
    return parse_qs(str(group["uri"]).partition("?")[2], keep_blank_values=True)


QUESTION = Question(
    name="who-exec",
    help="Who ran commands in pods, attached, forwarded ports, or added debug containers.",
    parts=(
        Part(
            title="Who reached into pods",
            # a websocket begins with a GET, SPDY with a POST: both are an exec
            condition=(
                "((ka.target.resource = pods and ka.target.subresource in"
                " (exec, attach, portforward, proxy)) or"
                " (ka.target.resource = nodes and ka.target.subresource = proxy) or"
                " (ka.target.resource = pods and ka.target.subresource = ephemeralcontainers"
                " and ka.verb in (update, patch)))"
            ),
            each=True,
            columns=(
                columns.TIME,
                columns.WHO,
                columns.NAMED,
                columns.NAMESPACE,
                Column("container", ("uri",), _container),
                Column("command", ("uri",), _command),
                columns.CODE,
                columns.ADDRESS,
            ),
        ),
    ),
    notes=lambda _log, _groups, _asked: [
        (
            "what was typed into a shell or sent through a port is not in audit logs, and neither"
            " is what goes to a kubelet without the API server"
        )
    ],
)
