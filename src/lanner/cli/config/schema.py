"""`lanner config schema`: the JSON schema of configurations."""

from __future__ import annotations

import json

from lanner.config.schema import config_schema


def schema() -> None:
    """Print the JSON schema of configurations, for editors and other checkers.

    Example: lanner config schema > lanner.schema.json
    """
    print(json.dumps(config_schema(), indent=2))  # noqa: T201
