"""`lanner audit ask` and `lanner audit report`, as a person would."""

from __future__ import annotations

import csv
import gzip
import io
import json
import stat
from typing import TYPE_CHECKING

import pytest
import yaml

from lanner.audit.questions import QUESTIONS
from tests.audit.questions.events import event, written
from tests.cli.run import SAMPLE, lanner

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = {"user": ("--user", "admin"), "baseline_ns": ("--baseline", "2026-11-23T07:38:50Z")}


@pytest.fixture
def log(captures: Path) -> Path:
    return captures / "apiserver/all.audit.log.gz"


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",), ("--evidence", "--top", "3")])
def test_every_question_in_every_form(log: Path, question: str, form: tuple[str, ...]) -> None:
    needed = [word for name in QUESTIONS[question].required for word in NEEDED[name]]
    done = lanner("audit", "ask", question, log, *needed, *form)
    assert done.returncode == 0, done.stderr
    if form == ("--json",):
        answer = json.loads(done.stdout)
        assert answer["question"] == question
        assert answer["document"] or any(table["rows"] for table in answer["tables"])
        assert all(row["audit_ids"] for table in answer["tables"] for row in table["rows"])
    elif form != ("--csv",) or question != "rbac":
        assert len(done.stdout.splitlines()) > 1
    assert all(line.startswith(b"note: ") for line in done.stderr.splitlines())


def test_the_table(log: Path) -> None:
    done = lanner(
        "audit", "ask", "who-read", log, "--name", "db-cred", "-n", "prod", "--verb", "get"
    )
    assert done.stdout.decode() == (
        "who             verb  what             namespace  result  from       requests  first                 last\n"
        "admin           get   secrets db-cred  prod       200     127.0.0.1  1         2026-11-23T07:38:50Z  2026-11-23T07:38:50Z\n"
        "dev-user        get   secrets db-cred  prod       200     127.0.0.1  1         2026-11-23T07:38:51Z  2026-11-23T07:38:51Z\n"
        "ops-user        get   secrets db-cred  prod       403     127.0.0.1  1         2026-11-23T07:38:53Z  2026-11-23T07:38:53Z\n"
        "admin (as eve)  get   secrets db-cred  prod       200     127.0.0.1  1         2026-11-23T07:39:01Z  2026-11-23T07:39:01Z\n"
    )


def test_csv_can_be_read_back(log: Path) -> None:
    done = lanner("audit", "ask", "noisiest", log, "--csv")
    tables = [
        list(csv.DictReader(io.StringIO(text))) for text in done.stdout.decode().split("\n\n")
    ]
    assert len(tables) == 3
    assert tables[0][0]["who"] == "system:apiserver"
    assert [sum(int(row["requests"]) for row in table) for table in tables] == [658] * 3


def test_evidence_is_in_the_log(log: Path) -> None:
    done = lanner("audit", "ask", "who-deleted", log, "--json")
    ids = [one for row in json.loads(done.stdout)["tables"][0]["rows"] for one in row["audit_ids"]]
    lines = [json.loads(line) for line in gzip.decompress(log.read_bytes()).splitlines()]
    assert len(ids) == len(set(ids)) == 15
    assert set(ids) == {line["auditID"] for line in lines if line["verb"] == "delete"}


def test_rbac_is_yaml(log: Path) -> None:
    done = lanner("audit", "ask", "rbac", "--user", "admin", "--expand", "names", log)
    documents = list(yaml.safe_load_all(done.stdout))
    assert {document["kind"] for document in documents} == {
        "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
    }  # fmt: skip
    assert b"resourceNames" not in done.stdout
    assert b"resourceNames" in lanner("audit", "ask", "rbac", "--user", "admin", log).stdout


