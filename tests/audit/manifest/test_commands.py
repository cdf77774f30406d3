"""`lanner audit enable`, `disable` and `verify`, with a stand-in for kube-apiserver."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest
import trustme
import yaml

from tests.audit.manifest.kubelet import Kubelet
from tests.audit.manifest.made import PLAIN
from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
STAND_IN = """#!{python}
import http.server, ssl, sys
flags = dict(word.removeprefix("--").partition("=")[::2] for word in sys.argv[1:])
if "audit-policy-file" in flags and {fails}:
    print("E1124 run.go:72] loading audit policy file: failed decoding: yaml: line 1", flush=True)
    sys.exit(1)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/livez" else 404)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(flags["secure-port"])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("{certificate}")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


class Node:
    """A control plane node below a directory."""

    def __init__(self, root: Path, *, fails: bool = False) -> None:
        self.root = root
        self.manifest = root / "manifests/kube-apiserver.yaml"
        self.policy, self.backups = root / "audit-policy.yaml", root / "backups"
        self.log, self.output = root / "log/audit.log", root / "output.log"
        self.manifest.parent.mkdir()
        self.policy.write_text(POLICY)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.manifest.write_text(PLAIN.replace("6443", str(port)))
        self.manifest.chmod(0o640)
        certificate = root / "server.pem"
        issued = trustme.CA().issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
        self.program = root / "bin/kube-apiserver"
        self.program.parent.mkdir()
        text = STAND_IN.format(python=sys.executable, certificate=certificate, fails=fails)
        self.program.write_text(text)
        self.program.chmod(0o755)
        crictl = root / "bin/crictl"
        crictl.write_text(
            f"#!/bin/sh\ncase $1 in ps) echo c1;; logs) tail -n 20 {self.output};; esac\n"
        )
        crictl.chmod(0o755)

    def kubelet(self) -> Kubelet:
        return Kubelet(self.manifest, self.program, self.output)

    def run(self, command: str, *options: str | Path) -> CompletedProcess[bytes]:
        more = ("--policy", self.policy, "--log-path", self.log) if command == "enable" else ()
        return lanner(
            *("audit", command, "--manifest", self.manifest, "--backups", self.backups),
            *more,
            *options,
            PATH=f"{self.program.parent}:{os.environ['PATH']}",
        )


def test_on_and_off_again(tmp_path: Path) -> None:
    node = Node(tmp_path)
    before = node.manifest.read_bytes()
    with node.kubelet():
        dry = node.run("enable", "--dry-run")
        assert dry.returncode == 0, dry.stderr
        assert f"+    - --audit-policy-file={node.policy}".encode() in dry.stdout
        assert node.manifest.read_bytes() == before
        assert not node.backups.exists()
        asked = node.run("enable")
        assert asked.returncode == 2
        assert b"nobody can be asked here" in asked.stderr
        done = node.run("enable", "--yes", "--timeout", "20")
        assert done.returncode == 0, done.stderr
        assert b"kube-apiserver has started with it" in done.stderr
        changed = node.manifest.read_bytes()
        assert node.manifest.stat().st_mode & 0o777 == 0o640
        (copy,) = node.backups.iterdir()
        assert copy.read_bytes() == before
        assert copy.stat().st_mode & 0o777 == 0o600
        assert node.backups.stat().st_mode & 0o777 == 0o700
        assert [file.name for file in node.manifest.parent.iterdir()] == ["kube-apiserver.yaml"]
        again = node.run("enable", "--yes")
        assert (again.returncode, again.stdout) == (0, b"")
        assert b"auditing is on already" in again.stderr
        assert node.manifest.read_bytes() == changed
        (tmp_path / "log").mkdir(exist_ok=True)
        checked = lanner("audit", "verify", node.manifest)
        assert checked.returncode == 0, checked.stdout
        off = node.run("disable", "--yes", "--timeout", "20")
        assert off.returncode == 0, off.stderr
    assert node.manifest.read_bytes() == before
    assert b"is off already" in node.run("disable", "--yes").stderr


def test_a_kube_apiserver_that_does_not_start_is_put_back(tmp_path: Path) -> None:
    node = Node(tmp_path, fails=True)
    before = node.manifest.read_bytes()
    with node.kubelet():
        done = node.run("enable", "--yes", "--timeout", "20")
    text = done.stderr.decode()
    assert done.returncode == 1, text
    assert "kube-apiserver starts, and ends again" in text
    assert "its last lines (crictl logs c1):" in text
    assert "  | E1124 run.go:72] loading audit policy file" in text
    assert "this means: the policy is not valid" in text
    assert "kube-apiserver answers again" in text
    assert node.manifest.read_bytes() == before


