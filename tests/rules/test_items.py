"""What items may say: verdict, code and Falco's message for each way to get them wrong.

From falcosecurity/falco 0.44.1 `rule_loader_reader.cpp` and `rule_loader_collector.cpp`.
"""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.rules.helpers import load_texts

RULE = """\
- rule: r
  desc: d
  condition: ka.verb = get
  output: o
  priority: INFO
  source: k8s_audit
"""
LIST = "- list: l\n  items: [a]\n"
MACRO = "- macro: m\n  condition: ka.verb = get\n"
BAD = "LOAD_ERR_YAML_VALIDATE"
INVALID = "LOAD_ERR_VALIDATE"


def errors(*texts: str) -> list[tuple[str, str]]:
    """Code and Falco's message of the first error of the last file, if there is one."""
    view = load_texts(*texts).files[-1].falco_view()
    return [
        (one.code, one.message if one.falco_message is None else one.falco_message)
        for one in view
        if one.is_error
    ]


def warnings(*texts: str) -> list[str]:
    """Codes of the last file's warnings that are not about what is unused."""
    result = load_texts(*texts)
    assert result.ok, [one.message for one in result.diagnostics]
    return [one.code for one in result.files[-1].diagnostics if "UNUSED" not in one.code]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("rule", BAD, "Rules content is not yaml"),
        ("rule: r", BAD, "Rules content is not yaml array of objects"),
        ("- rule", BAD, "Unexpected element type. Each element should be a yaml associative array."),
        ("- rule:\n", BAD, "Mapping for key 'rule' is empty"),
        ("- rule: ''\n", BAD, "Value must be non-empty"),
        ("- rule: [r]\n", BAD, "Value is not a scalar value"),
        ("- rule: r\n", BAD, "Item has no mapping for key 'enabled'"),
        ("- rule: r\n  desc: d\n", BAD, "Item has no mapping for key 'condition'"),
        ("- rule: r\n  enabled: maybe\n", BAD, "Can't decode YAML scalar value"),
        ("- rule: r\n  enabled: true\n", INVALID, "Rule has 'enabled' key but no rule by that name already exists"),
        (RULE + "  tags: a\n", BAD, "Value is not a sequence"),
        (RULE + "  tags: [[a]]\n", BAD, "sequence value is not scalar"),
        (RULE + "  tags: [~]\n", BAD, "sequence value is not scalar"),
        (RULE + "  capture_duration: -1\n", BAD, "Can't decode YAML scalar value"),
        (RULE.replace("INFO", "INFOO"), BAD, "Invalid priority"),
        (RULE.replace("source: k8s_audit", "source:"), BAD, "Mapping for key 'source' is empty"),
        ("- list: l\n", BAD, "Item has no mapping for key 'items'"),
        ("- list: l\n  items: a\n", BAD, "Value is not a sequence"),
        ("- macro: m\n", BAD, "Item has no mapping for key 'condition'"),
        # keys that are no words: yaml-cpp throws when Falco asks for their text
        (LIST + "  [a]: b\n", INVALID, "yaml-cpp: error at line 3, column 3: bad conversion"),
        ("- required_engine_version: x\n", BAD, "Unable to parse engine version 'x' as a semver string. Expected \"x.y.z\" semver format."),
        ("- required_engine_version: v0.1.0\n", BAD, "Unable to parse engine version 'v0.1.0' as a semver string. Expected \"x.y.z\" semver format."),
        ("- required_engine_version: 08\n", BAD, "Unable to parse engine version '08' as a semver string. Expected \"x.y.z\" semver format."),
        ("- required_engine_version: 63\n", INVALID, "Rules require engine version 0.63.0, but engine version is 0.62.0"),
        ("- required_engine_version: 0.62.1-rc\n", INVALID, "Rules require engine version 0.62.1, but engine version is 0.62.0"),
        ("- required_engine_version: 1.0.0\n", INVALID, "Rules require engine version 1.0.0, but engine version is 0.62.0"),
        ("- required_plugin_versions: x\n", BAD, "Value of required_plugin_versions must be a sequence"),
        ("- required_plugin_versions: [x]\n", BAD, "Plugin version must be a mapping"),
        ("- required_plugin_versions: [{name: x}]\n", BAD, "Item has no mapping for key 'version'"),
        ("- required_plugin_versions: [{name: x, version: 1}]\n", INVALID, "Invalid required version '1' for plugin 'x'"),
        ("- required_plugin_versions: [{name: x, version: 1.0.0, alternatives: [{name: x, version: 1.0.0}]}]\n", INVALID, "Defined multiple alternative version requirements for plugin 'x'"),
        ("- required_plugin_versions: [{name: x, version: 1.0.0, alternatives: y}]\n", BAD, "Value of plugin version alternatives must be a sequence"),
    ],
)  # fmt: skip
def test_items_that_are_wrong(text: str, code: str, message: str) -> None:
    assert errors(text) == [(code, message)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "-\n",
        "- ~\n" + LIST,
        "- required_engine_version: 62\n",
        "- required_engine_version: 0x3e\n",
        "- required_engine_version: 0.62.0\n",
        "- required_engine_version: 0.31.0-anything\n",
        "- required_plugin_versions: []\n",
        "- required_plugin_versions: [{name: x, version: 1.0.0}]\n",
        RULE + "  exceptions:\n",
        RULE + "  override: append\n",  # not a mapping: Falco does not look at it
        RULE + "  override:\n",
        RULE + "  tags: ['']\n",
    ],
)
def test_items_that_are_right(text: str) -> None:
    assert not errors(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- rul: r\n", ["LOAD_UNKNOWN_ITEM"]),
        ("- {}\n", ["LOAD_UNKNOWN_ITEM"]),
        (LIST + "  x: y\n  ~: z\n", ["LOAD_UNKNOWN_KEY", "LOAD_UNKNOWN_KEY"]),
        (RULE + "  append: false\n", []),
        (LIST + LIST + "  append: true\n", ["LOAD_DEPRECATED_ITEM"]),
        (RULE + "- rule: r\n  enabled: no\n", ["LOAD_DEPRECATED_ITEM"]),
        ("- list: a b\n  items: []\n", ["LOAD_INVALID_LIST_NAME"]),
        ("- list: a-b.c/d\n  items: []\n", []),
        ("- macro: a-b\n  condition: ka.verb = get\n", ["LOAD_INVALID_MACRO_NAME"]),
        ("- macro: é\n  condition: ka.verb = get\n", ["LOAD_INVALID_MACRO_NAME"]),
        # the kind is decided in a fixed order, not by which key comes first
        (MACRO + "  list: l\n  items: []\n", ["LOAD_UNKNOWN_KEY", "LOAD_UNKNOWN_KEY"]),
    ],
)
def test_warnings(text: str, found: list[str]) -> None:
    assert warnings(text) == found


