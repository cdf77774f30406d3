"""Audit policies: what is wrong with one, what it decides, and one to start from."""

COMMANDS = {
    "check": "say what is wrong with policies, and what could be better",
    "explain": "say which rule decides about a request, and why the others do not",
    "simulate": "say what policies would keep of a recorded log",
    "coverage": "say which detection rules can never fire under a policy",
    "for-rules": "write the smallest policy under which detection rules can fire",
    "init": "write a commented policy to start from",
}
