"""Programs that are started, and what one does to another, on the host."""

from __future__ import annotations

import re

import pytest

from tests.live.behaviour import Behaviour, Theatre

BEHAVIOURS = (
    Behaviour(
        "search for keys",
        "grep -rs 'BEGIN OPENSSH PRIVATE KEY' $WORK; true",
        {
            "Search Private Keys or Passwords": {
                "evt.type": "execve",
                "proc.name": "grep",
                "proc.cmdline": "grep -rs BEGIN OPENSSH PRIVATE KEY $WORK",
                "proc.exepath": "/usr/bin/grep",
                "proc.pname": "bash",
            }
        },
        twin="grep -rs 'BEGIN OPENSSH' $WORK; true",
    ),
    Behaviour(
        "search for keys by name",
        "find $WORK -name id_ed25519",
        {
            "Search Private Keys or Passwords": {
                "proc.name": "find",
                "proc.cmdline": "find $WORK -name id_ed25519",
            }
        },
        twin="find $WORK -name notes",
    ),
    Behaviour(
        "search for keys of AWS",
        "cd $WORK && grep -rs aws_secret_access_key .; true",
        {
            "Find AWS Credentials": {
                "proc.name": "grep",
                "proc.cwd": "$WORK/",
                "proc.pcmdline": re.compile("bash -c .*"),
            }
        },
        twin="cd $WORK && grep -rs aws_region .; true",
    ),
    Behaviour(
        "shell below a server",
        "$NAMES/nginx -c '/bin/sh -c /bin/true; true'; true",
        {
            "Run shell untrusted": {
                "evt.type": "execve",
                "proc.name": "sh",
                "proc.cmdline": "sh -c /bin/true",
                "proc.pname": "nginx",
                "proc.pcmdline": "nginx -c /bin/sh -c /bin/true; true",
                "proc.pexepath": "/usr/bin/bash",
                "proc.aname[2]": "bash",
            }
        },
        twin="$NAMES/builder -c '/bin/sh -c /bin/true; true'",
    ),
    Behaviour(
        "shell of a grandchild of a server",
        "$NAMES/nginx -c '$NAMES/php -c \"/bin/sh -c /bin/true; true\"; true'",
        {"Run shell untrusted": {"proc.pname": "php", "proc.aname[2]": "nginx"}},
        twin="$NAMES/builder -c '$NAMES/php -c \"/bin/sh -c /bin/true; true\"; true'",
    ),
    Behaviour(
        "reverse shell below a web server",
        "$NAMES/apache2 -c '/bin/sh -i < /dev/null; true'",
        {
            "Run shell untrusted": {"proc.pname": "apache2"},
            "Reverse Shell from Web Server": {
                "evt.type": "execve",
                "proc.name": "sh",
                "proc.cmdline": "sh -i",
                "proc.pname": "apache2",
            },
        },
        twin="$NAMES/builder -c '/bin/sh -i < /dev/null; true'",
    ),
    Behaviour(
        "program of a database",
        "$NAMES/postgres -c 'id; true'",
        {
            "DB program spawned process": {
                "evt.type": "execve",
                "proc.name": "id",
                "proc.pname": "postgres",
            }
        },
        twin="$NAMES/builder -c 'id; true'",
    ),
    Behaviour(
        "session of a system account",
        "$NAMES/sshd -c 'setpriv --reuid www-data --regid www-data --clear-groups id; true'",
        {
            "System user interactive": {
                "evt.type": "execve",
                "proc.name": "id",
                "user.name": "www-data",
                "user.uid": 33,
            }
        },
        twin="$NAMES/builder -c 'setpriv --reuid www-data --regid www-data --clear-groups id; true'",
    ),
    Behaviour(
        "data wiped",
        "echo x > $WORK/data; shred $WORK/data",
        {"Remove Bulk Data from Disk": {"proc.name": "shred", "proc.cmdline": "shred $WORK/data"}},
        twin="echo x > $WORK/data; rm $WORK/data",
    ),
    Behaviour(
        "users managed",
        "$NAMES/useradd -c true",
        {"User mgmt binaries": {"proc.name": "useradd", "proc.cmdline": "useradd -c true"}},
        twin="$NAMES/useradd -D -c true",
    ),
    Behaviour(
        "job scheduled",
        "$NAMES/crontab -c true",
        {"Schedule Cron Jobs": {"evt.type": "execve", "proc.name": "crontab", "fd.name": None}},
        twin="$NAMES/crontab -l <<< true",
    ),
    Behaviour(
        "proxy in the environment",
        "HTTPS_PROXY=http://proxy.example $NAMES/curl -c true",
        {
            "Program run with disallowed http proxy env": {
                "proc.name": "curl",
                "proc.env": re.compile(r".*\bHTTPS_PROXY=http://proxy\.example\b.*"),
            }
        },
        twin="PROXY=http://proxy.example $NAMES/curl -c true",
    ),
    Behaviour(
        "tunables of glibc",
        "GLIBC_TUNABLES=glibc.malloc.check=0 /bin/true",
        {
            "Potential Local Privilege Escalation via Environment Variables Misuse": {
                "proc.name": "true",
                "proc.env": re.compile(r".*GLIBC_TUNABLES=glibc\.malloc\.check=0.*"),
            }
        },
        twin="GLIBC_TUNED=glibc.malloc.check=0 /bin/true",
    ),
    Behaviour(
        "scanner",
        "$NAMES/nmap -c true",
        {
            "Launch Suspicious Network Tool on Host": {
                "proc.name": "nmap",
                "proc.exepath": "/usr/bin/bash",
            }
        },
        twin="$NAMES/nmapper -c true",
    ),
    Behaviour(
        "miner by its pool",
        "kind=stratum+tcp; /bin/true -o $kind://pool.example:3333",
        {
            "Known Cryptominer Process Executed": {
                "proc.name": "true",
                "proc.cmdline": "true -o stratum+tcp://pool.example:3333",
            }
        },
        twin="/bin/true -o tcp://pool.example:3333",
    ),
    Behaviour(
        "miner by its name",
        "$NAMES/xmrig -c true",
        {"Known Cryptominer Process Executed": {"proc.name": "xmrig"}},
        twin="$NAMES/xmrigger -c true",
    ),
    Behaviour(
        "program in shared memory",
        "d=/dev/shm/${WORK##*/}; mkdir $d && cp /bin/true $d/tool && $d/tool; rm -r $d",
        {
            "Execution from /dev/shm": {
                "evt.type": "execve",
                "proc.name": "tool",
                "proc.exepath": re.compile("/dev/shm/[0-9a-f]{64}/tool"),
                "proc.cwd": "/",
            }
        },
        twin="cp /bin/true $WORK/tool && $WORK/tool",
    ),
    Behaviour(
        "program in memory",
        "$PERFORM memfd /bin/true",
        {
            "Fileless execution via memfd_create": {
                "evt.type": "execve",
                "proc.exepath": re.compile("memfd:payload.*"),
                "proc.cmdline": re.compile("[0-9]+"),
                "proc.pname": re.compile("(pytest|python).*"),
            }
        },
        twin="exec /bin/true",
    ),
    Behaviour(
        "process taken hold of",
        "$PERFORM ptrace_attach",
        {
            "PTRACE attached to process": {
                "evt.type": "ptrace",
                "evt.arg.request": "PTRACE_ATTACH",
                "evt.arg.pid": "cat",
                "evt.res": "SUCCESS",
                "proc.name": re.compile("python.*"),
            }
        },
        twin="$PERFORM ptrace_cont",
    ),
    Behaviour(
        "debuggers kept out",
        "$PERFORM ptrace_traceme",
        {
            "PTRACE anti-debug attempt": {
                "evt.type": "ptrace",
                "evt.res": "SUCCESS",
                "proc.pcmdline": re.compile(".*(pytest|python).*"),
            }
        },
        twin="$PERFORM ptrace_cont",
    ),
    Behaviour(
        "BPF program",
        "$PERFORM bpf_program",
        {
            "BPF Program Not Profiled": {
                "evt.type": "bpf",
                "evt.arg.cmd": "BPF_PROG_LOAD",
                "evt.res": "E2BIG",
            }
        },
        twin="$PERFORM bpf_map",
    ),
    Behaviour(
        "refused to become root",
        "$PERFORM refused_setuid 0",
        {
            "Non sudo setuid": {
                "evt.type": "setuid",
                "evt.res": "EPERM",
                "user.name": "nobody",
                "user.uid": 65534,
            }
        },
        twin="$PERFORM refused_setuid 65534",
    ),
    Behaviour(
        "root in the session of a user",
        "echo 1000 > /proc/self/loginuid && $PERFORM setuid 0",
        {
            "Non sudo setuid": {
                "evt.type": "setuid",
                "evt.res": "SUCCESS",
                "user.uid": 0,
                "user.loginuid": 1000,
            }
        },
        twin="$PERFORM setuid 0",
    ),
    Behaviour(
        "namespace changed",
        "$PERFORM setns",
        {
            "Change thread namespace": {
                "evt.type": "setns",
                "evt.arg.nstype": "0",
                "evt.res": "SUCCESS",
                "proc.name": re.compile("python.*"),
            }
        },
        twin="nsenter --target $$ --net true",
    ),
)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=str)
def test_processes(theatre: Theatre, behaviour: Behaviour) -> None:
    theatre.check(behaviour)
