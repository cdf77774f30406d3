"""One `lanner run` with the default rules, and one with all, for all tests here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tools import live_tools

from tests.live.behaviour import Theatre
from tests.live.engine import Containerd
from tests.live.places import Stage, remove_control_groups
from tests.live.pod import CGROUP
from tests.live.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator


def _unavailable(reason: str) -> None:
    if os.environ.get("LANNER_REQUIRE_LIVE"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> None:
    """Only root may watch."""
    if os.geteuid() != 0:
        _unavailable("live tests need root")


@pytest.fixture(scope="session")
def tools(root: None) -> None:  # noqa: ARG001 - it is asked for
    """Container runtimes."""
    try:
        live_tools.fetch()
    except live_tools.UnavailableError as error:
        _unavailable(f"runc, containerd and busybox cannot be fetched: {error}")


@pytest.fixture(scope="session")
def theatre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Theatre]:
    """A stage, watched by two."""
    request.getfixturevalue("tools")
    directory = tmp_path_factory.mktemp("live")
    with (
        Watcher(directory / "default") as watcher,
        Watcher(directory / "all", enable_all=True) as all_rules_watcher,
    ):
        try:
            yield Theatre(Stage(directory), watcher, all_rules_watcher)
        finally:
            remove_control_groups()


@pytest.fixture(scope="session")
def containerd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containerd]:
    """A containerd, which is asked for pods, too."""
    request.getfixturevalue("tools")
    server = Containerd(tmp_path_factory.mktemp("c"))
    yield server
    server.stop()
    remove_control_groups(CGROUP.rpartition("/")[2])
