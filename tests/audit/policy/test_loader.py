"""Which files kube-apiserver starts with, and what it makes of them.

`REAL` holds the verdicts of the loader of kubernetes/apiserver 0.37.2 on these texts: whether it
takes them, and whether it logs that it falls back to lenient decoding.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.audit.policy import Level, Policy, PolicyRule, Stage, encode, load_policy, read_policy
from lanner.audit.policy.codes import IGNORED_TEXT, NO_KIND, VERSION
from lanner.audit.policy.loader import MAX_FILE_BYTES
from lanner.diagnostics import Source
from lanner.rules.loader import decode_source

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.audit.policy import LoadedPolicy

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
NONE = "rules: [{level: None}]"
JSON = '{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [%s]}'
OK, LENIENT, REFUSED = "ok", "lenient", "refused"
REAL = {
    "": REFUSED,
    HEAD: REFUSED,
    HEAD + "rules: null": REFUSED,
    HEAD + NONE: OK,
    "kind: Policy\n" + NONE: REFUSED,
    "apiVersion: v1\nkind: Policy\n" + NONE: REFUSED,
    "apiVersion: a/b/c\nkind: Policy\n" + NONE: REFUSED,
    "apiVersion: 5\nkind: Policy\n" + NONE: REFUSED,
    "apiVersion: audit.k8s.io/v1\nkind: Event\n" + NONE: REFUSED,
    "apiversion: audit.k8s.io/v1\nKind: Policy\n" + NONE: LENIENT,
    "- a": REFUSED,
    "x": REFUSED,
    HEAD + "rules: {}": REFUSED,
    HEAD + "rules: [null]": REFUSED,
    HEAD + "rules: [x]": REFUSED,
    HEAD + "rules: [{level: none}]": REFUSED,
    HEAD + "rules: [{level: None, users: x}]": REFUSED,
    HEAD + "rules: [{level: None, users: [5]}]": REFUSED,
    HEAD + "rules: [{level: None, users: [0x1f]}]": REFUSED,
    HEAD + "rules: [{level: None, users: [1_000]}]": REFUSED,
    HEAD + "rules: [{level: None, users: [.5]}]": REFUSED,
    HEAD + "rules: [{level: None, users: [on]}]": REFUSED,
    HEAD + "rules: [{level: None, users: [y]}]": REFUSED,
    HEAD + "rules: [{level: None, users: .inf}]": REFUSED,
    HEAD + "rules: [{level: None, users: [null, !!str 5, ! 6, 2020-01-01, 1:20]}]": OK,
    HEAD + "rules: [{level: None, nonResourceURLs: ['*', '/', '/x*']}]": OK,
    HEAD + "rules: [{level: None, nonResourceURLs: ['']}]": REFUSED,
    HEAD + "rules: [{level: None, nonResourceURLs: ['/**']}]": REFUSED,
    HEAD + "rules: [{level: None, nonResourceURLs: ['/a'], namespaces: [x]}]": REFUSED,
    HEAD + "rules: [{level: None, nonResourceURLs: ['/a'], resources: [{group: ''}]}]": REFUSED,
    HEAD + "rules: [{level: None, resources: [{resourceNames: [a]}]}]": REFUSED,
    HEAD + "rules: [{level: None, resources: [{group: Apps}]}]": REFUSED,
    HEAD + "rules: [{level: None, resources: [null]}]": OK,
    HEAD + "rules: [{level: None, omitStages: [Panic, Panic]}]": OK,
    HEAD + "rules: [{level: None, omitStages: [panic]}]": REFUSED,
    HEAD + "omitStages: ['']\n" + NONE: REFUSED,
    HEAD + "omitManagedFields: 'true'\n" + NONE: REFUSED,
    HEAD + "omitManagedFields: yes\n" + NONE: OK,
    HEAD + "rules: [{level: None, omitManagedFields: null}]": OK,
    HEAD + "rules: [{level: None, nonResourceUrls: [/a]}]": LENIENT,
    HEAD + "rules: [{level: None, Level: Request}]": LENIENT,
    HEAD + "rules: [{level: None, level: Request}]": LENIENT,
    HEAD + "rules: [{level: None, on: x, 5: y}]": LENIENT,
    HEAD + "rules: [{level: None, ~: x}]": REFUSED,
    HEAD + "rules: [{level: None, [a]: x}]": REFUSED,
    HEAD + "rules: [{level: None, <<: x}]": REFUSED,
    HEAD + "metadata: {name: x, labels: {a: b}, creationTimestamp: null}\n" + NONE: OK,
    HEAD + "metadata: {creationTimestamp: 2020-01-01T00:00:00Z}\n" + NONE: OK,
    HEAD + "metadata: {creationTimestamp: x}\n" + NONE: REFUSED,
    HEAD + "metadata: {generation: x}\n" + NONE: REFUSED,
    HEAD + "metadata: {labels: {a: 5}}\n" + NONE: REFUSED,
    HEAD + "metadata: {labels: [a]}\n" + NONE: REFUSED,
    HEAD + "metadata: {finalizers: [5]}\n" + NONE: REFUSED,
    HEAD + "metadata: {ownerReferences: [x]}\n" + NONE: REFUSED,
    HEAD + "metadata: {nam: 5}\n" + NONE: LENIENT,
    HEAD + "metadata: x\n" + NONE: REFUSED,
    HEAD + "rules:\n\t- level: None\n": REFUSED,
    HEAD + "rules: [{level: None, users: [a?b]}]": REFUSED,
    HEAD + 'rules: [{level: None, users: ["a\\\'b"]}]': OK,
    HEAD + "rules: [{level: None, users: *b}]": REFUSED,
    HEAD + "rules: [{level: None, users: &b [*b]}]": REFUSED,
    HEAD + NONE + "\n@": REFUSED,
    HEAD + NONE + "\n...\n": OK,
    "---\n# a comment\n" + HEAD + NONE: OK,
    "---\n---\n" + HEAD + NONE: REFUSED,
    "%YAML 1.1\n---\n" + HEAD + NONE: OK,
    "%YAML 1.2\n---\n" + HEAD + NONE: REFUSED,
    JSON % '{"level": "None"}': OK,
    "\n " + JSON % '{"level": "None"}': OK,
    JSON % '{"level": "None", "level": "Request"}': LENIENT,
    JSON % '{"level": "None",}': REFUSED,
    JSON % '{"level": "None", "users": ["\t"]}': REFUSED,
    JSON % '{"level": "None", "users": [NaN]}': REFUSED,
    JSON % '{"level": "None"}' + " x": REFUSED,
    "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}": REFUSED,
    "// comment\n" + JSON % '{"level": "None"}': REFUSED,
}


def read(text: str) -> LoadedPolicy:
    return read_policy(Source("policy.yaml", text))


def policy_in(text: str) -> Policy:
    loaded = read(text)
    assert loaded.policy is not None, loaded.diagnostics
    return loaded.policy


@pytest.mark.parametrize(("text", "verdict"), REAL.items())
def test_verdicts_of_the_real_loader(text: str, verdict: str) -> None:
    loaded = read(text)
    ours = OK if not loaded.diagnostics else LENIENT if loaded.ok else REFUSED
    assert ours == verdict, loaded.diagnostics


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # the real loader takes these without a word
        ("apiVersion: audit.k8s.io/v1\n" + NONE, NO_KIND),
        (HEAD + "rules: [{level: None, resources: [{group: '*'}]}]", VERSION),
        (HEAD + NONE + "\n---\nrules: [{level: Metadata}]\n", IGNORED_TEXT),
        (HEAD + NONE + "\n---\nrules: [", IGNORED_TEXT),
        (
            "  apiVersion: audit.k8s.io/v1\n  kind: Policy\n  rules: [{level: None}]\nx: y",
            IGNORED_TEXT,
        ),
    ],
)
def test_what_we_say_beyond_it(text: str, code: str) -> None:
    loaded = read(text)
    assert loaded.ok
    assert [found.code for found in loaded.diagnostics] == [code]


def test_everything_arrives() -> None:
    policy = policy_in(
        HEAD
        + """
