"""The line that a channel sends of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lanner.outputs.channels import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Record


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How alerts are written: Falco's `json_output` and `json_include_…_property`."""

    json: bool = False
    output: bool = True
    message: bool = False
    output_fields: bool = True
    tags: bool = True

    def messages(self, records: Sequence[Record]) -> list[Message]:
        """What is sent of records."""
        if not self.json:
            return [Message(record.text, record) for record in records]
        if self.output and self.output_fields and self.tags and not self.message:
            return [Message(record.json, record) for record in records]
        return [Message(self._chosen(record), record) for record in records]

    def _chosen(self, record: Record) -> str:
        alert: dict[str, Any] = msgspec.json.decode(record.json)
        if self.message and alert.get("source") != "internal":
            # behind time and priority
            alert["message"] = alert.get("output", "").split(": ", 1)[-1].split(" ", 1)[-1]
        for name in ("output", "output_fields", "tags"):
            if not getattr(self, name):
                alert.pop(name, None)
        return msgspec.json.encode(alert, order="sorted").decode()
