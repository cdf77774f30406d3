"""`lanner events`, and captures that are damaged or are none."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from tests.cli.run import SAMPLE, lanner

if TYPE_CHECKING:
    from pathlib import Path

RULE = """
- rule: Opened
  desc: A file was opened
  condition: evt.type in (open, openat) and fd.num >= 0
  output: opened %fd.name
  priority: INFO
"""


def capture(captures: Path) -> Path:
    return captures / "scap/cat_write.scap"


def test_prints_events_like_sysdig(captures: Path) -> None:
    done = lanner("events", capture(captures), "evt.type", "=", "open", "-n", "1")
    assert done.returncode == 0
    number, time, cpu, name, tid, direction, event, *arguments = done.stdout.decode().split(" ")
    assert (number, time, cpu, name) == ("137", "16:17:57.881785348", "0", "cat")
    assert (tid, direction, event) == ("(20072)", "<", "open")
    assert arguments[0] == "fd=3(<f>/etc/ld.so.cache)"


def test_prints_fields_as_json(captures: Path) -> None:
    options = ("-p", "%evt.num %fd.name", "--json", "-n", "1")
    done = lanner("events", capture(captures), "fd.name endswith passwd or evt.type=open", *options)
    assert json.loads(done.stdout) == {"evt.num": 137, "fd.name": "/etc/ld.so.cache"}


def test_a_format_leaves_out_what_lacks_a_field(captures: Path) -> None:
    named = lanner("events", capture(captures), "-p", "%fd.name").stdout.splitlines()
    everything = lanner("events", capture(captures), "-p", "*%fd.name").stdout.splitlines()
    assert 0 < len(named) < len(everything)
    assert b"<NA>" in everything


def test_wrong_filters_and_formats_are_explained(captures: Path) -> None:
    for arguments, words in (
        (("proc.nam = cat",), "did you mean `proc.name`?"),
        (("spawned_process",), "filters have no macros"),
        (("evt.type =",), "<filter>:1:"),
        (("", "-p", "%proc.nam"), "proc.nam"),
        (("", "-p", ""), "the output is empty"),
    ):
        done = lanner("events", capture(captures), *arguments)
        assert done.returncode == 1
        assert words in done.stderr.decode(), arguments


def test_other_files_are_refused() -> None:
    for path, words in (
        (str(SAMPLE), "is not a capture"),
        ("/nonexistent.scap", "No such file or directory"),
        ("/dev/null", "is not a capture"),
        ("/", "directory"),
    ):
        done = lanner("events", path)
        assert done.returncode == 1, path
        assert words in done.stderr.decode(), path


def test_damage_ends_a_scan_with_one_message(captures: Path, tmp_path: Path) -> None:
    whole = gzip.decompress(capture(captures).read_bytes())
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE)
    complete = lanner("scan", capture(captures), "-r", rules, "-q").stdout.splitlines()
    cut = tmp_path / "cut.scap"
    cut.write_bytes(whole[: len(whole) * 99 // 100])
    done = lanner("scan", cut, "-r", rules, "-q")
    assert done.returncode == 1
    found = done.stdout.splitlines()
    assert 0 < len(found) <= len(complete)
    assert found == complete[: len(found)]
    assert len(done.stderr.splitlines()) == 1
    assert b"cut.scap" in done.stderr


def test_captures_and_audit_logs_in_one_scan(captures: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    audit = "- rule: Any\n  desc: d\n  condition: ka.verb = delete\n  output: o\n"
    rules.write_text(RULE + audit + "  priority: INFO\n  source: k8s_audit\n")
    done = lanner("scan", capture(captures), SAMPLE, "-r", rules, "--json")
    sources = [json.loads(line)["source"] for line in done.stdout.splitlines()]
    assert set(sources) == {"syscall", "k8s_audit"}
    assert done.returncode == 0
    piped = lanner("scan", "-", "-r", rules, "-q", stdin=capture(captures).read_bytes())
    assert piped.stdout == lanner("scan", capture(captures), "-r", rules, "-q").stdout


def test_ancestors_without_a_number_are_printed_together(captures: Path) -> None:
    trace = capture(captures)
    condition = ("evt.type = open and proc.aname = systemd and proc.apid = 1", "-n", "1")
    fields = "*%proc.name/%proc.aname/%proc.aexe/%proc.pid/%proc.apid/%proc.aname[2]"
    assert lanner("events", trace, *condition, "-p", fields).stdout.decode() == (
        "cat/bash emacs bash sshd sshd sshd systemd/"
        "/bin/bash emacs -bash sshd: mstemm@pts/0 sshd: mstemm [priv] /usr/sbin/sshd /sbin/init/"
        "20072/20072/emacs\n"
    )
    environment = ("-p", "*%proc.aenv", "-n", "1")
    own = ("-p", "*%proc.env", "-n", "1")
    printed = lanner("events", trace, "evt.type = open", *environment).stdout
    assert printed == lanner("events", trace, "evt.type = open", *own).stdout


def test_numbers_that_are_not_printed_in_decimal(captures: Path) -> None:
    trace = capture(captures)
    fields = "*%evt.rawarg.flags %evt.rawarg.mode %evt.rawtime.ns %evt.latency.ns %evt.reltime.s"
    condition = ("evt.type = open and evt.rawarg.flags = 4097", "-p", fields, "-n", "1")
    assert lanner("events", trace, *condition).stdout == b"1001 0 881785348 000000000 1\n"
    as_json = json.loads(lanner("events", trace, *condition, "--json").stdout)
    assert as_json == {
        "evt.rawarg.flags": "1001",
        "evt.rawarg.mode": "0",
        "evt.rawtime.ns": "881785348",
        "evt.latency.ns": "000000000",
        "evt.reltime.s": 1,
    }