def override(keys: str, body: str, item: str = "rule: r") -> str:
    return f"- {item}\n{indent(body, '  ')}\n  override: {keys}\n"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (override("{condition: append}", ""), BAD, "An append override for 'condition' was specified but 'condition' is not defined"),
        (override("{priority: append}", "priority: INFO"), BAD, "Key 'priority' cannot be appended to, use 'replace' instead"),
        (override("{source: replace}", "source: k8s_audit"), BAD, "Key 'source' cannot be replaced"),
        (override("{tags: add}", "tags: [a]"), BAD, "Invalid override operation for key 'tags': 'add'. Allowed values are: append replace "),
        (override("{priority: add}", "priority: INFO"), BAD, "Invalid override operation for key 'priority': 'add'. Allowed values are: replace "),
        (override("{tags: }", "tags: [a]"), BAD, "Invalid override operation for key 'tags': 'null'. Allowed values are: append replace "),
        (override("{tags: append}", "tags: [a]\ndesc: d"), BAD, "Unexpected key 'desc': no corresponding entry under 'override' is defined."),
        (override("{tags: append}", "tags: [a]\nappend: true"), BAD, "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead."),
        (override("[tags]", "tags: [a]"), INVALID, "invalid node; this may result from using a map iterator as a sequence iterator, or vice-versa"),
        (override("{tags: [append]}", "tags: [a]"), INVALID, "yaml-cpp: error at line 9, column 20: bad conversion"),
        (override("{condition: append}", "condition: x", "rule: s"), INVALID, "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists"),
        (override("{condition: replace}", "condition: x", "rule: s"), INVALID, "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists"),
        (override("{items: append}", "items: [x]", "list: s"), INVALID, "List uses 'append' or 'override.items: append' but no list by that name already exists"),
        (override("{condition: append}", "condition: x", "macro: s"), INVALID, "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists"),
        (override("{condition: append}", "condition: and x=y\nsource: syscall"), INVALID, "Rule has been re-defined with a different source"),
        ("- rule: r\n  append: true\n", INVALID, "Appended rule must have exceptions or condition property"),
        (RULE.replace("k8s_audit", "syscall"), INVALID, "Rule has been re-defined with a different source"),
    ],
)  # fmt: skip
def test_overrides_that_are_wrong(text: str, code: str, message: str) -> None:
    assert errors(RULE + text) == [(code, message)]


