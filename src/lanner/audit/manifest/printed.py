"""For those who do not edit the manifest: what kubeadm takes, and a webhook's kubeconfig."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from lanner.audit.manifest.edit import needs

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.audit.manifest.edit import Wanted


def kubeadm_config(wanted: Wanted) -> str:
    """A ClusterConfiguration (kubeadm.k8s.io/v1beta4): for `kubeadm init --config`, or for
    `kubeadm init phase control-plane apiserver --config` on each control plane node.
    """
    return yaml.safe_dump(
        {
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "ClusterConfiguration",
            "apiServer": {
                "extraArgs": [{"name": name, "value": value} for name, value in wanted.flags],
                "extraVolumes": [
                    {
                        "name": need.name,
                        "hostPath": str(need.path),
                        "mountPath": str(need.path),
                        "readOnly": need.is_file,
                        "pathType": need.type,
                    }
                    for need in needs(wanted)
                ],
            },
        },
        sort_keys=False,
    )


def patch(wanted: Wanted) -> str:
    """A JSON patch (RFC 6902) of the manifest: `kube-apiserver0+json.json` in the directory that
    kubeadm's `patches` names. (A strategic merge would replace the whole command.)
    """

    def add(path: str, value: object) -> dict[str, object]:
        return {"op": "add", "path": f"{path}/-", "value": value}

    container = "/spec/containers/0"
    steps = [add(f"{container}/command", f"--{name}={value}") for name, value in wanted.flags]
    for need in needs(wanted):
        mount = {"name": need.name, "mountPath": str(need.path), "readOnly": need.is_file}
        volume = {"name": need.name, "hostPath": {"path": str(need.path), "type": need.type}}
        steps += [add(f"{container}/volumeMounts", mount), add("/spec/volumes", volume)]
    return json.dumps(steps, indent=2) + "\n"


def webhook_kubeconfig(
    url: str,
    authority: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    token: Path | None = None,
) -> str:
    """What `--audit-webhook-config-file` takes, for a recorder at a URL."""
    cluster = {"server": url, "certificate-authority": authority}
    user = {"client-certificate": certificate, "client-key": key, "tokenFile": token}

    def given(values: dict[str, Path | None] | dict[str, str | Path | None]) -> dict[str, str]:
        return {name: str(value) for name, value in values.items() if value}

    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "recorder", "cluster": given(cluster)}],
            "users": [{"name": "kube-apiserver", "user": given(user)}],
            "contexts": [
                {
                    "name": "recorder",
                    "context": {"cluster": "recorder", "user": "kube-apiserver"},
                }
            ],
            "current-context": "recorder",
        },
        sort_keys=False,
    )
