"""Audit policies, recording, switching it on, and answers."""

COMMANDS = {"policy": "audit policies: check, explain, simulate, write one"}
