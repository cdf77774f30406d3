"""Manifests from files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lanner.audit.manifest import codes
from lanner.audit.manifest.parsed import MAX_BYTES, NoManifestError, read_manifest
from lanner.rules.loader import Unreadable, read_source

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.audit.manifest.parsed import Manifest
    from lanner.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """A file that is no manifest of kube-apiserver, and why."""

    problem: Diagnostic
    manifest: None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A manifest."""

    manifest: Manifest


def load_manifest(path: Path) -> Loaded | NotLoaded:
    """Reads a manifest file. Never raises for what is in it, or for a file that is not there."""
    source = read_source(path, MAX_BYTES)
    if isinstance(source, Unreadable):
        return NotLoaded(replace(source.diagnostic, code=codes.MANIFEST))
    try:
        return Loaded(read_manifest(source))
    except NoManifestError as wrong:
        return NotLoaded(replace(wrong.diagnostic, code=codes.MANIFEST))
