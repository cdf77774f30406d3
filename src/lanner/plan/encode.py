"""The plan as JSON: what goes down to the native engine, and golden files."""

from __future__ import annotations

import msgspec

from lanner.plan.model import Plan

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Plan)


def encode(plan: Plan) -> bytes:
    """The plan as JSON."""
    return _encoder.encode(plan)


def decode(data: bytes) -> Plan:
    """The plan from its JSON.

    Raises:
        msgspec.ValidationError: the data is no plan.

    """
    return _decoder.decode(data)
