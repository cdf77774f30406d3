"""What is done in containers, to them and out of them."""

from __future__ import annotations

import re

import pytest

from tests.live.behaviour import CONTAINER, HOST, Behaviour, Fields, Theatre
from tests.live.places import Container

CAPABLE_RULE = "Launch Excessively Capable Container"
CAPABLE: dict[str, Fields] = {
    CAPABLE_RULE: {"evt.type": "execve", "proc.name": "sh", "proc.pname": "runc"}
}
ADMIN = Container(more_capabilities=("CAP_SYS_ADMIN",))
MODULES = Container(more_capabilities=("CAP_SYS_MODULE",))
ETC_RULE = "Write below etc"

BEHAVIOURS = (
    Behaviour(
        "shell with a terminal",
        "/bin/true; true",
        {
            "Terminal shell in container": {
                "evt.type": "execve",
                "proc.name": "sh",
                "proc.cmdline": "sh -c /bin/true; true",
                "proc.exepath": "/bin/busybox",
                "proc.pname": "runc",
                "proc.tty": re.compile("34[0-9]{3}"),
            }
        },
        twin="/bin/true",
        place=Container(has_terminal=True),
        twin_place=CONTAINER,
    ),
    Behaviour(
        "dangerous capability",
        "/bin/true; true",
        {
            CAPABLE_RULE: {
                "evt.type": "execve",
                "proc.name": "sh",
                "proc.pname": "runc",
                "thread.cap_permitted": re.compile(r".*\bCAP_NET_ADMIN\b.*"),
            }
        },
        twin="/bin/true",
        place=Container(more_capabilities=("CAP_NET_ADMIN",)),
        twin_place=CONTAINER,
    ),
    Behaviour(
        "kernel module",
        "$PERFORM init_module; true",
        {
            **CAPABLE,
            "Linux Kernel Module Injection Detected": {
                "evt.type": "init_module",
                "evt.res": re.compile("ENOEXEC|ENOSYS"),
            },
        },
        twin="$PERFORM init_module",
        place=MODULES,
        twin_place=CONTAINER,
    ),
    Behaviour(
        "debugfs",
        "$NAMES/debugfs -c true; true",
        {
            **CAPABLE,
            "Debugfs Launched in Privileged Container": {
                "evt.type": "execve",
                "proc.name": "debugfs",
            },
        },
        twin="$NAMES/debugfs -c true",
        place=ADMIN,
        twin_place=CONTAINER,
    ),
    Behaviour(
        "release_agent",
        "echo /tool > $WORK/release_agent",
        {
            **CAPABLE,
            "Detect release_agent File Container Escapes": {
                "evt.type": "openat",
                "fd.name": "/work/release_agent",
                "thread.cap_effective": re.compile(r".*\bCAP_SYS_ADMIN\b.*"),
            },
        },
        twin="echo /tool > $WORK/release_agent",
        place=ADMIN,
        twin_place=CONTAINER,
    ),
    Behaviour(
        "mount",
        "/bin/mount -t tmpfs none /tmp; true",
        {
            **CAPABLE,
            "Mount Launched in Privileged Container": {
                "evt.type": "execve",
                "proc.name": "mount",
                "proc.cmdline": "mount -t tmpfs none /tmp",
            },
        },
        twin="/bin/mount; true",
        place=ADMIN,
        twin_fires=frozenset({CAPABLE_RULE}),
    ),
    Behaviour(
        "user namespace",
        "$PERFORM unshare_user",
        {
            "Change namespace privileges via unshare": {
                "evt.type": "unshare",
                "evt.arg.flags": "CLONE_NEWUSER",
                "evt.res": "SUCCESS",
            }
        },
        twin="$PERFORM unshare_user",
        place=CONTAINER,
        twin_place=HOST,
    ),
    Behaviour(
        "new program",
        "/bin/cp /usr/bin/true $WORK/tool; $WORK/tool; true",
        {
            "Drop and execute new binary in container": {
                "evt.type": "execve",
                "proc.name": "tool",
                "proc.exepath": "/work/tool",
                "proc.aname[2]": "runc",
                "proc.cwd": "/work/",
            }
        },
        twin="/bin/cp /usr/bin/true $WORK/tool; /usr/bin/true",
        place=CONTAINER,
        fires_if_enabled={
            "Container Drift Detected (open+create)": {
                "evt.type": "openat",
                "fd.name": "/work/tool",
                "proc.name": "cp",
            }
        },
    ),
    Behaviour(
        "file made executable",
        "echo > $WORK/tool; /bin/chmod +x $WORK/tool",
        {},
        twin="echo > $WORK/tool; /bin/chmod -w $WORK/tool",
        place=CONTAINER,
        fires_if_enabled={
            "Container Drift Detected (chmod)": {
                "evt.type": "chmod",
                "evt.arg.filename": "/work/tool",
                "proc.name": "chmod",
            }
        },
    ),
    Behaviour(
        "netcat with a program",
        "! /bin/nc -e /bin/sh 127.0.0.1 9",
        {
            "Netcat Remote Code Execution in Container": {
                "evt.type": "execve",
                "proc.name": "nc",
                "proc.cmdline": "nc -e /bin/sh 127.0.0.1 9",
            },
            "Launch Suspicious Network Tool in Container": {"proc.name": "nc"},
        },
        twin="! /bin/nc 127.0.0.1 9",
        place=CONTAINER,
        twin_fires=frozenset({"Launch Suspicious Network Tool in Container"}),
    ),
    Behaviour(
        "package manager",
        "$NAMES/apk -c true; true",
        {
            "Launch Package Management Process in Container": {
                "proc.name": "apk",
                "proc.pname": "sh",
            }
        },
        twin="$NAMES/apk -c true",
        place=CONTAINER,
        twin_place=HOST,
    ),
    Behaviour(
        "copies to other machines",
        "$NAMES/rsync -c true",
        {"Launch Remote File Copy Tools in Container": {"proc.name": "rsync"}},
        twin="$NAMES/rsync -c true",
        place=CONTAINER,
        twin_place=HOST,
    ),
    Behaviour(
        "file fetched",
        "! /bin/wget -q http://127.0.0.1:9/tool",
        {
            "Launch Ingress Remote File Copy Tools in Container": {
                "proc.name": "wget",
                "proc.cmdline": "wget -q http://127.0.0.1:9/tool",
            }
        },
        twin="! /bin/wget -q --spider http://127.0.0.1:9/tool",
        place=CONTAINER,
    ),
    Behaviour(
        "file copied out",
        "exec /bin/tar -cf /dev/null /srv/report",
        {
            "Exfiltrating Artifacts via Kubernetes Control Plane": {
                "evt.type": "openat",
                "fd.name": "/srv/report",
                "proc.name": "tar",
                "proc.pname": "runc",
                "proc.tty": 0,
            }
        },
        twin="/bin/tar -cf /dev/null /srv/report; true",
        place=CONTAINER,
    ),
    Behaviour(
        "client of Kubernetes",
        "$NAMES/kubectl -c true",
        {"Kubernetes Client Tool Launched in Container": {"proc.name": "kubectl"}},
        twin="$NAMES/kubectl -c true",
        place=CONTAINER,
        twin_place=HOST,
    ),
    Behaviour(
        "keys of SSH",
        "/bin/cat /root/.ssh/id_ed25519",
        {
            "Read ssh information": {
                "evt.type": "openat",
                "fd.name": "/root/.ssh/id_ed25519",
                "proc.name": "cat",
                "proc.cmdline": "cat /root/.ssh/id_ed25519",
            }
        },
        twin="/bin/cat /root/notes",
        place=CONTAINER,
    ),
    Behaviour(
        "directory with keys",
        "/bin/ls /root/.ssh",
        {"Read ssh information": {"fd.name": "/root/.ssh", "proc.name": "ls"}},
        twin="/bin/ls /root",
        place=CONTAINER,
    ),
    Behaviour(
        "environment of a process",
        "/bin/cat /proc/1/environ; true",
        {
            "Read environment variable from /proc files": {
                "evt.type": "openat",
                "fd.name": "/proc/1/environ",
                "proc.aname[2]": "runc",
            }
        },
        twin="/bin/cat /proc/1/status",
        place=CONTAINER,
    ),
    Behaviour(
        "cron job",
        "echo '* * * * * root /tool' > /etc/cron.d/job",
        {
            "Schedule Cron Jobs": {"evt.type": "openat", "fd.name": "/etc/cron.d/job"},
            ETC_RULE: {"fd.name": "/etc/cron.d/job", "proc.name": "sh"},
        },
        twin="echo '* * * * * root /tool' > /tmp/job",
        place=CONTAINER,
    ),
    Behaviour(
        "file in /dev",
        "echo > /dev/hidden",
        {
            "Create files below dev": {
                "evt.type": "openat",
                "fd.name": "/dev/hidden",
                "evt.res": "SUCCESS",
            }
        },
        twin="echo > /dev/null",
        place=CONTAINER,
    ),
    Behaviour(
        "program of the system written",
        "echo > /bin/backdoor",
        {
            "Write below binary dir": {
                "evt.type": "openat",
                "fd.name": "/bin/backdoor",
                "proc.pcmdline": re.compile("runc .*"),
            }
        },
        twin="echo > /tmp/backdoor",
        place=CONTAINER,
    ),
    Behaviour(
        "program of the system renamed",
        "/bin/mv /bin/arch /bin/arch.old",
        {"Modify binary dirs": {"evt.type": "rename", "proc.name": "mv"}},
        twin="echo > /tmp/arch; /bin/mv /tmp/arch /tmp/arch.old",
        place=CONTAINER,
    ),
    Behaviour(
        "directory among programs",
        "/bin/mkdir /bin/hidden",
        {
            "Mkdir binary dirs": {
                "evt.type": "mkdir",
                "evt.arg.path": "/bin/hidden",
                "evt.res": "SUCCESS",
            }
        },
        twin="/bin/mkdir /tmp/hidden",
        place=CONTAINER,
    ),
    Behaviour(
        "settings of the system",
        "echo > /etc/motd",
        {
            ETC_RULE: {
                "evt.type": "openat",
                "fd.name": "/etc/motd",
                "proc.pcmdline": re.compile("runc .*"),
            }
        },
        twin="echo > /tmp/motd",
        place=CONTAINER,
    ),
    Behaviour(
        "file in the root directory",
        "echo > /notes",
        {"Write below root": {"evt.type": "openat", "fd.name": "/notes", "proc.name": "sh"}},
        twin="echo > /srv/notes",
        place=CONTAINER,
    ),
)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=str)
def test_containers(theatre: Theatre, behaviour: Behaviour) -> None:
    theatre.check(behaviour)
