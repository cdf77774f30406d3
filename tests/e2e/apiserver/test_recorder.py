"""A real kube-apiserver sends to the recorder what it writes to its log."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import pytest
import trustme
import yaml

from tests.audit.recorder.running import SECONDS, Recording
from tests.e2e.apiserver.cluster import ApiServer, Etcd, Kubeadm
from tests.e2e.apiserver.conftest import HEAD
from tests.e2e.apiserver.workload import perform

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "rules: [{level: None, users: ['system:apiserver']}, {level: RequestResponse}]\n"


class Certificates:
    """Of the recorder and its only client."""

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        server = authority.issue_cert("127.0.0.1")
        client = authority.issue_cert("kube-apiserver.example")
        self.authority = directory / "ca.crt"
        self.certificate, self.key = directory / "server.crt", directory / "server.key"
        authority.cert_pem.write_to_path(str(self.authority))
        server.private_key_pem.write_to_path(str(self.key))
        server.cert_chain_pems[0].write_to_path(str(self.certificate))
        self._client = client.cert_chain_pems[0].bytes(), client.private_key_pem.bytes()

    def kubeconfig(self, port: int) -> str:
        """What `--audit-webhook-config-file` takes."""
        certificate, key = (base64.b64encode(one).decode() for one in self._client)
        cluster = {
            "server": f"https://127.0.0.1:{port}/audit",
            "certificate-authority": str(self.authority),
        }
        user = {"client-certificate-data": certificate, "client-key-data": key}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "recorder", "cluster": cluster}],
                "users": [{"name": "kube-apiserver", "user": user}],
                "contexts": [
                    {"name": "c", "context": {"cluster": "recorder", "user": "kube-apiserver"}}
                ],
                "current-context": "c",
            }
        )


@pytest.mark.parametrize("mode", ["batch", "blocking-strict"])
def test_it_records_every_event_of_the_log(kubeadm: Kubeadm, tmp_path: Path, mode: str) -> None:
    certificates = Certificates(tmp_path)
    policy, config = tmp_path / "policy.yaml", tmp_path / "webhook.yaml"
    policy.write_text(HEAD + POLICY)
    log, recorded = tmp_path / "log/audit.log", tmp_path / "recorded/audit.log"
    options = (
        *("--tls-cert-file", certificates.certificate),
        *("--tls-private-key-file", certificates.key),
        *("--client-ca-file", certificates.authority),
    )
    etcd = Etcd(tmp_path / "etcd")
    try:
        with Recording("--path", recorded, *options) as recording:
            config.write_text(certificates.kubeconfig(recording.port))
            flags = (
                f"--audit-policy-file={policy}",
                f"--audit-log-path={log}",
                f"--audit-webhook-config-file={config}",
                f"--audit-webhook-mode={mode}",
                "--audit-webhook-batch-max-wait=1s",
            )
            with ApiServer(kubeadm, etcd, tmp_path, flags) as server:
                perform(server)
            # it has sent what was left when it ended
            end = time.monotonic() + SECONDS
            while lines(recorded) != lines(log) and time.monotonic() < end:
                time.sleep(0.1)
            assert recording.end() == (0, "")
    finally:
        etcd.stop()
    assert lines(recorded) == lines(log)
    assert len(lines(log)) > 100
    assert not [line for line in recording.messages if "listening" not in line]


def lines(path: Path) -> list[str]:
    """The lines, in some order: the two back ends get events each in its own."""
    texts = path.read_text().splitlines() if path.exists() else []
    assert all(json.loads(text) for text in texts)
    return sorted(texts)
