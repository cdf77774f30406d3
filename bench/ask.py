"""Questions to audit logs: `lanner audit query` and `lanner audit ask` against jq."""

from __future__ import annotations

import shutil

from bench.audit import EVENTS, inputs
from bench.measure import LANNER, Ratio, in_turn, tables, warm

_GOAL = "at least 10×"
QUESTIONS = ("who-read", "who-deleted", "failed", "escalations", "timeline", "rbac")
_USER = ("--user", "system:kube-scheduler")

SELECT = 'select(.verb=="delete") | [.requestReceivedTimestamp, .user.username]'
COUNT = """reduce (inputs | select(.stage != "RequestReceived")) as $e ({};
  .users[$e.user.username // ""] += 1 | .agents[$e.userAgent // ""] += 1
  | .verbs[$e.verb + " " + ($e.objectRef.resource // "")] += 1)"""
"""What `noisiest` counts, but for requests with several stages, and without shares and IDs."""


def section() -> str | None:
    """The measured part about questions; None without jq."""
    if not shutil.which("jq"):
        return None
    log, _, _ = inputs()
    warm(log)
    ask = [LANNER, "audit", "ask"]
    commands = {
        "jq select": ["jq", "-c", SELECT, str(log)],
        "query --where": [
            *[LANNER, "audit", "query", "--where", "ka.verb = delete"],
            *["--fields", "time,user", str(log)],
        ],
        **{
            question: [
                *ask,
                question,
                str(log),
                *(_USER if question in {"timeline", "rbac"} else ()),
            ]
            for question in QUESTIONS
        },
        "jq count": ["jq", "-n", COUNT, str(log)],
        "noisiest": [*ask, "noisiest", str(log)],
    }
    runs = in_turn(commands)
    ratios = [
        Ratio("jq select / query --where", "jq select", "query --where", _GOAL),
        *(
            Ratio(f"jq select / ask {question}", "jq select", question, _GOAL)
            for question in QUESTIONS
        ),
        Ratio("jq count / ask noisiest", "jq count", "noisiest", _GOAL),
    ]
    size = log.stat().st_size / 1e6
    return f"Log of {EVENTS:,} events, {size:,.0f} MB.\n\n" + tables(runs, ratios)


if __name__ == "__main__":
    print(section())
