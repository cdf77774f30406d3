"""Policies to start from, as commented files."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files


class Profile(StrEnum):
    """What a policy is for."""

    HARDENED = "hardened"
    MINIMAL = "minimal"
    FORENSIC = "forensic"
    CKS = "cks"


def profile_text(profile: Profile) -> str:
    """The policy file of a profile."""
    return files(__name__).joinpath(f"{profile.value}.yaml").read_text(encoding="utf-8")
