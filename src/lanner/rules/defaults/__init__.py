"""The rules that ship with Lanner."""

from __future__ import annotations

from pathlib import Path


def default_audit_rules() -> Path:
    """The rule file for Kubernetes audit events."""
    return Path(__file__).with_name("lanner_audit_rules.yaml")


def default_syscall_rules() -> tuple[Path, ...]:
    """The rule files for system calls, in the order in which they must be loaded."""
    parts = ("", "_incubating", "_sandbox")
    return tuple(Path(__file__).with_name(f"lanner_rules{part}.yaml") for part in parts)


def default_rules() -> tuple[Path, ...]:
    """All rule files, in the order in which they must be loaded."""
    return (default_audit_rules(), *default_syscall_rules())
