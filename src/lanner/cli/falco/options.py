"""Falco's command line (0.44.1: `app/options.cpp`)."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

DEFAULT_CONFIG = "/etc/falco/falco.yaml"
ALL = ""
"""`--list` without a source."""
RULE_FILES = ""
"""`-V` without a file, as tutorials write it: `-V -r FILE`. (Falco looks for a file named `-r`.)
Then everything is checked that would be loaded: a local file needs the macros of those before it.
"""
FORMATS = ("text", "markdown", "json")
_TRUE, _FALSE = ("t", "T", "true", "True", "1"), ("f", "F", "false", "False", "0")
_MISSING = re.compile(r"argument (--?[\w-]+).*: expected (?:one|at least one) argument")


class UsageError(Exception):
    """The command line is wrong; the message says why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        missing = _MISSING.fullmatch(message)
        raise UsageError(f"Option {missing[1]} is missing an argument" if missing else message)

    def without_truths(self, words: list[str]) -> list[str]:
        """`--dry-run=true` is `--dry-run`, `--dry-run=false` is nothing: as Falco takes them."""
        found = []
        for word in words:
            name, equals, value = word.partition("=")
            action = self._option_string_actions.get(name)
            if not equals or action is None or action.nargs != 0:
                found.append(word)
            elif value in _TRUE:
                found.append(name)
            elif value not in _FALSE:
                raise UsageError(f"Argument '{value}' failed to parse")
        return found

    def format_help(self) -> str:
        return super().format_help().replace("usage:", "Usage:\n ", 1)  # as Falco begins


def parser() -> _Parser:
    """All options of Falco."""
    made = _Parser(
        prog="falco",
        usage="falco [OPTION...]",
        description="Falco's command line, served by Lanner.",
        add_help=False,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34, width=110),
    )
    add = made.add_argument
    add("-h", "--help", action="store_true", help="Print this list.")
    add("-c", dest="config", metavar="PATH", help=f"Configuration; {DEFAULT_CONFIG} unless said.")
    add("--config-schema", action="store_true", help="Print the JSON schema of configurations.")
    add("--rule-schema", action="store_true", help="Print the JSON schema of rule files.")
    add(
        "--disable-source",
        action="append",
        metavar="SOURCE",
        help="Leave an event source out (syscall, or one of a plugin). Not with --enable-source.",
    )
    add("--dry-run", action="store_true", help="Check configuration and rules, and end.")
    add(
        "--enable-source",
        action="append",
        metavar="SOURCE",
        help="Only these event sources. Not with --disable-source.",
    )
    add("-i", dest="ignored", action="store_true", help="Print the calls that rules get only if"
        " they name them, or with base_syscalls.all.")  # fmt: skip
    add("-L", dest="describe_all", action="store_true", help="Print all rules.")
    add("-l", dest="describe", metavar="RULE", help="Print one rule.")
    add(
        "--list",
        nargs="?",
        const=ALL,
        metavar="SOURCE",
        help="Print the fields of all event sources, or of one.",
    )
    add("--list-events", action="store_true", help="Print the event types.")
    add("--list-plugins", action="store_true", help="Print the plugins that are served.")
    add("-M", dest="duration", type=int, default=0, metavar="SECONDS", help="End after so long.")
    add("--markdown", action="store_true", help="Deprecated: --format markdown.")
    add(
        "--format",
        type=str.lower,
        metavar="FORMAT",
        help="How --list and --list-events print: text, markdown or json.",
    )
    add("-N", dest="names_only", action="store_true", help="With --list: names alone.")
    add(
        "-o",
        "--option",
        dest="options",
        action="append",
        default=[],
        metavar="OPT=VAL",
        help="Set a key of the configuration: json_output=true, rules[].disable.tag=network.",
    )
    add("--plugin-info", metavar="NAME", help="Print what is known of a plugin.")
    add("-p", "--print", metavar="FORMAT", help="Deprecated: use append_output. Append to outputs.")
    add("-P", "--pidfile", metavar="FILE", help="Write the process id into a file.")
    add("-r", dest="rules", action="append", metavar="PATH", help="Rule file or folder.")
    add("--support", action="store_true", help="Print what is asked for in a bug report.")
    add("-U", "--unbuffered", action="store_true", help="Accepted: alerts are never buffered.")
    add(
        "-V",
        "--validate",
        nargs="?",
        const=RULE_FILES,
        action="append",
        metavar="FILE",
        help="Check rule files (without FILE: those of the configuration and of -r), and end.",
    )
    add("-v", dest="verbose", action="store_true", help="Accepted: log_level says how much.")
    add("--version", action="store_true", help="Print the versions.")
    add("--page-size", action="store_true", help="Print the size of a memory page.")
    return made


def parse(words: list[str]) -> argparse.Namespace:
    """The options. As in Falco, words that are no options mean nothing; `stray` has them.
    `checks_all`: before the files of `-V` come those of the configuration.

    Raises:
        UsageError: they are wrong.

    """
    made = parser()
    found, rest = made.parse_known_args(made.without_truths(words))
    unknown = next((word for word in rest if word.startswith("-") and word != "-"), None)
    if unknown is not None:
        raise UsageError(f"Option {unknown} does not exist")
    found.stray = tuple(rest)
    found.checks_all = bool(found.validate) and RULE_FILES in found.validate
    if found.checks_all:
        named = [name for name in found.validate if name != RULE_FILES]
        found.validate = named + (found.rules or [])
        if not found.validate:
            raise UsageError("Option -V is missing an argument")
    if found.format and found.format not in FORMATS:
        raise UsageError(f"Invalid format '{found.format}'. Valid values are: {', '.join(FORMATS)}")
    if found.markdown and found.format:
        raise UsageError("Cannot specify both --markdown and --format options together")
    if found.enable_source and found.disable_source:
        raise UsageError("You can not mix --enable-source and --disable-source")
    return found
