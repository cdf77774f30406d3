"""The rules that ship with Lanner."""

from __future__ import annotations

from pathlib import Path


def default_audit_rules() -> Path:
    """The rule file for Kubernetes audit events."""
    return Path(__file__).with_name("lanner_audit_rules.yaml")