EXCEPTION = RULE + "  exceptions:\n"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{}", BAD, "Rule exceptions must be a sequence"),
        ("[a]", BAD, "Rule exception must be a mapping"),
        ("[{fields: ka.verb}]", BAD, "Item has no mapping for key 'name'"),
        ("[{name: e}]", BAD, "Item has no mapping for key 'fields'"),
        ("[{name: e, fields: }]", INVALID, "Rule exception item must have fields property with a list of fields"),
        ("[{name: e, fields: []}]", INVALID, "Rule exception item must have fields property with a list of fields"),
        ("[{name: e, fields: ''}]", BAD, "Value must be non-empty"),
        ("[{name: e, fields: ka.verb, values: a}]", BAD, "Rule exception values must be a sequence"),
        ("[{name: e, fields: ka.verb, values: [[a]]}]", INVALID, "Expected values array to contain a list of strings"),
        ("[{name: e, fields: ka.nosuch, values: [a]}]", INVALID, "'ka.nosuch' is not a supported filter field"),
        ("[{name: e, fields: [ka.nosuch], values: [[a]]}]", INVALID, "'ka.nosuch' is not a supported filter field"),
        ("[{name: e, fields: [[ka.verb]], values: [[a]]}]", INVALID, "'' is not a supported filter field"),
        ("[{name: e, fields: ka.verb, comps: [in], values: [a]}]", INVALID, "Fields and comps must both be strings"),
        ("[{name: e, fields: ka.verb, comps: =, values: [a]}]", INVALID, "When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator (e.g. startswith oneof)"),
        ("[{name: e, fields: ka.verb, comps: in anyof, values: [a]}]", INVALID, "When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator (e.g. startswith oneof)"),
        ("[{name: e, fields: [ka.verb], comps: in, values: [[a]]}]", INVALID, "Fields and comps lists must have equal length"),
        ("[{name: e, fields: [ka.verb], comps: ['=', '='], values: [[a]]}]", INVALID, "Fields and comps lists must have equal length"),
        ("[{name: e, fields: [ka.verb], comps: [like], values: [[a]]}]", INVALID, "'like' is not a supported comparison operator"),
        ("[{name: e, fields: [ka.verb], comps: [~], values: [[a]]}]", INVALID, "'' is not a supported comparison operator"),
        ("[{name: e, fields: [ka.verb], values: [[a, b]]}]", INVALID, "Fields and values lists must have equal length"),
        ("[{name: e, fields: [ka.verb], values: [a]}]", INVALID, "Fields and values lists must have equal length"),
    ],
)  # fmt: skip
def test_exceptions_that_are_wrong(text: str, code: str, message: str) -> None:
    assert errors(RULE + f"  exceptions: {text}\n") == [(code, message)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{fields: ka.verb}", ""),
        ("{fields: ka.verb, values: []}", ""),
        ("{fields: [ka.verb], values: []}", ""),
        ("{fields: ka.verb, comps: [], values: [a]}", " and not (ka.verb in (a))"),
        ("{fields: ka.verb, values: [a, b c, '\"d e\"']}", ' and not (ka.verb in (a, "b c", "d e"))'),
        ("{fields: ka.verb, comps: ' pmatch ', values: [a]}", " and not (ka.verb pmatch (a))"),
        ("{fields: ka.verb, comps: glob oneof, values: [a]}", " and not (ka.verb glob oneof (a))"),
        (
            "{fields: [ka.verb, ka.uri], values: [[a, b], [c d, e]]}",
            ' and not (( ka.verb = a and  ka.uri = b) or ( ka.verb = "c d" and  ka.uri = e))',
        ),
        (
            "{fields: [ka.verb, ka.uri], comps: [in, startswith], values: [[[a, ~, b], /x]]}",
            " and not (( ka.verb in (a, , b) and  ka.uri startswith /x))",
        ),
        (
            "{fields: [ka.verb], comps: [in], values: [[[~, a]], ['(x, y)'], [z]]}",
            " and not (( ka.verb in (a)) or ( ka.verb in (x, y)) or ( ka.verb in (z)))",
        ),
        (
            "{fields: [ka.uri], comps: [startswith anyof], values: [[/a], [[/b, /c]]]}",
            " and not (( ka.uri startswith anyof (/a)) or ( ka.uri startswith anyof (/b, /c)))",
        ),
    ],
)  # fmt: skip
def test_exceptions_become_text(text: str, expected: str) -> None:
    from lanner.diagnostics import Item, Source, Span
    from lanner.rules import exceptions
    from lanner.rules.collector import Collector
    from lanner.rules.reader import read_document
    from lanner.rules.yaml_nodes import parse_yaml

    source = Source("x.yaml", RULE + f"  exceptions: [{text.replace('{', '{name: e, ', 1)}]\n")
    collector = Collector()
    read_document(
        parse_yaml(source).documents[0], collector, (Item("rules content", "", Span(source, 0, 0)),)
    )
    assert not collector.diagnostics
    info = collector.rules["r"]
    applied = exceptions.apply(info.condition, info.exceptions, info.span)
    assert applied.text == f"(ka.verb = get){expected}"


