"""A real kube-apiserver for the end-to-end tests, built below .cache/apiserver/ of the checkout.

Go builds it, with kubeadm, kubectl and etcd, from the modules that tests/e2e/apiserver/go.mod pins:
some minutes, once. Run it as `python tools/apiserver.py`; it does nothing when all is there.

Exit code: 0 when the programs are there; 1 when they cannot be built (a message says why).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache/apiserver"
BIN = CACHE / "bin"
MODULE = ROOT / "tests/e2e/apiserver"
PROGRAMS = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubeadm": "k8s.io/kubernetes/cmd/kubeadm",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "etcd": "go.etcd.io/etcd/server/v3",
}
_SECONDS = 3000


class UnavailableError(Exception):
    """The programs cannot be built; the message says why."""


def version() -> str:
    """The version of Kubernetes that is pinned."""
    for line in (MODULE / "go.mod").read_text().splitlines():
        words = line.removeprefix("require").split()
        if words[:1] == ["k8s.io/kubernetes"]:
            return words[1]
    raise UnavailableError(f"{MODULE / 'go.mod'} does not say which Kubernetes")


def _stamp() -> str:
    return f"{version()}\n"


def are_there() -> bool:
    """Whether the programs of the pinned version were built."""
    stamp = BIN / "version"
    return stamp.is_file() and stamp.read_text() == _stamp()


def build() -> None:
    """Builds what is missing.

    Raises:
        UnavailableError: there is no Go, its module proxy cannot be reached, or the build fails.

    """
    if are_there():
        return
    if shutil.which("go") is None:
        raise UnavailableError("go: not found (https://go.dev/doc/install)")
    BIN.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "GOPATH": str(CACHE / "go"),
        "GOCACHE": str(CACHE / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw",
        "CGO_ENABLED": "0",
    }
    print(f"building kube-apiserver {version()}: some minutes", file=sys.stderr)
    # the variable that `kubectl version` and the discovery of versions read
    define = f"-s -w -X k8s.io/component-base/version.gitVersion={version()}"
    for name, package in PROGRAMS.items():
        command = ["go", "build", f"-ldflags={define}", "-o", str(BIN / name), package]
        try:
            done = subprocess.run(
                command,
                cwd=MODULE,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{name}: not built after {_SECONDS} s") from None
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise UnavailableError(f"{name}: {said[-1] if said else 'go build failed'}")
    (BIN / "version").write_text(_stamp())
    # gigabytes that nothing needs any more
    for made in ("go", "build"):
        shutil.rmtree(CACHE / made)


def main() -> int:
    """The command."""
    try:
        build()
    except UnavailableError as error:
        print(f"apiserver: {error}", file=sys.stderr)
        return 1
    print(BIN)
    return 0


if __name__ == "__main__":
    sys.exit(main())
