"""What no program at hand does: single system calls, made by this script and checked by it.

`python perform.py WORD ARGUMENTS…`; ends with 0 when the kernel answered as it should. It runs on
the host and in containers, so it imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_PTRACE, SYS_INIT_MODULE, SYS_UNSHARE, SYS_SETNS, SYS_BPF = 101, 175, 272, 308, 321
SYS_SYMLINK, SYS_OPENAT2, SYS_FCHMOD = 88, 437, 91
PTRACE_TRACEME, PTRACE_CONT, PTRACE_ATTACH, PTRACE_DETACH = 0, 7, 16, 17
CLONE_NEWUSER = 0x10000000
BPF_MAP_CREATE, BPF_PROG_LOAD = 0, 5
AT_FDCWD = -100


def call(number: int, *arguments: int | bytes, answer: int = 0) -> int:
    """Makes a system call; `answer` is the errno that it must fail with, 0 for success."""
    ctypes.set_errno(0)
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(LIBC.syscall(number, *words))
    failure = ctypes.get_errno() if result == -1 else 0
    if failure != answer:
        sys.exit(f"system call {number}: {os.strerror(failure)}, not {os.strerror(answer)}")
    return result


def read(path: str) -> None:
    """Reads a file: one openat by this process."""
    os.close(os.open(path, os.O_RDONLY))


def read_missing(path: str) -> None:
    """Asks for a file that is not there."""
    try:
        read(path)
    except FileNotFoundError:
        return
    sys.exit(f"{path} is there")


def read_openat2(path: str) -> None:
    """Opens a file with openat2."""
    how = (ctypes.c_uint64 * 3)(os.O_RDONLY, 0, 0)
    os.close(call(SYS_OPENAT2, AT_FDCWD, path.encode(), ctypes.addressof(how), 24))


def read_by_handle(path: str) -> None:
    """Opens a file by its number, past its path."""

    class Handle(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint), ("kind", ctypes.c_int), ("id", ctypes.c_char * 128))

    handle, mount = Handle(size=128), ctypes.c_int()
    if LIBC.name_to_handle_at(
        AT_FDCWD, path.encode(), ctypes.byref(handle), ctypes.byref(mount), 0
    ):
        sys.exit(f"name_to_handle_at: {os.strerror(ctypes.get_errno())}")
    directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)  # noqa: PTH120
    opened = LIBC.open_by_handle_at(directory, ctypes.byref(handle), os.O_RDONLY)
    if opened < 0:
        sys.exit(f"open_by_handle_at: {os.strerror(ctypes.get_errno())}")


def symlink(target: str, path: str) -> None:
    """Makes a link with symlink, not symlinkat."""
    call(SYS_SYMLINK, target.encode(), path.encode())


def fchmod(path: str, mode: str) -> None:
    """Changes the mode of an open file."""
    call(SYS_FCHMOD, os.open(path, os.O_RDONLY), int(mode, 8))


def ptrace_attach() -> None:
    """Takes hold of a child and lets it go."""
    child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert child.stdin
    assert child.stdout
    child.stdin.write(b"x")
    child.stdout.read(1)  # it is cat by now
    call(SYS_PTRACE, PTRACE_ATTACH, child.pid, 0, 0)
    os.waitpid(child.pid, 0)
    call(SYS_PTRACE, PTRACE_DETACH, child.pid, 0, 0)
    child.communicate()


def ptrace_traceme() -> None:
    """Asks to be traced."""
    call(SYS_PTRACE, PTRACE_TRACEME, 0, 0, 0)


def ptrace_cont() -> None:
    """Asks for what only a tracer may have."""
    call(SYS_PTRACE, PTRACE_CONT, os.getppid(), 0, 0, answer=errno.ESRCH)


def memfd(program: str) -> None:
    """Runs a program from memory."""
    descriptor = os.memfd_create("payload", 0)
    with open(program, "rb") as source, os.fdopen(os.dup(descriptor), "wb") as target:  # noqa: PTH123
        shutil.copyfileobj(source, target)
    os.execv(f"/proc/self/fd/{descriptor}", ["payload"])  # noqa: S606


def init_module() -> None:
    """Asks to load what is no kernel module. Kernels without modules do not know how."""
    ctypes.set_errno(0)
    LIBC.syscall(SYS_INIT_MODULE, b"no module", ctypes.c_long(9), b"")
    if ctypes.get_errno() not in {errno.ENOEXEC, errno.ENOSYS, errno.EPERM}:
        sys.exit(f"init_module: {os.strerror(ctypes.get_errno())}")


def bpf_program() -> None:
    """Asks for a BPF program without instructions."""
    call(SYS_BPF, BPF_PROG_LOAD, bytes(128), 128, answer=errno.E2BIG)


def bpf_map() -> None:
    """Asks for a BPF map without a type."""
    call(SYS_BPF, BPF_MAP_CREATE, bytes(128), 128, answer=errno.EINVAL)


def unshare_user() -> None:
    """Asks for a user namespace."""
    call(SYS_UNSHARE, CLONE_NEWUSER)


def setns() -> None:
    """Goes over into the network namespace in which it is."""
    call(SYS_SETNS, os.open("/proc/self/ns/net", os.O_RDONLY), 0)


def refused_setuid(uid: str) -> None:
    """Gives up root, then asks for another user."""
    os.setresuid(65534, 65534, 65534)
    try:
        os.setuid(int(uid))
    except PermissionError:
        return
    if int(uid) != os.getuid():
        sys.exit("somebody without rights changed the user")


def setuid(uid: str) -> None:
    """Becomes a user."""
    os.setuid(int(uid))


def packet_socket() -> None:
    """Opens a socket below IP."""
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()


def udp_socket() -> None:
    """Opens a socket for datagrams."""
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def udp_connect(host: str, port: str) -> None:
    """Gives a socket for datagrams its other end; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.connect((host, int(port)))


