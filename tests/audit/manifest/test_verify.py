"""Every way in which switching auditing on is known to fail is seen before."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from lanner.audit.manifest.edit import switch_on
from lanner.audit.manifest.host import Host
from lanner.audit.manifest.parsed import read_manifest
from lanner.audit.manifest.verify import verify
from lanner.diagnostics import Source
from tests.audit.manifest.made import PLAIN
from tests.audit.manifest.test_edit import WANTED

GOOD = switch_on(read_manifest(Source("x", PLAIN)), WANTED)
POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
FILE = PurePosixPath("/etc/kubernetes/manifests/kube-apiserver.yaml")
LOG = "/var/log/kubernetes/audit"


def node(root: Path) -> Host:
    """A node where everything is as it should be."""
    for directory in ("etc/kubernetes/manifests", "var/log/kubernetes/audit"):
        (root / directory).mkdir(parents=True)
    (root / "etc/kubernetes/audit-policy.yaml").write_text(POLICY)
    return Host(root)


def found(text: str, host: Host) -> list[str]:
    manifest = read_manifest(Source("kube-apiserver.yaml", text))
    return [f"{one.severity.value}: {one.message}" for one in verify(manifest, host, FILE)]


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert found(GOOD, node(tmp_path)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    - --audit", "    - --xaudit", "auditing is off"),
        ("    - --audit-log-path", "    - --x", "nowhere to record to"),
        ("    - --audit-policy-file", "    - --x", "records no event"),
        ("--audit-log-maxage=30", "--audit-log-maxages=30", "no flag --audit-log-maxages"),
        ("--audit-log-maxage=30", "--audit-log-maxage=-1", "must be a number"),
        ("--audit-log-maxage=30", "--audit-log-mode=fast", "must be batch"),
        ("--audit-log-maxage=30", "--audit-log-path=/x", "is there twice"),
        ("mountPath: /etc/kubernetes/audit-policy.yaml", "mountPath: /x", "audit-policy.yaml is not mounted"),
        (f"mountPath: {LOG}", "mountPath: /x", "is not mounted: the log is lost"),
        (f"mountPath: {LOG}", "mountPath: /etc/ssl/certs", "is mounted twice"),
        (f"mountPath: {LOG}", f"mountPath: {LOG}/audit.log", "the log file itself is mounted"),
        ("readOnly: false", "readOnly: true", "cannot write its log"),
        ("      name: audit-log\n", "      name: audit-logs\n", "there is no volume `audit-logs`"),
        ("    name: audit-log\n", "    name: ca-certs\n", "two volumes `ca-certs`"),
        ("type: File", "type: DirectoryOrCreate", "is a file"),
        (f"{LOG}\n      type: DirectoryOrCreate", f"{LOG}\n      type: File", "is a directory"),
        (f"path: {LOG}\n      type: DirectoryOrCreate", "path: /none\n      type: Directory", "the pod waits"),
        ("path: /etc/kubernetes/audit-policy.yaml", "path: /etc/none.yaml", "is not there: the pod waits"),
        ("path: /etc/kubernetes/audit-policy.yaml\n      type: File", "path: /etc/none.yaml", "makes a directory"),
        ("path: /etc/kubernetes/audit-policy.yaml\n      type: File", "path: /etc", "/etc is a directory"),
        ("  hostNetwork: true", "  securityContext: {runAsUser: 65535}", "cannot write to"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_manifest(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    problems = found(GOOD.replace(old, new), node(tmp_path))
    assert any(message in problem for problem in problems), problems


def test_what_is_wrong_on_the_node(tmp_path: Path) -> None:
    host = node(tmp_path)
    policy = tmp_path / "etc/kubernetes/audit-policy.yaml"

    def only() -> str:
        (problem,) = found(GOOD, host)
        return problem

    policy.write_text(POLICY.replace("Metadata", "metadata"))
    assert only().startswith("error: kube-apiserver does not start with /etc/kubernetes/audit-pol")
    policy.write_text(POLICY.replace("level: Metadata", "level: Metadata, users: [x]"))
    assert only().startswith("warning: /etc/kubernetes/audit-policy.yaml: ")
    policy.unlink()
    policy.mkdir()
    assert "is a directory" in only()
    policy.rmdir()
    policy.write_text(POLICY)
    policy.chmod(0o600)
    user = GOOD.replace("  hostNetwork: true", "  securityContext: {runAsUser: 65535}")
    assert any("cannot read" in problem for problem in found(user, host))
    copy = tmp_path / "etc/kubernetes/manifests/kube-apiserver.yaml.bak"
    copy.write_text(PLAIN)
    assert "is a kube-apiserver, too" in only()
    copy.rename(copy.with_name(".hidden"))
    (copy.parent / "etcd.yaml").write_text(PLAIN.replace("kube-apiserver", "etcd"))
    assert found(GOOD, host) == []
    moved = GOOD.replace("/etc/kubernetes/audit-policy.yaml", "/etc/kubernetes/manifests/p.yaml")
    (copy.parent / "p.yaml").write_text(POLICY)
    assert any("kubelet takes it for a pod" in problem for problem in found(moved, host))
