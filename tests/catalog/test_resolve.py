"""Fields with arguments: what Falco accepts, and its words for what it does not."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lanner import catalog

NO_SUCH = "filter_check called with nonexistent field {}"


def resolve(text: str, source: str) -> catalog.ResolvedField | catalog.FieldError:
    name, bracket, rest = text.partition("[")
    return catalog.resolve(name, rest.removesuffix("]") if bracket else None, source)


@pytest.mark.parametrize(
    ("text", "name", "argument", "type_name"),
    [
        ("proc.name", "proc.name", None, "charbuf"),
        ("proc.aname", "proc.aname", None, "charbuf"),
        ("proc.aname[2]", "proc.aname", "2", "charbuf"),
        ("proc.aname[007]", "proc.aname", "7", "charbuf"),
        ("proc.aname[+2]", "proc.aname", "2", "charbuf"),
        ("proc.aname[ 2]", "proc.aname", "2", "charbuf"),
        ("proc.aname[-1]", "proc.aname", "-1", "charbuf"),
        ("proc.aexe[1]", "proc.aexe", "1", "charbuf"),
        ("proc.aexepath[1]", "proc.aexepath", "1", "charbuf"),
        ("proc.apid[1]", "proc.apid", "1", "int64"),
        ("proc.args[0]", "proc.args", "0", "charbuf"),
        ("proc.env", "proc.env", None, "charbuf"),
        ("proc.env[HOME]", "proc.env", "HOME", "charbuf"),
        ("proc.env[a b]", "proc.env", "a b", "charbuf"),
        ("proc.env[]", "proc.env", "", "charbuf"),
        ("evt.args", "evt.args", None, "charbuf"),
        ("evt.arg.flags", "evt.arg", "flags", "charbuf"),
        ("evt.arg[1]", "evt.arg", "1", "charbuf"),
        # the type is that of the parameter
        ("evt.rawarg.flags", "evt.rawarg", "flags", "flags32"),
        ("evt.rawarg.res", "evt.rawarg", "res", "errno"),
        ("evt.around[1]", "evt.around", "1", "uint64"),
        ("evt.abspath", "evt.abspath", None, "charbuf"),
        ("evt.abspath.src", "evt.abspath", "src", "charbuf"),
        ("evt.abspath.dst", "evt.abspath", "dst", "charbuf"),
        ("evt.type.is.open", "evt.type.is", "open", "uint32"),
        ("evt.type.is.5", "evt.type.is", "5", "uint32"),
        ("fd.types", "fd.types", None, "charbuf"),
        ("fd.types[1]", "fd.types", "1", "charbuf"),
        ("thread.cgroups", "thread.cgroups", None, "charbuf"),
        ("thread.cgroup.cpuacct", "thread.cgroup", "cpuacct", "charbuf"),
        ("container.label[a.b/c]", "container.label", "a.b/c", "charbuf"),
        ("container.mount[0]", "container.mount", "0", "charbuf"),
        ("container.mount[/data]", "container.mount", "/data", "charbuf"),
        ("k8s.pod.label[app]", "k8s.pod.label", "app", "charbuf"),
    ],
)
def test_accepted(text: str, name: str, argument: str | None, type_name: str) -> None:
    found = resolve(text, "syscall")
    assert isinstance(found, catalog.ResolvedField), found
    assert (found.name, found.argument, found.type) == (name, argument, type_name)
    assert found.field is catalog.field(name)


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("ka.verb", None),
        ("evt.time.iso8601", None),
        ("ka.uri.param[command]", "command"),
        ("ka.uri.param[]", ""),
        ("ka.req.pod.containers.image", None),
        ("ka.req.pod.containers.image[0]", "0"),
        ("ka.req.pod.containers.image[18446744073709551615]", "18446744073709551615"),
        ("ka.req.pod.initContainers.image[10]", "10"),
        ("jevt.value[/a/b]", "/a/b"),
        ("json.value[]", ""),
    ],
)
def test_accepted_for_audit_events(text: str, argument: str | None) -> None:
    found = resolve(text, "k8s_audit")
    assert isinstance(found, catalog.ResolvedField), found
    assert found.argument == argument


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("proc.nosuch", NO_SUCH),
        ("nosuch.field", NO_SUCH),
        ("proc.namex", NO_SUCH),
        ("proc.name[1]", NO_SUCH),
        ("proc.name.x", NO_SUCH),
        ("proc.aname[abc]", NO_SUCH),
        ("proc.aname[2 ]", NO_SUCH),
        ("proc.aname[2]x]", NO_SUCH),
        ("proc.aname[]", NO_SUCH),
        ("proc.args[0x1]", NO_SUCH),
        ("proc.env[a]b]", NO_SUCH),
        ("ka.verb", NO_SUCH),
        ("jevt.value[/a/b]", NO_SUCH),
        # fields of events name what is wrong with the number
        ("evt.arg[x]", "x is not a valid number"),
        ("evt.around[x]", "x is not a valid number"),
        ("fd.types[x]", "x is not a valid number"),
        ("evt.arg[1]x]", NO_SUCH),
        ("evt.arg", "filter syntax error: evt.arg"),
        ("evt.argx", "filter syntax error: evt.argx"),
        ("evt.argsx", NO_SUCH),
        ("evt.arg.nosuch", "unknown event argument nosuch"),
        ("evt.arg.nosuch[1]", "unknown event argument nosuch[1]"),
        # the longest known parameter is `flags`; the rest does not fit
        ("evt.arg.flagsx", NO_SUCH),
        ("evt.arg.flags[0]", NO_SUCH),
        ("evt.rawarg", "filter syntax error: evt.rawarg"),
        ("evt.rawarg[flags]", "evt.arg fields must be expressed explicitly"),
        ("evt.around", "filter syntax error: evt.around"),
        ("evt.around.x", "wrong syntax for evt.around"),
        ("evt.abspath.x", NO_SUCH),
        ("evt.abspath[src]", NO_SUCH),
        ("evt.type.is", "filter syntax error: evt.type.is"),
        ("evt.type.is.nosuch", NO_SUCH),
        # a system call that is only ever a generic event
        ("evt.type.is.restart_syscall", NO_SUCH),
        ("thread.cgroup", "filter syntax error: thread.cgroup"),
        ("thread.cgroup[cpu]", "filter syntax error: thread.cgroup[cpu]"),
        ("thread.cgroup.cpu2", NO_SUCH),
        ("thread.cgroupsx", NO_SUCH),
        (
            "container.label",
            "filter 'container.label': container.label requires an argument but none provided",
        ),
        (
            "container.labelx",
            "filter 'container.labelx': container.label requires an argument but none provided",
        ),
        (
            "container.id[1]",
            (
                "filter 'container.id[1]': container.id does not allow nor require an argument but"
                " one is provided: 1"
            ),
        ),
        (
            "container.label[a b]",
            "filter 'container.label[a': container.label has unbalanced argument brackets",
        ),
        (
            "container.label[ b]",
            (
                "filter 'container.label[': container.label terminates with incomplete argument"
                " brackets"
            ),
        ),
        ("container.label[a]b]", NO_SUCH),
        ("container.idx[1]", NO_SUCH),
        ("container.idx", NO_SUCH),
        (
            "proc.is_container_healthcheck[1]",
            (
                "filter 'proc.is_container_healthcheck[1]': proc.is_container_healthcheck does not"
                " allow nor require an argument but one is provided: 1"
            ),
        ),
        ("argon.x", "filter error: proc.arg filter not implemented yet"),
    ],
)
def test_refused(text: str, message: str) -> None:
    found = resolve(text, "syscall")
    assert isinstance(found, catalog.FieldError), found
    assert found.falco_message == message.format(text)
    assert found.message


INDEX = "filter ka.sourceips[{0}] ka.sourceips has an invalid index argument {1}: {0}"


@pytest.mark.parametrize(
    ("argument", "fault"),
    [
        ("", "starting with 0"),
        ("01", "starting with 0"),
        ("00", "starting with 0"),
        ("x", "not composed only by digits"),
        ("-1", "not composed only by digits"),
        ("0x", "not composed only by digits"),
        ("\u0661", "not composed only by digits"),
        ("18446744073709551616", "not representable on 64 bit"),
        ("9" * 5_000, "not representable on 64 bit"),
    ],
)
def test_indexes_of_plugins_are_strict(argument: str, fault: str) -> None:
    found = catalog.resolve("ka.sourceips", argument, "k8s_audit")
    assert isinstance(found, catalog.FieldError)
    assert found.falco_message == INDEX.format(argument, fault)


@pytest.mark.parametrize("text", ["proc.name", "evt.type", "container.id", "user.name", "fd.types"])
def test_audit_events_have_no_fields_of_system_calls(text: str) -> None:
    found = resolve(text, "k8s_audit")
    assert isinstance(found, catalog.FieldError)
    assert found.falco_message == NO_SUCH.format(text)
    assert "k8s_audit" in found.message
    assert found.help == "it is a field of `source: syscall`"


@pytest.mark.parametrize(
    ("text", "source", "help_text"),
    [
        ("ka.verbs", "k8s_audit", "did you mean `ka.verb`?"),
        ("proc.nmae", "syscall", "did you mean `proc.name`?"),
        ("evt.arg.flgs", "syscall", "did you mean `evt.arg.flags`?"),
        ("evt.arg[flags]", "syscall", "write `evt.arg.flags`"),
        ("evt.rawarg[flags]", "syscall", "write `evt.rawarg.flags`"),
        ("ka.uri.param", "k8s_audit", "write `ka.uri.param[…]`"),
        ("zzzz.q", "k8s_audit", "`lanner fields --source k8s_audit` lists all fields"),
        ("ka.verb", "syscall", "it is a field of `source: k8s_audit`"),
    ],
)
def test_help(text: str, source: str, help_text: str) -> None:
    found = resolve(text, source)
    assert isinstance(found, catalog.FieldError)
    assert found.help == help_text


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("proc.name", True),
        ("proc.aname[2]", True),
        ("evt.arg.flags", True),
        ("proc.nosuch", False),
        ("proc.aname[2", False),
        ("proc.aname[2]x", False),
        ("proc.name ", False),
        ("", False),
    ],
)
def test_left_sides_of_exceptions(text: str, fits: bool) -> None:
    assert catalog.is_left_side(text, "syscall") is fits


@pytest.mark.parametrize("text", ["json.value[/a]", "json.obj", "json.rawtime", "jevt.value[/a]"])
def test_fields_of_the_json_plugin_fit_all_sources_where_it_is_loaded(text: str) -> None:
    found = resolve(text, "syscall")
    assert isinstance(found, catalog.FieldError)
    assert found.help == "it is a field of `source: k8s_audit`"
    scope = catalog.scope_of("syscall", ["k8saudit", "json"])
    assert isinstance(resolve(text, scope), catalog.ResolvedField)
    assert catalog.is_left_side(text, scope)
    # and nothing else changes
    assert isinstance(resolve("proc.name", scope), catalog.ResolvedField)
    wrong = resolve("ka.verb", scope)
    assert isinstance(wrong, catalog.FieldError)
    assert wrong.message == "rules of source `syscall` have no field `ka.verb`"
    assert catalog.scope_of("syscall", ["k8saudit"]) == "syscall"


_PARTS = st.sampled_from(
    ["evt", "arg", ".", "rawarg", "flags", "proc", "aname", "[", "]", "1", "ka", "uri", "param"]
)
_TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(_PARTS, max_size=8).map("".join),
    st.sampled_from([field.name for field in catalog.fields()]),
)


@given(name=_TEXTS, argument=st.none() | _TEXTS, source=st.sampled_from(["syscall", "k8s_audit"]))
@example(name="evt.arg.", argument=None, source="syscall")
@example(name="proc.aname", argument="9" * 5_000, source="syscall")
@example(name="", argument=None, source="syscall")
def test_any_text_is_answered(name: str, argument: str | None, source: str) -> None:
    found = catalog.resolve(name, argument, source)
    whole = name if argument is None else f"{name}[{argument}]"
    if isinstance(found, catalog.ResolvedField):
        assert whole.startswith(found.name)
        assert found.field.source in (source, "any")
    else:
        assert found.falco_message
        assert found.message
    # other sources have other fields, but the answer does not depend on who asked first
    assert catalog.resolve(name, argument, source) == found


def test_long_names_are_refused_quickly() -> None:
    started = time.perf_counter()
    for start in ("evt.arg.", "proc.", "evt.type.is.", "thread.cgroup.", "ka.uri.param"):
        assert isinstance(
            catalog.resolve(start + "a-" * 500_000, None, "syscall"), catalog.FieldError
        )
    assert time.perf_counter() - started < 1
