"""Falco's plugins that Lanner is in itself (no library is loaded), and the sources they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.config.model import Config

K8SAUDIT = "k8saudit"
K8SMETA = "k8smeta"
SERVED = {"container": "0.7.1", "json": "0.7.4", K8SAUDIT: "0.18.0", K8SMETA: "0.4.1"}
"""Their names, and the versions whose fields and settings Lanner has. Those of k8smeta have no
values: nothing asks k8s-metacollector.
"""
_ALWAYS_THERE = ("container",)


def sources_of(config: Config) -> frozenset[str]:
    """The event sources that a configuration asks for."""
    has_audit = (
        config.audit.listen
        or config.audit.follow
        or any(one.name == K8SAUDIT for one in config.loaded_plugins)
    )
    return frozenset(("syscall", "k8s_audit") if has_audit else ("syscall",))


def plugins_there(config: Config) -> dict[str, str]:
    """What rules can count on: plugins that are loaded, or whose fields and events are there
    anyway; with their versions.
    """
    names = {*_ALWAYS_THERE, *(one.name for one in config.loaded_plugins)}
    if "k8s_audit" in sources_of(config):
        names.add(K8SAUDIT)
    return {name: version for name, version in SERVED.items() if name in names}
