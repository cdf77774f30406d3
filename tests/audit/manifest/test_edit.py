"""Lines are added and removed, and all others stay."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lanner.audit.manifest.edit import CannotEditError, Wanted, switch_off, switch_on
from lanner.audit.manifest.parsed import Manifest, NoManifestError, read_manifest
from lanner.diagnostics import Source
from tests.audit.manifest.made import BARE, PLAIN, STYLES

POLICY = PurePosixPath("/etc/kubernetes/audit-policy.yaml")
WANTED = Wanted(
    (
        ("audit-policy-file", str(POLICY)),
        ("audit-log-path", "/var/log/kubernetes/audit/audit.log"),
        ("audit-log-maxage", "30"),
    ),
    (POLICY,),
    PurePosixPath("/var/log/kubernetes/audit"),
)
ENDINGS = {
    "unix": lambda text: text,
    "windows": lambda text: text.replace("\n", "\r\n"),
    "no last line break": lambda text: text.rstrip("\n"),
}


def manifest(text: str) -> Manifest:
    return read_manifest(Source("kube-apiserver.yaml", text))


def added(before: str, after: str) -> list[str]:
    """The lines that are new; none may be gone, and the order stays."""
    new = []
    left = iter(before.splitlines())
    line = next(left, None)
    for one in after.splitlines():
        if one == line:
            line = next(left, None)
        else:
            new.append(one)
    assert line is None
    return new


def test_lines_that_are_added() -> None:
    assert added(PLAIN, switch_on(manifest(PLAIN), WANTED)) == [
        "    - --audit-policy-file=/etc/kubernetes/audit-policy.yaml",
        "    - --audit-log-path=/var/log/kubernetes/audit/audit.log",
        "    - --audit-log-maxage=30",
        "    - mountPath: /etc/kubernetes/audit-policy.yaml",
        "      name: audit-policy",
        "      readOnly: true",
        "    - mountPath: /var/log/kubernetes/audit",
        "      name: audit-log",
        "      readOnly: false",
        "  - hostPath:",
        "      path: /etc/kubernetes/audit-policy.yaml",
        "      type: File",
        "    name: audit-policy",
        "  - hostPath:",
        "      path: /var/log/kubernetes/audit",
        "      type: DirectoryOrCreate",
        "    name: audit-log",
    ]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("style", STYLES)
def test_on_is_idempotent_and_off_takes_it_back(style: str, ending: str) -> None:
    before = ENDINGS[ending](STYLES[style])
    after = switch_on(manifest(before), WANTED)
    assert added(before, after)
    pod = yaml.safe_load(after)["spec"]
    container = pod["containers"][-1]
    flags = [*container["command"], *container.get("args", ())]
    assert [flag for flag in flags if "audit" in flag] == [
        f"--{name}={value}" for name, value in WANTED.flags
    ]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume["hostPath"] for volume in pod["volumes"]}
    assert mounts["audit-policy"]["mountPath"] == volumes["audit-policy"]["path"] == str(POLICY)
    assert mounts["audit-policy"]["readOnly"] is True
    assert volumes["audit-log"] == {
        "path": "/var/log/kubernetes/audit",
        "type": "DirectoryOrCreate",
    }
    assert mounts["audit-log"]["readOnly"] is False
    assert switch_on(manifest(after), WANTED) == after
    assert switch_off(manifest(after)) == before
    assert switch_off(manifest(before)) == before


def test_what_is_there_is_used() -> None:
    text = PLAIN.replace("/etc/kubernetes/pki\n", "/etc/kubernetes\n")
    text = text.replace("name: ca-certs", "name: audit-log")
    after = switch_on(manifest(text), WANTED)
    new = added(text, after)
    assert not any("audit-policy" in line and "audit-policy-file" not in line for line in new)
    assert "    name: audit-log-1" in new, "the name is taken"
    assert switch_off(manifest(after)) == text, "the directory holds other things, too"


def test_webhooks() -> None:
    config, ca = PurePosixPath("/etc/kubernetes/webhook.yaml"), PurePosixPath("/etc/audit/ca.crt")
    flags = (("audit-policy-file", str(POLICY)), ("audit-webhook-config-file", str(config)))
    after = switch_on(manifest(PLAIN), Wanted(flags, (POLICY, config, ca), None))
    names = [volume["name"] for volume in yaml.safe_load(after)["spec"]["volumes"]]
    assert names[2:] == ["audit-policy", "audit-webhook", "audit-webhook-1"]
    assert switch_off(manifest(after), [ca]) == PLAIN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN.replace("--secure-port=6443", "--audit-log-maxage=7"), "is there already"),
        (PLAIN.replace("  - command:\n    - kube-apiserver\n", "  - command: [x,\n").replace(
            "--secure-port=6443", "--a=b]").replace("    - --", "     --").replace(
            "10.0.0.1\n     ", "10.0.0.1,\n     ").replace("ca.crt\n", "ca.crt,\n"),
         "not written with one"),
        (BARE, "`volumes` is not edited"),
    ],
)  # fmt: skip
def test_what_is_not_edited(text: str, message: str) -> None:
    with pytest.raises(CannotEditError, match=message):
        switch_on(manifest(text), WANTED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no manifest"),
        ("- a", "no manifest"),
        ("kind: Pod", "no `spec`"),
        ("kind: Pod\nspec: {containers: x}", "no list of mappings"),
        ("kind: Pod\nspec: {containers: [{name: etcd}]}", "no container named"),
        ("kind: Pod\nspec: {containers: [{name: kube-apiserver}]}", "has no flags"),
        ("kind: Pod\nspec: {containers: [{name: kube-apiserver, command: x}]}", "is no list"),
        ("kind: Pod\nspec: {containers: [{name: kube-apiserver, command: [[x]]}]}", "no text"),
        (PLAIN + "---\n" + PLAIN, "one pod from a file"),
        (PLAIN.replace("spec:", "spec: ["), "."),
    ],
)
def test_what_is_no_manifest(text: str, message: str) -> None:
    with pytest.raises(NoManifestError, match=message):
        manifest(text)


@given(st.data())
def test_broken_manifests_are_refused_or_repaired(data: st.DataObject) -> None:
    """Lines that are doubled, moved, cut or changed."""
    lines = data.draw(st.sampled_from(sorted(STYLES.values()))).splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["double", "drop", "cut", "indent", "junk"]))
        line = lines[at]
        lines[at : at + 1] = {
            "double": [line, line],
            "drop": [],
            "cut": [line[: len(line) // 2]],
            "indent": ["  " + line],
            "junk": [
                line,
                data.draw(st.sampled_from(["  - {", "x: [", "\t", "- --audit-x", "..."])),
            ],
        }[kind]
        lines = lines or ["x"]
    text = "\n".join(lines) + "\n"
    try:
        after = switch_on(manifest(text), WANTED)
    except NoManifestError as refused:
        assert refused.diagnostic.message
        return
    assert added(text, after)
    again = manifest(after)
    assert all(again.flag(name) for name, _ in WANTED.flags)
    assert again.mount_of(POLICY) is not None
    assert switch_on(again, WANTED) == after
