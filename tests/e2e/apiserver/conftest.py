"""A real kube-apiserver, where it was built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tools import apiserver

from tests.e2e.apiserver.cluster import ApiServer, Etcd, Kubeadm
from tests.e2e.apiserver.workload import perform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"


@pytest.fixture(scope="session")
def kubeadm(tmp_path_factory: pytest.TempPathFactory) -> Kubeadm:
    """What kubeadm makes for a control plane."""
    if os.environ.get("LANNER_REQUIRE_APISERVER"):
        apiserver.build()
    if not apiserver.are_there():
        pytest.skip("kube-apiserver is not built: `make e2e` does that (with Go, some minutes)")
    return Kubeadm(tmp_path_factory.mktemp("kubeadm"))


@pytest.fixture(scope="session")
def recorded(
    kubeadm: Kubeadm, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, Path]]:
    """Does the workload on an empty cluster under the text of a policy: its file, and the log."""
    known: dict[str, tuple[Path, Path]] = {}

    def record(text: str) -> tuple[Path, Path]:
        if text not in known:
            directory = tmp_path_factory.mktemp("cluster")
            policy, log = directory / "policy.yaml", directory / "log/audit.log"
            policy.write_text(HEAD + text)
            etcd = Etcd(directory / "etcd")
            flags = (f"--audit-policy-file={policy}", f"--audit-log-path={log}")
            try:
                with ApiServer(kubeadm, etcd, directory, flags) as server:
                    perform(server)
            finally:
                etcd.stop()
            known[text] = policy, log
        return known[text]

    return record
