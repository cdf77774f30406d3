"""The manifests of packaging/kubernetes: a real kube-apiserver takes them, strictly."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tools import apiserver

from tests.e2e.apiserver.cluster import ApiServer, Etcd

if TYPE_CHECKING:
    from tests.e2e.apiserver.cluster import Kubeadm

ROOT = Path(__file__).resolve().parents[3]
STRICT = "?dryRun=All&fieldValidation=Strict"
PLACES = {
    "ConfigMap": "/api/v1/namespaces/lanner/configmaps",
    "DaemonSet": "/apis/apps/v1/namespaces/lanner/daemonsets",
    "Pod": "/api/v1/namespaces/lanner/pods",
    "ResourceQuota": "/api/v1/namespaces/lanner/resourcequotas",
    "Service": "/api/v1/namespaces/lanner/services",
    "ServiceAccount": "/api/v1/namespaces/lanner/serviceaccounts",
}


def objects() -> list[dict[str, Any]]:
    command: list[str | Path] = [apiserver.BIN / "kubectl", "kustomize"]
    command.append(ROOT / "packaging/kubernetes/base")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(done.stdout))


def test_the_manifests(kubeadm: Kubeadm, tmp_path: Path) -> None:
    found = {one["kind"]: one for one in objects()}
    template = found["DaemonSet"]["spec"]["template"]
    found["Pod"] = {"apiVersion": "v1", "kind": "Pod", **template}
    found["Pod"]["metadata"] = {**template["metadata"], "name": "lanner"}
    etcd = Etcd(tmp_path / "etcd")
    try:
        with ApiServer(kubeadm, etcd, tmp_path, ()) as server:
            namespace = found.pop("Namespace")
            assert server.ask("POST", "/api/v1/namespaces", namespace)[0] == 201
            assert found.keys() == PLACES.keys()
            for kind, one in found.items():
                status, answer = server.ask("POST", PLACES[kind] + STRICT, one)
                assert status == 201, answer
            # and it would have said so
            broken = {**found["DaemonSet"], "spec": {**found["DaemonSet"]["spec"], "x": 1}}
            assert server.ask("POST", PLACES["DaemonSet"] + STRICT, broken)[0] == 400
    finally:
        etcd.stop()
