"""`lanner config schema`: the JSON schema of configurations."""

from __future__ import annotations

import json

import msgspec

from lanner.config import Config


def schema() -> None:
    """Print the JSON schema of configurations, for editors and other checkers.

    Example: lanner config schema > lanner.schema.json
    """
    print(json.dumps(msgspec.json.schema(Config), indent=2))  # noqa: T201
