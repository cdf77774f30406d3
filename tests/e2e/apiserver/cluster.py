"""A control plane on loopback: etcd and kube-apiserver, with what kubeadm makes for them.

The API server runs with the command of the static pod manifest that kubeadm writes, as a kubelet
would run it; there is no kubelet, and no controller.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import yaml
from tools import apiserver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SECONDS = 60.0
USERS = {
    "admin": ("admin-token", ["system:masters"]),
    "dev": ("dev-token", ["dev"]),
    "ops": ("ops-token", ["ops"]),
    "system:kube-proxy": ("proxy-token", ["system:node-proxier"]),
}
"""Users: their token, their groups."""
# An address that is nobody's (RFC 5737); kubeadm wants one that is not loopback.
_ADDRESS = "192.0.2.1"
_OURS = ("etcd-", "secure-port", "bind-address", "advertise-address", "kubelet-")
"""Flags of the manifest that loopback and a plain etcd take the place of."""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(program: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    return subprocess.run(
        [apiserver.BIN / program, *arguments],
        env={**os.environ, **(env or {})},
        check=True,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    ).stdout


class Kubeadm:
    """What `kubeadm init` leaves on a control plane node, below a directory."""

    def __init__(self, directory: Path) -> None:
        """Makes the certificates, and the manifest of the API server."""
        self.certificates = directory / "pki"
        self.manifest = self.manifest_with(directory, "", {}, certificates=True)

    def manifest_with(
        self,
        directory: Path,
        api_server: str,
        patches: Mapping[str, bytes],
        *,
        certificates: bool = False,
    ) -> Path:
        """The manifest with what `apiServer` of the ClusterConfiguration says, and patches."""
        (directory / "patches").mkdir(parents=True)
        for name, content in patches.items():
            (directory / "patches" / name).write_bytes(content)
        config = directory / "kubeadm.yaml"
        kind = "apiVersion: kubeadm.k8s.io/v1beta4\nkind:"
        config.write_text(
            f"{kind} InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: {_ADDRESS}}}\n"
            f"patches: {{directory: {directory / 'patches'}}}\n---\n"
            f"{kind} ClusterConfiguration\nkubernetesVersion: {apiserver.version()}\n"
            f"certificatesDir: {self.certificates}\n"
            f"apiServer:{api_server}\n  certSANs: [127.0.0.1, localhost]\n"
        )
        if certificates:
            _run("kubeadm", "init", "phase", "certs", "all", f"--config={config}")
        _run(
            *("kubeadm", "init", "phase", "control-plane", "apiserver", "--dry-run"),
            f"--config={config}",
            env={"KUBEADM_INIT_DRYRUN_DIR": str(directory / "dry-run")},
        )
        (manifest,) = (directory / "dry-run").rglob("kube-apiserver.yaml")
        return manifest


class Etcd:
    """An etcd with nothing in it."""

    def __init__(self, directory: Path) -> None:
        """Starts it."""
        self.url = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self._process = subprocess.Popen(
            [
                *(apiserver.BIN / "etcd", f"--data-dir={directory}", "--log-level=error"),
                *(f"--listen-client-urls={self.url}", f"--advertise-client-urls={self.url}"),
                *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
                f"--initial-cluster=default={peer}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(_SECONDS)


def on_loopback(manifest: str, etcd: Etcd, port: int) -> str:
    """The text of a manifest, so that what runs with it is on loopback."""
    ours = [
        *(f"--etcd-servers={etcd.url}", f"--secure-port={port}"),
        *("--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"),
    ]
    flag = "    - --"
    lines = [
        line
        for line in manifest.splitlines()
        if not (line.startswith(flag) and line.removeprefix(flag).startswith(_OURS))
    ]
    at = lines.index("    - kube-apiserver") + 1
    return "\n".join([*lines[:at], *(f"    - {one}" for one in ours), *lines[at:], ""])


class ApiServer:
    """A kube-apiserver, while `with` lasts."""

    def __init__(self, kubeadm: Kubeadm, etcd: Etcd, directory: Path, flags: Iterable[str]) -> None:
        """Prepares one that runs with these flags, too."""
        directory.mkdir(exist_ok=True)
        self.port = free_port()
        self.output = directory / "output.log"
        tokens = directory / "tokens.csv"
        tokens.write_text(
            "".join(
                f'{token},{name},{name},"{",".join(groups)}"\n'
                for name, (token, groups) in USERS.items()
            )
        )
        manifest = yaml.safe_load(kubeadm.manifest.read_text())
        _, *given = manifest["spec"]["containers"][0]["command"]
        kept = [flag for flag in given if not flag.removeprefix("--").startswith(_OURS)]
        self._command = [
            *(apiserver.BIN / "kube-apiserver", *kept),
            *(f"--etcd-servers={etcd.url}", f"--secure-port={self.port}"),
            *("--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"),
            f"--token-auth-file={tokens}",
            "--disable-admission-plugins=ServiceAccount",  # no controller makes service accounts
            *flags,
        ]
        self._trust = ssl.create_default_context(cafile=str(kubeadm.certificates / "ca.crt"))

    def __enter__(self) -> Self:
        """Starts it, and waits until it is ready."""
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        end = time.monotonic() + _SECONDS
        pause = threading.Event()
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self.ask("GET", "/readyz")[0] == http.HTTPStatus.OK:
                    return self
            except OSError:
                pass
            pause.wait(0.2)
        self._process.kill()
        self._process.wait()
        raise AssertionError(f"not ready: {self.output.read_text()[-3000:]}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_SECONDS)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str | None = "admin",
        **headers: str,
    ) -> tuple[int, Any]:
        """Sends a request; the status, and the answer. A `user` of None has no token."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self._trust, timeout=_SECONDS
        )
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Content-Type", "application/json")
        if user is not None:
            sent["Authorization"] = f"Bearer {USERS[user][0] if user in USERS else user}"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        try:
            return answer.status, json.loads(read)
        except ValueError:
            return answer.status, read.decode()
