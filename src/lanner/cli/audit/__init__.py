"""Kubernetes audit policies and logs."""

COMMANDS = {"policy": "check audit policies, and see what they record"}
