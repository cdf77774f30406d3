"""`lanner audit query`, as a person would."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from lanner.api import audit
from lanner.audit.questions.fields import FIELDS
from tests.audit.questions.events import event, written
from tests.cli.run import SAMPLE, lanner

if TYPE_CHECKING:
    from pathlib import Path

SECRET = """select(.objectRef.resource=="secrets"
and .objectRef.name=="db-cred")
| .user.username"""
DELETES = """select(.verb=="delete")
| {time:.requestReceivedTimestamp,
user:.user.username,
res:.objectRef.resource}"""


@pytest.fixture
def log(captures: Path) -> Path:
    return captures / "apiserver/all.audit.log.gz"


@pytest.fixture
def lines(log: Path) -> bytes:
    return gzip.decompress(log.read_bytes())


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@pytest.mark.parametrize(
    "arguments",
    [
        (SECRET,),
        (DELETES,),
        ("-c", DELETES),
        ("-r", ".user.username"),
        ("-r", "[.verb,.requestURI]|@tsv"),
        ("-c", "--arg", "verb", "delete", "select(.verb == $verb) | .auditID"),
        ("-s", "length"),
        ("-sc", "group_by(.verb) | map({verb: .[0].verb, n: length})"),
        ("-c", '.responseStatus, .user.groups[0], (.stage | test("Complete"))'),
    ],
)  # fmt: skip
def test_programs_give_what_jq_gives(lines: bytes, log: Path, arguments: tuple[str, ...]) -> None:
    expected = subprocess.run(["jq", *arguments], input=lines, capture_output=True, check=True)
    done = lanner("audit", "query", *arguments, log)
    assert done.stdout == expected.stdout
    assert done.returncode == 0, done.stderr
    assert lanner("audit", "query", *arguments, stdin=lines).stdout == expected.stdout


def test_a_failing_program_goes_on(tmp_path: Path) -> None:
    log = written(tmp_path, [event("get"), {**event("list"), "verb": [1]}, event("watch")])
    done = lanner("audit", "query", "-c", ".verb | ascii_upcase", log)  # fmt: skip
    assert done.stdout == b'"GET"\n"WATCH"\n'
    assert b"lanner: jq: explode input must be a string" in done.stderr
    assert done.returncode == 1


def test_messages_of_programs_do_not_drive_the_terminal(tmp_path: Path) -> None:
    log = written(tmp_path, [event("\x1b[2J" + "x" * 1000)])
    done = lanner("audit", "query", "error(.verb)", log)
    assert b"lanner: jq: \\x1b[2Jxxx" in done.stderr
    assert len(done.stderr) < 400
    assert done.returncode == 1


def test_the_condition_goes_first(log: Path) -> None:
    done = lanner("audit", "query", "--where", "ka.verb = delete", "--select", ".verb", "-r", log)
    assert done.stdout == b"delete\n" * 30


def test_fields_as_a_table(log: Path) -> None:
    done = lanner(
        "audit", "query", log, "--fields", "user,name,ka.auth.decision", "--where",
        "ka.target.resource = secrets and ka.verb = delete and ka.stage = ResponseComplete",
    )  # fmt: skip
    assert done.stdout == b"user   name     ka.auth.decision\nadmin  db-cred  allow\n"


def test_forms_agree(log: Path) -> None:
    words = ("audit", "query", "--where", "ka.verb = delete", log)
    names = ["time", "user", "verb", "resource", "subresource", "namespace", "name", "code"]
    as_json = [json.loads(line) for line in lanner(*words, "--json").stdout.splitlines()]
    as_csv = list(csv.DictReader(io.StringIO(lanner(*words, "--csv").stdout.decode())))
    assert len(as_json) == 30
    assert list(as_csv[0]) == names
    assert as_csv == [{name: row[name] or "" for name in names} for row in as_json]
    assert list(audit.query([log], "ka.verb = delete")) == as_json
    assert lanner(*words).stdout.count(b"\n") == 31


def test_every_short_name_is_a_field(tmp_path: Path) -> None:
    log = written(tmp_path, [event("get", "pods", "p", namespace="n", message="x")])
    (row,) = audit.query([log], fields=list(FIELDS))
    assert set(row) == set(FIELDS)
    assert row["user"] == "alice"
    assert row["address"] == ["10.0.0.1"]


def test_dedup_and_times(log: Path, lines: bytes, tmp_path: Path) -> None:
    copy = tmp_path / "copy.log"
    copy.write_bytes(lines)
    words = ("audit", "query", "-r", ".auditID", log, copy)
    assert lanner(*words).stdout.count(b"\n") == 2 * 1345
    assert lanner(*words, "--dedup").stdout.count(b"\n") == 1345
    late = lanner(*words, "--dedup", "--since", "2026-11-23T07:39:00Z").stdout.count(b"\n")
    early = lanner(*words, "--dedup", "--until", "2026-11-23T07:39:00Z").stdout.count(b"\n")
    assert 0 < late < 1345
    assert late + early == 1345


def test_event_lists_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"kind": "EventList", "items": [event("get"), event("list")]}))
    assert lanner("audit", "query", "-r", ".verb", path).stdout == b"get\nlist\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "give a jq program, or --where with a condition"),
        ((SAMPLE,), 2, "audit.log is a file: first comes a jq program"),
        ((".a[", SAMPLE), 1, "the jq program is wrong"),
        (("--where", "ka.vrb = get", SAMPLE), 1, "did you mean `ka.verb`?"),
        (("--fields", "time,nope", SAMPLE), 1, "`%nope` is not a field"),
        (("--select", ".", "--fields", "time", SAMPLE), 2, "are for --where without jq"),
        (("--where", "ka.verb = get", "-c", SAMPLE), 2, "are for jq programs"),
        ((".", SAMPLE, "--arg", "x"), 2, "--arg x: it takes a name and a value"),
        ((".", SAMPLE, "--arg", "1x", "y"), 2, "--arg 1x: it takes a name and a value"),
        ((".", "no-such.log"), 1, "no-such.log: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], code: int, message: str) -> None:
    done = lanner("audit", "query", *words)
    assert message in done.stderr.decode()
    assert done.returncode == code
    assert not done.stdout
