"""The versions that Falco's consumers ask for, and Lanner's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lanner.config.plugins import SERVED
from lanner.version import __version__

if TYPE_CHECKING:
    from lanner.config import Config

FALCO_VERSION = "0.44.1"
"""The Falco that Lanner stands in for."""


def versions_with(config: Config) -> dict[str, Any]:
    """What `/versions` answers: those of the plugins that are loaded, too."""
    loaded = {one.name: SERVED[one.name] for one in config.loaded_plugins if one.name in SERVED}
    return versions() | ({"plugin_versions": loaded} if loaded else {})


def versions() -> dict[str, str]:
    """What `--version` prints as JSON: Falco's keys, and Lanner's version.

    Source: `versions_info.cpp` and `driver.cmake` of Falco 0.44.1; `driver/API_VERSION`,
    `driver/SCHEMA_VERSION` and `plugin_api.h` of libs 0.25.4.
    """
    return {
        "default_driver_version": "10.2.0+driver",
        "driver_api_version": "10.1.0",
        "driver_schema_version": "4.5.1",
        "engine_version": "62",
        "engine_version_semver": "0.62.0",
        "falco_version": FALCO_VERSION,
        "lanner_version": __version__,
        "libs_version": "0.25.4",
        "plugin_api_version": "3.12.0",
    }