omitStages: [Panic]
omitManagedFields: true
rules:
  - level: RequestResponse
    users: [u]
    userGroups: [g]
    verbs: [get]
    namespaces: [""]
    resources: [{group: apps, resources: [deployments/status], resourceNames: [api]}]
    omitStages: [RequestReceived]
    omitManagedFields: false
  - level: Metadata
    nonResourceURLs: [/x*]
"""
    )
    first, second = policy.rules
    assert first.level is Level.REQUEST_RESPONSE
    assert first.resources[0].resource_names == ("api",)
    assert first.places["verbs[0]"].text == "get"
    assert policy.stages_omitted_by(first) == {Stage.PANIC, Stage.REQUEST_RECEIVED}
    assert json.loads(encode(policy)) == {
        "rules": [
            {
                "level": "RequestResponse",
                "users": ["u"],
                "userGroups": ["g"],
                "verbs": ["get"],
                "resources": [
                    {"group": "apps", "resources": ["deployments/status"], "resourceNames": ["api"]}
                ],
                "namespaces": [""],
                "nonResourceURLs": [],
                "omitStages": ["RequestReceived", "Panic"],
                "omitManagedFields": False,
            },
            {
                "level": "Metadata",
                "users": [],
                "userGroups": [],
                "verbs": [],
                "resources": [],
                "namespaces": [],
                "nonResourceURLs": ["/x*"],
                "omitStages": ["Panic"],
                "omitManagedFields": True,
            },
        ],
        "omitStages": ["Panic"],
        "omitManagedFields": True,
    }
    assert second.matches_everything is False


def test_the_last_of_repeated_fields_counts_and_merges_come_in_order() -> None:
    # as the real loader does: what is merged overrides what was there before
    rules = policy_in(
        HEAD
        + "rules:\n"
        + "  - &a {level: Request, users: [u]}\n"
        + "  - {<<: *a, verbs: [get]}\n"
        + "  - {level: Metadata, <<: *a}\n"
        + "  - {<<: [*a, {level: None}]}\n"
        + "  - {level: None, level: Metadata}\n"
    ).rules
    assert [rule.level for rule in rules] == [Level.REQUEST] * 4 + [Level.METADATA]
    assert rules[1] == PolicyRule(Level.REQUEST, users=("u",), verbs=("get",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe" + HEAD.encode("utf-16-le"), "UTF-16"),
        (HEAD.encode() + b"\xe4", "not valid UTF-8"),
        (b"\x00" * 100, "control character"),
        (b" " * (MAX_FILE_BYTES + 1), "larger than 1 MiB"),
        ((HEAD + "rules: " + "[" * 300).encode(), "nested more than"),
        ((HEAD + "x: &a [" + "a," * 1000 + "]\nrules: [" + "*a," * 1000 + "]").encode(), "aliases"),
    ],
)
def test_what_is_not_read(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(content)
    loaded = load_policy(file)
    assert not loaded.ok
    assert message in loaded.diagnostics[0].message
    assert loaded.diagnostics[0].code.startswith("AUDIT_POLICY_")


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", "a\0b"):
        loaded = load_policy(path)
        assert [found.code for found in loaded.diagnostics] == ["AUDIT_POLICY_FILE"]


def test_a_byte_order_mark() -> None:
    assert read_policy(decode_source("x", b"\xef\xbb\xbf" + (HEAD + NONE).encode())).ok


words = st.sampled_from(
    [
        "level",
        "None",
        "Metadata",
        "users",
        "rules",
        "resources",
        "group",
        "kind",
        "omitStages",
        "nonResourceURLs",
        "<<",
        "metadata",
        "labels",
        "/x*",
        "~",
        "5",
        "yes",
        "x",
    ]
)
values = st.recursive(
    words | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(words, values, max_size=4))
def test_any_json_is_a_policy_or_has_an_error(fields: dict[str, object]) -> None:
    text = json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", **fields})
    loaded = read(text)
    assert loaded.ok is not any(found.is_error for found in loaded.diagnostics)
    assert all(found.span is not None for found in loaded.diagnostics)
