"""Auditing is switched on and off in kubeadm's manifest, and a real kube-apiserver starts with it."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

from tools import apiserver

from tests.audit.manifest.kubelet import Kubelet
from tests.cli.run import lanner
from tests.e2e.apiserver.cluster import Etcd, Kubeadm, free_port, on_loopback
from tests.e2e.apiserver.conftest import HEAD

if TYPE_CHECKING:
    from pathlib import Path

POLICY = HEAD + "omitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"


def test_on_and_off(kubeadm: Kubeadm, tmp_path: Path) -> None:
    manifest, policy = tmp_path / "manifests/kube-apiserver.yaml", tmp_path / "policy.yaml"
    log = tmp_path / "log/audit.log"
    manifest.parent.mkdir()
    policy.write_text(POLICY)
    etcd = Etcd(tmp_path / "etcd")
    manifest.write_text(on_loopback(kubeadm.manifest.read_text(), etcd, free_port()))
    before = manifest.read_bytes()
    options = ("--manifest", manifest, "--backups", tmp_path / "backups", "--yes")
    try:
        with Kubelet(manifest, apiserver.BIN / "kube-apiserver", tmp_path / "output.log"):
            done = lanner("audit", "enable", "--policy", policy, "--log-path", log, *options)
            assert done.returncode == 0, done.stderr
            assert b"answers /livez" in done.stderr
            events = [json.loads(line) for line in log.read_text().splitlines()]
            assert {event["level"] for event in events} == {"Metadata"}
            assert lanner("audit", "verify", manifest).returncode == 0
            done = lanner("audit", "disable", *options)
            assert done.returncode == 0, done.stderr
            assert manifest.read_bytes() == before
            size = log.stat().st_size
            # kubeadm's probes go on, and nothing of them is recorded
            pause = threading.Event()
            end = time.monotonic() + 1
            while time.monotonic() < end:
                pause.wait(0.1)
            assert log.stat().st_size == size
    finally:
        etcd.stop()


def test_a_broken_policy_never_reaches_it(kubeadm: Kubeadm, tmp_path: Path) -> None:
    """What the API server would refuse is refused before; what gets there in spite of that is
    taken back.
    """
    manifest, policy = tmp_path / "manifests/kube-apiserver.yaml", tmp_path / "policy.yaml"
    manifest.parent.mkdir()
    policy.write_text(POLICY.replace("Metadata", "Meta"))
    etcd = Etcd(tmp_path / "etcd")
    port = free_port()
    manifest.write_text(on_loopback(kubeadm.manifest.read_text(), etcd, port))
    before = manifest.read_bytes()
    options = ("--manifest", manifest, "--backups", tmp_path / "backups", "--yes")
    enable = ("audit", "enable", "--policy", policy, "--log-path", tmp_path / "log/audit.log")
    try:
        with Kubelet(manifest, apiserver.BIN / "kube-apiserver", tmp_path / "output.log"):
            refused = lanner(*enable, *options)
            assert refused.returncode == 1
            assert b"kube-apiserver does not start with this policy" in refused.stderr
            assert manifest.read_bytes() == before
            # it changes between the check and the start
            policy.write_text(POLICY)
            swap = threading.Thread(target=_spoil, args=(manifest, before, policy))
            swap.start()
            failed = lanner(*enable, *options)
            swap.join()
            assert failed.returncode == 1, failed.stderr
            assert b"starts, and ends again" in failed.stderr
            assert b"kube-apiserver answers again" in failed.stderr
            assert manifest.read_bytes() == before
    finally:
        etcd.stop()


def test_what_kubeadm_takes(kubeadm: Kubeadm, tmp_path: Path) -> None:
    """kubeadm makes the manifest that `verify` finds nothing wrong with, either way."""
    policy, log = tmp_path / "policy.yaml", tmp_path / "log/audit.log"
    policy.write_text(POLICY)
    enable = ("audit", "enable", "--policy", policy, "--log-path", log, "--print")
    made = []
    config = lanner(*enable, "kubeadm-config").stdout.decode()
    made.append(kubeadm.manifest_with(tmp_path / "a", config.partition("apiServer:")[2], {}))
    patch = {"kube-apiserver0+json.json": lanner(*enable, "patch").stdout}
    made.append(kubeadm.manifest_with(tmp_path / "b", "", patch))
    for manifest in made:
        done = lanner("audit", "verify", manifest)
        assert done.returncode == 0, done.stdout
        assert f"--audit-policy-file={policy}" in manifest.read_text()


def _spoil(manifest: Path, before: bytes, policy: Path) -> None:
    """As soon as the manifest changes, the policy is no policy any more."""
    while manifest.read_bytes() == before:
        pass
    policy.write_text("rules: []\n")