def test_exception_append() -> None:
    base = RULE + "  exceptions: [{name: e, fields: ka.verb, values: [a]}]\n"

    def append(text: str) -> str:
        return f"- rule: r\n  exceptions: [{text}]\n  override: {{exceptions: append}}\n"

    assert warnings(base, append("{name: e, values: [b]}")) == []
    assert warnings(base, append("{name: e}")) == ["LOAD_APPEND_NO_VALUES"]
    # a misspelt `values` is not noticed otherwise
    assert warnings(base, append("{name: e, value: [b]}")) == ["LOAD_APPEND_NO_VALUES"]
    assert warnings(base, append("{name: f, fields: ka.uri, values: [b]}")) == []
    twice = "{name: f, fields: ka.uri, values: [b]}, {name: f, fields: ka.uri, values: [b]}"
    assert errors(base, append(twice)) == [
        (INVALID, "Can not append exception fields to existing exception, only values")
    ]
    assert errors(base, append("{name: e, comps: in, values: [b]}")) == [
        (INVALID, "Can not append exception comps to existing exception, only values")
    ]
    assert errors(base, append("{name: f, values: [b]}")) == [
        (INVALID, "Rule exception must have fields property with a list of fields")
    ]
    assert errors(base, append("{name: f, fields: ka.uri}")) == [
        (INVALID, "Rule exception must have values property with a list of values")
    ]


def test_same_name_twice() -> None:
    text = RULE + "  exceptions: [{name: e, fields: ka.verb}, {name: e, fields: ka.uri}]\n"
    assert warnings(text) == ["LOAD_EXCEPTION_NAME_NOT_UNIQUE"]


def test_falco_sees_the_first_error_of_a_file() -> None:
    result = load_texts(RULE.replace("INFO", "x") + "- rule: s\n  desc: d\n- list: l\n")
    (file,) = result.files
    assert [one.code for one in file.diagnostics] == [BAD, BAD, BAD]
    assert len(file.falco_view()) == 1


def test_findings_are_told_once() -> None:
    result = load_texts(MACRO, LIST, RULE.replace("= get", "= "))
    unused, listed, broken = (file.diagnostics for file in result.files)
    assert [one.code for one in unused] == ["LOAD_UNUSED_MACRO"]
    assert [one.code for one in listed] == ["LOAD_UNUSED_MACRO", "LOAD_UNUSED_LIST"]
    assert [one.code for one in broken] == ["LOAD_ERR_COMPILE_CONDITION"]
    assert [[one.code for one in file.fresh] for file in result.files] == [
        ["LOAD_UNUSED_MACRO"],
        ["LOAD_UNUSED_LIST"],
        ["LOAD_ERR_COMPILE_CONDITION"],
    ]
    assert len(result.diagnostics) == 3


def test_a_broken_file_stays_broken_for_those_after_it() -> None:
    result = load_texts(RULE.replace("ka.verb", "ka.nosuch"), LIST)
    assert [file.ok for file in result.files] == [False, False]
    assert not result.files[1].fresh


@pytest.mark.parametrize("kind", ["list", "macro", "rule"])
def test_too_many_errors_end_the_file(kind: str) -> None:
    from lanner.rules.model import MAX_ERRORS

    if kind == "macro":
        text = "".join(f"- macro: m{n}\n  condition: x{n}\n" for n in range(MAX_ERRORS + 100))
    elif kind == "rule":
        rule = RULE.replace("ka.verb = get", "undefined")
        text = "".join(rule.replace("rule: r", f"rule: r{n}") for n in range(MAX_ERRORS + 100))
    else:
        text = "- list: l\n" * (MAX_ERRORS + 100)
    (file,) = load_texts(text).files
    assert len(file.diagnostics) == MAX_ERRORS