def test_without_kubelet_it_is_put_back(tmp_path: Path) -> None:
    node = Node(tmp_path)
    before = node.manifest.read_bytes()
    done = node.run("enable", "--yes", "--timeout", "1")
    assert done.returncode == 1
    assert b"kubelet started no kube-apiserver within 1 s" in done.stderr
    assert node.manifest.read_bytes() == before
    assert node.run("enable", "--yes", "--no-verify").returncode == 0
    assert node.manifest.read_bytes() != before


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (lambda node: node.policy.unlink(), "No such file"),
        (lambda node: node.policy.write_text("rules: []"), "does not start with this policy"),
        (lambda node: node.manifest.write_text("x: ["), "AUDIT_MANIFEST"),
        (lambda node: node.manifest.unlink(), "No such file"),
        (lambda node: node.log.parent.write_text(""), "is a file"),
        (
            lambda node: node.manifest.write_text(
                node.manifest.read_text().replace("--adv", "--audit-log-path=/x\n    - --adv")
            ),
            "is there already, with another value",
        ),
        (
            lambda node: (node.manifest.parent / "copy.bak").write_text(PLAIN),
            "is a kube-apiserver, too",
        ),
        (lambda node: node.backups.symlink_to(node.manifest.parent), "kubelet would start"),
        (
            lambda node: (
                node.manifest.rename(node.root / "real")
                and node.manifest.symlink_to(node.root / "real")
            ),
            "is a link",
        ),
    ],
)
def test_what_cannot_be_changes_nothing(tmp_path: Path, prepare: object, complaint: str) -> None:
    node = Node(tmp_path)
    assert callable(prepare)
    prepare(node)
    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    done = node.run("enable", "--yes", "--timeout", "1")
    assert done.returncode == 1, done.stderr
    assert complaint in done.stderr.decode()
    assert {file: file.read_bytes() for file in files} == files


def test_usage(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert node.run("enable", "--log-path", "").returncode == 2
    assert node.run("enable", "--log-path", "relative.log").returncode == 2
    config = tmp_path / "webhook.yaml"
    for text, complaint in [
        ("{}", "no kubeconfig"),
        ("clusters: [{certificate-authority: ca}]", "no absolute"),
    ]:
        config.write_text(text)
        done = node.run("enable", "--webhook-config", config)
        assert done.returncode == 1
        assert complaint in done.stderr.decode()


def test_a_webhook_and_its_files(tmp_path: Path) -> None:
    node = Node(tmp_path)
    config, authority = tmp_path / "webhook.yaml", tmp_path / "ca.crt"
    authority.write_text("x")
    config.write_text(f"clusters: [{{cluster: {{certificate-authority: {authority}}}}}]\n")
    before = node.manifest.read_bytes()
    done = node.run("enable", "--webhook-config", config, "--log-path", "", "--yes", "--no-verify")
    assert done.returncode == 0, done.stderr
    text = node.manifest.read_text()
    assert f"    - mountPath: {authority}\n      name: audit-webhook-1\n" in text
    assert "audit-log" not in text
    assert node.run("disable", "--yes", "--no-verify").returncode == 0
    assert node.manifest.read_bytes() == before


@pytest.mark.parametrize("encoding", ["windows", "mark"])
def test_bytes_stay(tmp_path: Path, encoding: str) -> None:
    """Line breaks of Windows, and a byte order mark."""
    node = Node(tmp_path)
    text = node.manifest.read_bytes()
    before = text.replace(b"\n", b"\r\n") if encoding == "windows" else b"\xef\xbb\xbf" + text
    node.manifest.write_bytes(before)
    done = node.run("enable", "--yes", "--no-verify")
    if done.returncode:
        assert node.manifest.read_bytes() == before, "refused, and nothing changed"
        assert encoding == "mark"
        return
    assert node.manifest.read_bytes() != before
    assert node.run("disable", "--yes", "--no-verify").returncode == 0
    assert node.manifest.read_bytes() == before


def test_what_is_printed(tmp_path: Path) -> None:
    node = Node(tmp_path)
    before = node.manifest.read_bytes()
    done = node.run("enable", "--print", "patch")
    steps = json.loads(done.stdout)
    assert {step["op"] for step in steps} == {"add"}
    assert steps[0]["value"] == f"--audit-policy-file={node.policy}"
    config = yaml.safe_load(node.run("enable", "--print", "kubeadm-config").stdout)
    volumes = config["apiServer"]["extraVolumes"]
    assert [volume["pathType"] for volume in volumes] == ["File", "DirectoryOrCreate"]
    assert node.run("enable", "--print", "webhook-kubeconfig").returncode == 2
    url = "https://10.0.0.5:9765/"
    more = ("--webhook-url", url, "--webhook-ca", "/ca.crt", "--webhook-token-file", "/token")
    kubeconfig = yaml.safe_load(node.run("enable", "--print", "webhook-kubeconfig", *more).stdout)
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": url,
        "certificate-authority": "/ca.crt",
    }
    assert kubeconfig["users"][0]["user"] == {"tokenFile": "/token"}
    assert node.manifest.read_bytes() == before


def test_verify_as_json(tmp_path: Path) -> None:
    node = Node(tmp_path)
    done = lanner("audit", "verify", node.manifest, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["ok"], told["diagnostics"][0]["code"]) == (False, "AUDIT_MANIFEST_OFF")
    assert lanner("audit", "verify", tmp_path / "none").returncode == 1
