"""Audit policies, switching auditing on, recording, and answers."""

COMMANDS = {
    "policy": "check, explain, try and write audit policies",
    "enable": "switch auditing on in kube-apiserver's manifest, and see it start",
    "disable": "switch it off",
    "verify": "say what is wrong with auditing in kube-apiserver's manifest",
    "record": "receive audit events, or follow a log, and record them",
    "query": "filter audit logs with jq, or with a condition",
    "ask": "ready questions: who read, deleted, executed, escalated …",
    "report": "an audit log as a page with plots and tables",
}
