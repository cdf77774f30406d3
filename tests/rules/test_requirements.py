"""Which versions of plugins meet what rule files require."""

from __future__ import annotations

import pytest

from lanner.rules.model import PluginRequirement
from lanner.rules.requirements import unmet_requirement

_THERE = {"json": "0.7.4", "k8saudit": "0.18.0"}


@pytest.mark.parametrize(
    ("alternatives", "said"),
    [
        ([("json", "0.7.4")], None),
        ([("json", "0.2.0")], None),
        ([("k8saudit-eks", "0.4.0"), ("k8saudit", "0.7.0")], None),
        ([("json", "0.7.5")], "Plugin 'json' version '0.7.4' is not compatible"),
        ([("json", "1.0.0")], "required plugin version '1.0.0'"),
        ([("a", "0.1.0"), ("b", "0.2.0")], "must load one of: a (>= 0.1.0), b (>= 0.2.0)"),
    ],
)
def test_requirements(alternatives: list[tuple[str, str]], said: str | None) -> None:
    wanted = [PluginRequirement(name, version) for name, version in alternatives]
    found = unmet_requirement([wanted], _THERE)
    assert found is None if said is None else said in (found or "")