def test_directories_rotated_and_standard_input(log: Path, tmp_path: Path) -> None:
    lines = gzip.decompress(log.read_bytes()).splitlines(keepends=True)
    folder = tmp_path / "audit"
    folder.mkdir()
    (folder / "audit.log").write_bytes(b"".join(lines[700:]))
    (folder / "audit-2026-11-23T07-38-46.704.log.gz").write_bytes(
        gzip.compress(b"".join(lines[:700]))
    )
    expected = lanner("audit", "ask", "failed", log)
    assert lanner("audit", "ask", "failed", folder).stdout == expected.stdout
    assert lanner("audit", "ask", "failed", "-", stdin=b"".join(lines)).stdout == expected.stdout
    assert lanner("audit", "ask", "failed", folder, log).stdout == expected.stdout, "repeats"


def test_times_narrow(log: Path) -> None:
    done = lanner("audit", "ask", "who-deleted", log, "--since", "2026-11-23T07:39:00Z", "--json")
    times = [row["time"] for row in json.loads(done.stdout)["tables"][0]["rows"]]
    assert len(times) == 9
    assert min(times) >= "2026-11-23T07:39:00Z"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("who-reads", SAMPLE), 2, "did you mean `who-read`?"),
        (("why", SAMPLE), 2, "there is no question `why`: `lanner audit ask` lists them"),
        (("timeline", SAMPLE), 2, "timeline needs --user"),
        (("first-seen", SAMPLE), 2, "first-seen needs --baseline"),
        (
            ("rbac", SAMPLE, "--user", "a", "--expand", "all"),
            2,
            "--expand all: it is names or namespaces",
        ),
        (("failed", SAMPLE, "--json", "--csv"), 2, "choose one"),
        (("failed", SAMPLE, "--user", "a\\"), 2, "cannot write this string"),
        (("failed", SAMPLE, "--since", "soon"), 2, "--since soon: not a time"),
        (("failed", SAMPLE, "--where", "ka.vrb = get"), 1, "did you mean `ka.verb`?"),
        (("failed", "no-such.log"), 1, "no-such.log: No such file or directory"),
        (("failed", "pyproject.toml"), 1, "is this an audit log?"),
        (("failed", "/dev/null"), 0, "the input is empty: no events"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], code: int, message: str) -> None:
    done = lanner("audit", "ask", *words)
    assert message in done.stderr.decode()
    assert done.returncode == code


def test_captures_are_no_audit_logs(captures: Path) -> None:
    done = lanner("audit", "ask", "failed", captures / "scap/mix-small.scap")
    assert b"is a capture of system calls, not an audit log" in done.stderr
    assert done.returncode == 1


def test_damage_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    log = written(tmp_path, [event("get", "secrets", "a"), event("get", "secrets", "a", second=1)])
    log.write_text(log.read_text() + '{"kind":"Event","auditID\n')
    done = lanner("audit", "ask", "who-read", log)
    assert b"audit.log:3: record skipped" in done.stderr
    assert b"secrets a" in done.stdout
    assert done.returncode == 0


def test_what_clients_sent_does_not_drive_the_terminal(tmp_path: Path) -> None:
    log = written(tmp_path, [event("get", "secrets", "a\x1b[2J\u202e\r\n", user="[bold]x[/]")])
    done = lanner("audit", "ask", "who-read", log)
    assert b"\x1b" not in done.stdout
    assert "secrets a\\x1b[2J\\u202e\\r\\n" in done.stdout.decode()
    assert b"[bold]x[/]" in done.stdout


def test_questions_are_listed() -> None:
    done = lanner("audit", "ask")
    assert [line.split()[0] for line in done.stdout.decode().splitlines()[1:]] == list(QUESTIONS)


def test_report(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = lanner("audit", "report", log, "-o", page)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert lanner("audit", "report", log, "-o", "-").stdout == page.read_bytes()
    assert list(tmp_path.iterdir()) == [page]


def test_a_report_does_not_replace_its_log(tmp_path: Path) -> None:
    log = written(tmp_path, [event("get", "pods", "p")])
    before = log.read_bytes()
    done = lanner("audit", "report", log, "-o", tmp_path / "." / "audit.log")
    assert b"this is one of the logs" in done.stderr
    assert done.returncode == 2
    assert log.read_bytes() == before
    done = lanner("audit", "report", log, "-o", tmp_path / "no/such.html")
    assert done.returncode == 1
    assert b"No such file or directory" in done.stderr
