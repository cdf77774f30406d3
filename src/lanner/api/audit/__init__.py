"""Answers out of audit logs: ready questions, selections, a report.

Example:
    from lanner.api import audit

    for row in audit.query(["audit.log"], "ka.verb = delete", ("time", "user", "name")):
        print(row["user"], row["name"])
    answer = audit.ask("who-read", ["audit.log"], name="db-cred")
    print(answer.sections[0].rows)
    Path("report.html").write_text(audit.report(["audit.log"]))

"""

from lanner.api.audit.asking import EVIDENCE, Asking, ask
from lanner.api.audit.report import Reporting, report
from lanner.api.audit.selecting import WHOLE_EVENT, Selecting, events_of, query, rows_of

__all__ = [
    "EVIDENCE",
    "WHOLE_EVENT",
    "Asking",
    "Reporting",
    "Selecting",
    "ask",
    "events_of",
    "query",
    "report",
    "rows_of",
]
