"""Files on the host: secrets, logs, what stays after a reboot, and rights."""

from __future__ import annotations

import re

import pytest

from tests.live.behaviour import Behaviour, Theatre

BEHAVIOURS = (
    Behaviour(
        "shadow",
        "cat /etc/shadow; true",
        {
            "Read sensitive file untrusted": {
                "evt.type": "openat",
                "fd.name": "/etc/shadow",
                "proc.name": "cat",
                "proc.cmdline": "cat /etc/shadow",
                "proc.exepath": "/usr/bin/cat",
                "proc.pname": "bash",
                "proc.tty": 0,
                "user.uid": 0,
            }
        },
        twin="cat /etc/hostname",
    ),
    Behaviour(
        "shadow, by a shell alone",
        "while read -r line; do :; done < /etc/shadow",
        {"Read sensitive file untrusted": {"proc.name": "bash", "fd.name": "/etc/shadow"}},
        twin="while read -r line; do :; done < /etc/hostname",
    ),
    Behaviour(
        "shadow, relative",
        "cd /etc/ssl && exec cat ../shadow",
        {
            "Read sensitive file untrusted": {
                "proc.cmdline": "cat ../shadow",
                "fd.name": "/etc/shadow",
            }
        },
        twin="cd /etc/ssl && exec cat ../hostname",
    ),
    Behaviour(
        "shadow, through /proc",
        "cat /proc/self/root/etc/shadow",
        {"Read sensitive file untrusted": {"fd.name": "/proc/self/root/etc/shadow"}},
        twin="cat /proc/self/root/etc/hostname",
    ),
    Behaviour(
        "shadow, with openat2",
        "$PERFORM read_openat2 /etc/shadow",
        {"Read sensitive file untrusted": {"evt.type": "openat2", "fd.name": "/etc/shadow"}},
        twin="$PERFORM read_openat2 /etc/hostname",
    ),
    Behaviour(
        "shadow, by its number",
        "$PERFORM read_by_handle /etc/shadow",
        {
            "Read sensitive file untrusted": {
                "evt.type": "open_by_handle_at",
                "fd.name": "/etc/shadow",
            }
        },
        twin="$PERFORM read_by_handle /etc/hostname",
    ),
    Behaviour(
        "climbing path",
        "cd $WORK && exec cat ../../../../../../../../etc/passwd",
        {
            "Directory traversal monitored file read": {
                "evt.type": "openat",
                "evt.res": "SUCCESS",
                "fd.name": "/etc/passwd",
                "fd.nameraw": "../../../../../../../../etc/passwd",
                "proc.name": "cat",
            }
        },
        twin="cd $WORK && exec cat /etc/passwd",
    ),
    Behaviour(
        "climbing path, in vain",
        "cd $WORK && exec $PERFORM read_missing ../../../../../../../../etc/nothing",
        {
            "Directory traversal monitored file read": {
                "evt.res": "ENOENT",
                "fd.name": "/etc/nothing",
                "fd.nameraw": "../../../../../../../../etc/nothing",
            }
        },
        twin="exec $PERFORM read_missing /etc/nothing",
    ),
    Behaviour(
        "server that reads shadow late",
        "$NAMES/nginx -c 'sleep 5.1; read -r line < /etc/shadow'",
        {
            "Read sensitive file trusted after startup": {
                "proc.name": "nginx",
                "fd.name": "/etc/shadow",
            },
            "Read sensitive file untrusted": {"proc.name": "nginx", "fd.name": "/etc/shadow"},
        },
        twin="$NAMES/nginx -c 'read -r line < /etc/shadow'",
        twin_fires=frozenset({"Read sensitive file untrusted"}),
    ),
    Behaviour(
        "symlink to shadow",
        "ln -s /etc/shadow $WORK/link",
        {
            "Create Symlink Over Sensitive Files": {
                "evt.type": "symlinkat",
                "evt.arg.target": "/etc/shadow",
                "evt.arg.linkpath": "$WORK/link",
                "evt.res": "SUCCESS",
                "proc.cmdline": re.compile("ln -s /etc/shadow .*/link"),
            }
        },
        twin="ln -s /etc/hostname $WORK/link",
    ),
    Behaviour(
        "symlink to a directory, with symlink",
        "$PERFORM symlink /etc $WORK/link",
        {"Create Symlink Over Sensitive Files": {"evt.type": "symlink", "evt.arg.target": "/etc"}},
        twin="$PERFORM symlink /srv $WORK/link",
    ),
    Behaviour(
        "hard link to shadow",
        "! ln /etc/shadow /dev/shm/link",
        {
            "Create Hardlink Over Sensitive Files": {
                "evt.type": "linkat",
                "evt.arg.oldpath": "/etc/shadow",
                "evt.arg.newpath": "/dev/shm/link",
                "evt.res": "EXDEV",
            }
        },
        twin="! ln /etc/hostname /dev/shm/link",
    ),
    Behaviour(
        "log emptied",
        ": > $WORK/access.log",
        {
            "Clear Log Activities": {
                "evt.type": "openat",
                "fd.name": "$WORK/access.log",
                "proc.name": "bash",
            }
        },
        twin=": >> $WORK/access.log",
    ),
    Behaviour(
        "settings of a shell",
        "echo evil >> $WORK/.bashrc",
        {"Modify Shell Configuration File": {"evt.type": "openat", "fd.name": "$WORK/.bashrc"}},
        twin="echo fine >> $WORK/bashrc",
    ),
    Behaviour(
        "key of somebody else",
        "mkdir $WORK/.ssh && echo key >> $WORK/.ssh/authorized_keys",
        {
            "Adding ssh keys to authorized_keys": {
                "evt.type": "openat",
                "fd.name": "$WORK/.ssh/authorized_keys",
                "evt.arg.newpath": None,
            }
        },
        twin="mkdir $WORK/.ssh && echo key >> $WORK/.ssh/known_hosts",
    ),
    Behaviour(
        "key of somebody else, renamed",
        "mkdir $WORK/.ssh && echo key > $WORK/new && mv $WORK/new $WORK/.ssh/authorized_keys",
        {
            "Adding ssh keys to authorized_keys": {
                "evt.type": "renameat2",
                "evt.arg.newpath": "$WORK/.ssh/authorized_keys",
                "proc.name": "mv",
            }
        },
        twin="mkdir $WORK/.ssh && echo key > $WORK/new && mv $WORK/new $WORK/.ssh/known_hosts",
    ),
    Behaviour(
        "setuid bit",
        "touch $WORK/tool && chmod u+s $WORK/tool",
        {
            "Set Setuid or Setgid bit": {
                "evt.type": "fchmodat",
                "evt.arg.filename": "$WORK/tool",
                "evt.arg.mode": re.compile(r".*\bS_ISUID\b.*"),
                "evt.res": "SUCCESS",
                "proc.name": "chmod",
            }
        },
        twin="touch $WORK/tool && chmod u+x $WORK/tool",
    ),
    Behaviour(
        "setgid bit, with fchmod",
        "touch $WORK/tool && $PERFORM fchmod $WORK/tool 2755",
        {
            "Set Setuid or Setgid bit": {
                "evt.type": "fchmod",
                "fd.name": "$WORK/tool",
                "evt.arg.mode": re.compile(r".*\bS_ISGID\b.*"),
            }
        },
        twin="touch $WORK/tool && $PERFORM fchmod $WORK/tool 0755",
    ),
    Behaviour(
        "history of a shell",
        "touch $WORK/.bash_history && rm $WORK/.bash_history",
        {
            "Delete or rename shell history": {
                "evt.type": "unlinkat",
                "evt.arg.name": "$WORK/.bash_history",
                "proc.name": "rm",
            }
        },
        twin="touch $WORK/notes && rm $WORK/notes",
    ),
    Behaviour(
        "history of a shell, emptied",
        ": > $WORK/.zsh_history",
        {"Delete or rename shell history": {"evt.type": "openat", "fd.name": "$WORK/.zsh_history"}},
        twin=": >> $WORK/.zsh_history",
    ),
    Behaviour(
        "library with a backdoor",
        "touch $WORK/liblzma.so.5.6.1; $NAMES/sshd -c 'read -r line < '$WORK/liblzma.so.5.6.1; true",
        {
            "Backdoored library loaded into SSHD (CVE-2024-3094)": {
                "evt.type": "openat",
                "fd.name": "$WORK/liblzma.so.5.6.1",
                "proc.name": "sshd",
            }
        },
        twin="touch $WORK/liblzma.so.5.4.1; $NAMES/sshd -c 'read -r line < '$WORK/liblzma.so.5.4.1; true",
    ),
)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=str)
def test_files(theatre: Theatre, behaviour: Behaviour) -> None:
    theatre.check(behaviour)
