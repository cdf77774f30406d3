"""`lanner fields`: the fields that conditions and outputs can use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from lanner import catalog
from lanner.cli import common, tables

if TYPE_CHECKING:
    from lanner.catalog import Field

ARGUMENTS = {
    "-": "",
    "number?": "[number], optional",
    "index?": "[number], optional",
    "key?": "[key], optional",
    "key!": "[key]",
    "both!": "[number or key]",
    "number!": "[number]",
    "parameter!": ".parameter",
    "dotted!": ".name",
    "dotted?": ".src or .dst, optional",
}


def fields(
    prefix: Annotated[
        str | None, typer.Argument(metavar="[PREFIX]", help="Only fields that start so.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("-s", "--source", help="Only fields of this event source."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """List the fields that conditions and outputs can use, with type, argument and meaning.

    Exit code: 0; 1 when no field fits; 2 usage.

    Example: lanner fields ka.target
    """
    if source not in (None, "syscall", "k8s_audit"):
        common.usage_error(f"unknown source `{source}`: it is syscall or k8s_audit")
    found = [
        field
        for field in catalog.fields(source)
        if field.name.startswith(prefix or "") and "table_only" not in field.flags
    ]
    if not found:
        near = catalog.suggest_field(prefix or "", source or "syscall")
        common.complain(
            f"no field starts with `{prefix}`" + (f"; did you mean `{near}`?" if near else "")
        )
        raise typer.Exit(1)
    if json_output:
        print(json.dumps([_json(field) for field in found], indent=2))  # noqa: T201
        return
    tables.write(
        ("Field", "Type", "Argument", "Description"),
        [(field.name, type_text(field), ARGUMENTS[field.argument], field.doc) for field in found],
        markdown=markdown,
    )


def type_text(field: Field) -> str:
    """Falco's name of the type: `CHARBUF`, `CHARBUF (list)`."""
    return field.type.upper() + (" (list)" if field.is_list else "")


def _json(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "class": field.field_class,
        "type": field.type.upper(),
        "list": field.is_list,
        "source": field.source,
        "argument": ARGUMENTS[field.argument],
        "lifetime": field.lifetime,
        "deprecated": "deprecated" in field.flags,
        "description": field.doc,
        "example": field.example,
    }
