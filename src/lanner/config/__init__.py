"""Configuration: `falco.yaml` and `lanner.yaml`, which have the same keys."""

from lanner.config.loader import Loaded, load_config
from lanner.config.model import Config

__all__ = ["Config", "Loaded", "load_config"]
