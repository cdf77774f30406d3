"""Kubernetes auditing: policies for what is recorded."""

COMMANDS = {"policy": "check, explain and write audit policies"}
