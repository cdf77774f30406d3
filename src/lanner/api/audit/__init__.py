"""Answers out of audit logs: ready questions, selections, a report.

Example:
    from lanner.api import audit

    for row in audit.query(["audit.log"], "ka.verb = delete", ("time", "user", "name")):
        print(row["user"], row["name"])
    answer = audit.ask("who-read", ["audit.log"], name="db-cred")
    print(answer.sections[0].rows)

"""

from lanner.api.audit.asking import Asking, ask
from lanner.api.audit.selecting import Selecting, query

__all__ = ["Asking", "Selecting", "ask", "query"]
