"""What is deployed: the manifests, the unit and the image ask for what they need and no more."""

from __future__ import annotations

import configparser
import fnmatch
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lanner.config import load_config
from lanner.rules.loader import load, read_source

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "packaging/kubernetes/base"
UNIT = ROOT / "packaging/systemd/lanner.service"
CAPABILITIES = {"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"}


def pod() -> dict[str, Any]:
    found = yaml.safe_load((BASE / "daemonset.yaml").read_text())
    assert isinstance(found, dict)
    return dict(found["spec"]["template"]["spec"])


def test_the_daemonset_has_the_least_privileges() -> None:
    spec = pod()
    (container,) = spec["containers"]
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": [*context["capabilities"]["add"]]}
    # a pod cannot ask for a limit of locked memory; it raises its own
    assert set(context["capabilities"]["add"]) == {*CAPABILITIES, "SYS_RESOURCE"}
    assert not context["privileged"]
    assert not context["allowPrivilegeEscalation"]
    assert context["readOnlyRootFilesystem"]
    assert not spec["automountServiceAccountToken"]
    assert "hostNetwork" not in spec
    writable = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    assert writable == {"/var/lib/lanner", "/tmp"}
    volumes = {one["name"] for one in spec["volumes"]}
    assert volumes == {one["name"] for one in container["volumeMounts"]}


def test_a_quota_lets_it_have_its_priority() -> None:
    """GKE, and whoever limits classes as it does, wants one in the namespace."""
    assert "resourcequota.yaml" in (BASE / "kustomization.yaml").read_text().split()
    quota = yaml.safe_load((BASE / "resourcequota.yaml").read_text())
    (wanted,) = quota["spec"]["scopeSelector"]["matchExpressions"]
    assert (wanted["scopeName"], wanted["operator"]) == ("PriorityClass", "In")
    assert pod()["priorityClassName"] in wanted["values"]


def test_its_configuration_and_rules_are_valid() -> None:
    loaded = load_config(BASE / "lanner.yaml", ())
    assert loaded.diagnostics == ()
    assert (
        loaded.config.webserver.listen_port == pod()["containers"][0]["ports"][0]["containerPort"]
    )
    assert load([read_source(BASE / "rules/local.yaml")]).ok
    items = next(one for one in pod()["volumes"] if one["name"] == "config")["configMap"]["items"]
    named = yaml.safe_load((BASE / "kustomization.yaml").read_text())["configMapGenerator"][0]
    assert {one["key"] for one in items} == {one.partition("=")[0] for one in named["files"]}


@pytest.mark.parametrize("folder", ["base", "with-servicemonitor", "on-cri-o"])
def test_kustomize_takes_it(folder: str) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", BASE.with_name(folder)], capture_output=True, text=True, check=True
    )
    objects = {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}
    daemonset = objects["DaemonSet"]["spec"]
    assert daemonset["selector"]["matchLabels"]
    (container,) = daemonset["template"]["spec"]["containers"]
    profile = "Unconfined" if folder == "on-cri-o" else "RuntimeDefault"
    assert container["securityContext"]["seccompProfile"] == {"type": profile}
    assert ("ServiceMonitor" in objects) == (folder == "with-servicemonitor")


def test_the_unit() -> None:
    reader = configparser.ConfigParser(strict=False, interpolation=None)
    reader.optionxform = str  # type: ignore[assignment,method-assign]
    reader.read_string(UNIT.read_text())
    service = reader["Service"]
    assert service["Type"] == "notify"
    words = service["CapabilityBoundingSet"].split()
    assert {word.removeprefix("CAP_") for word in words} == CAPABILITIES
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", UNIT], capture_output=True, text=True, check=False
    )
    found = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert [line for line in found if "lanner.service" in line] == []


def test_the_image_is_built_of_all_that_builds_a_wheel() -> None:
    ignored = (ROOT / ".containerignore").read_text().split()
    assert (ROOT / ".dockerignore").read_text().split() == ignored
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert {"Cargo.lock", "Cargo.toml", "README.md", "LICENSE", "pyproject.toml"} < kept
    assert {*re.findall(r"source=/src/([\w.]+)", (ROOT / "Containerfile").read_text())} < kept
    assert {"crates", "probe", "src"} < kept
    assert any(fnmatch.fnmatch("x/y/_native.abi3.so", line) for line in ignored)
    text = (ROOT / "Containerfile").read_text()
    image = re.search(r"rust:(\d+)\.(\d+)", text)
    manifest = re.search(r'rust-version = "(\d+)\.(\d+)', (ROOT / "Cargo.toml").read_text())
    assert image
    assert manifest
    assert tuple(map(int, image.groups())) >= tuple(map(int, manifest.groups()))
