"""Whether the plugins that rule files require are there (`required_plugin_versions`).

Source: falcosecurity/falco 0.44.1, `falco_engine.cpp` (`check_plugin_requirements`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lanner.rules.model import PluginRequirement


def unmet_requirement(
    required: Iterable[Iterable[PluginRequirement]], there: Mapping[str, str]
) -> str | None:
    """What Falco says of the first requirement that no plugin meets; None when all are met.

    `there` are the plugins with their versions. A version fits that has the same first number and
    is not lower.
    """
    for alternatives in required:
        known = [one for one in alternatives if one.name in there]
        if not known:
            names = ", ".join(f"{one.name} (>= {one.version})" for one in alternatives)
            return f"Plugin requirement not satisfied, must load one of: {names}"
        wanted, found = known[0], there[known[0].name]
        have, need = _numbers(found), _numbers(wanted.version)
        if have[:1] != need[:1] or have < need:
            return (
                f"Plugin '{wanted.name}' version '{found}' is not compatible with required plugin"
                f" version '{wanted.version}'"
            )
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]{1,9}", version)[:3])
