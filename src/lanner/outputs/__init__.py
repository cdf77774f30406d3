"""Alerts, and how they leave."""

from lanner.outputs.alert import PRIORITIES, Alert, decode_alerts

__all__ = ["PRIORITIES", "Alert", "decode_alerts"]