def udp_send(host: str, port: str) -> None:
    """Sends a datagram from a socket that is not connected."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(b"x", (host, int(port)))


def tcp_connect(host: str, port: str) -> None:
    """Connects to a listener of its own."""
    with socket.create_server((host, int(port))):
        socket.create_connection((host, int(port))).close()


def tcp_start_connecting(host: str, port: str) -> None:
    """Begins to connect without waiting (EINPROGRESS)."""
    with socket.create_server((host, int(port))), socket.socket() as end:
        end.setblocking(False)
        if end.connect_ex((host, int(port))) != errno.EINPROGRESS:
            sys.exit("the connection did not begin")


def tcp_refused(host: str, port: str) -> None:
    """Connects where nobody listens."""
    with socket.socket() as end:
        if end.connect_ex((host, int(port))) != errno.ECONNREFUSED:
            sys.exit("the connection was not refused")


def serve(host: str, port: str, *command: str) -> None:
    """Listens while a command runs, which connects."""
    with socket.create_server((host, int(port))):
        sys.exit(subprocess.run(command, check=False).returncode)


def dup_connection(host: str, port: str) -> None:
    """Makes a connection its standard input."""
    with (
        socket.create_server((host, int(port))),
        socket.create_connection((host, int(port))) as end,
    ):
        os.dup2(end.fileno(), 0)


def dup_file(path: str) -> None:
    """Makes a file its standard input."""
    os.dup2(os.open(path, os.O_RDONLY), 0)


ACTIONS: dict[str, Callable[..., None]] = {
    action.__name__: action
    for action in (
        bpf_map, bpf_program, dup_connection, dup_file, fchmod, init_module, memfd, packet_socket, ptrace_attach,
        ptrace_cont, ptrace_traceme, read_by_handle, read_missing, read_openat2, refused_setuid, serve,
        setns, setuid, symlink, tcp_connect, tcp_refused, tcp_start_connecting, udp_connect,
        udp_send, udp_socket, unshare_user,
    )
}  # fmt: skip

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])
