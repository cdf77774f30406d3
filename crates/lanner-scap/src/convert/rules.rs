//! What becomes of events in older shapes: the table.
//!
//! A row says, for an event code and numbers of parameters that it was recorded with, which code
//! it has now and where each parameter comes from. Rows are applied until the event has its
//! newest shape. Parameters that are missing and have no row are absent, so rows that only append
//! absent ones are not in the table. Facts: libs 0.25.4, `converter/table.cpp`.

use lanner_event::codes::*;

use Part::{Absent, All, Default, Enter, EnterOrAbsent, Json, Own, UpTo};

/// Some parameters of the converted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of the event's own.
    All,
    /// The event's own: the first, and how many.
    Own(usize, usize),
    /// Of the enter event: the first, and how many. The default of the type where it was not recorded.
    Enter(usize, usize),
    /// The same, absent where it was not recorded.
    EnterOrAbsent(usize, usize),
    /// So many, absent.
    Absent(usize),
    /// Absent ones until there are so many.
    UpTo(usize),
    /// So many, with the default of their type.
    Default(usize),
    /// The JSON text that newer events describe a container with.
    Json,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// The code that it is about.
    pub code: u16,
    /// The least and the highest number of recorded parameters.
    pub params: (usize, usize),
    /// The code afterwards.
    pub becomes: u16,
    /// The parameters afterwards.
    pub parts: &'static [Part],
}

/// Another code.
const fn change(code: u16, params: usize, becomes: u16, parts: &'static [Part]) -> Rule {
    Rule {
        code,
        params: (params, params),
        becomes,
        parts,
    }
}

/// The same code, more parameters.
const fn extend(code: u16, params: usize, parts: &'static [Part]) -> Rule {
    change(code, params, code, parts)
}

/// All rows of the table, in no order.
pub(super) const RULES: &[&[Rule]] = &[FROM_ENTER, RENAMED, PROCESSES, OTHERS];

/// Exit events that get the parameters of their enter event.
const FROM_ENTER: &[Rule] = &[
    extend(GENERIC_X, 1, &[All, EnterOrAbsent(1, 1)]),
    // Descriptors and files.
    extend(SYSCALL_CLOSE_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_READ_X, 2, &[All, Enter(0, 2)]),
    extend(SYSCALL_WRITE_X, 2, &[All, Enter(0, 2)]),
    extend(SYSCALL_PREAD_X, 2, &[All, Enter(0, 3)]),
    extend(SYSCALL_PWRITE_X, 2, &[All, Enter(0, 3)]),
    extend(SYSCALL_READV_X, 3, &[All, Enter(0, 1)]),
    extend(SYSCALL_WRITEV_X, 2, &[All, Enter(0, 2)]),
    extend(SYSCALL_PREADV_X, 3, &[All, Enter(0, 2)]),
    extend(SYSCALL_PWRITEV_X, 2, &[All, Enter(0, 3)]),
    extend(SYSCALL_SENDFILE_X, 2, &[All, Enter(0, 2), Enter(3, 1)]),
    extend(SYSCALL_SPLICE_X, 1, &[All, Enter(0, 4)]),
    extend(SYSCALL_COPY_FILE_RANGE_X, 3, &[All, Enter(0, 3)]),
    extend(SYSCALL_LSEEK_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_LLSEEK_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_FSTAT_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_FCNTL_X, 1, &[All, Enter(0, 2), Default(1)]),
    extend(SYSCALL_FCNTL_X, 3, &[All, Default(1)]),
    extend(SYSCALL_FLOCK_X, 1, &[All, Enter(0, 2)]),
    extend(SYSCALL_FCHDIR_X, 1, &[All, EnterOrAbsent(0, 1)]),
    extend(SYSCALL_GETDENTS_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_GETDENTS64_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_IOCTL_3_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_ACCESS_X, 2, &[All, Enter(0, 1)]),
    extend(SYSCALL_MKDIR_2_X, 2, &[All, EnterOrAbsent(0, 1)]),
    extend(SYSCALL_MOUNT_X, 4, &[All, Enter(0, 1)]),
    extend(SYSCALL_UMOUNT2_X, 2, &[All, Enter(0, 1)]),
    extend(SYSCALL_QUOTACTL_X, 14, &[All, Enter(0, 4)]),
    // Waiting and notification.
    extend(SYSCALL_POLL_X, 2, &[All, Enter(1, 1)]),
    extend(SYSCALL_PPOLL_X, 2, &[All, Enter(1, 2)]),
    extend(SYSCALL_EPOLLWAIT_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_EPOLL_CREATE_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_EPOLL_CREATE1_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_EVENTFD_X, 1, &[All, Enter(0, 2)]),
    extend(SYSCALL_EVENTFD2_X, 2, &[All, Enter(0, 1)]),
    extend(SYSCALL_SIGNALFD_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_SIGNALFD4_X, 2, &[All, Enter(0, 2)]),
    extend(SYSCALL_INOTIFY_INIT_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_TIMERFD_CREATE_X, 1, &[All, Enter(0, 2)]),
    extend(SYSCALL_NANOSLEEP_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_FUTEX_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_SEMOP_X, 8, &[All, Enter(0, 1)]),
    extend(SYSCALL_SEMCTL_X, 1, &[All, Enter(0, 4)]),
    extend(SYSCALL_SEMGET_X, 1, &[All, Enter(0, 3)]),
    // Sockets.
    extend(SOCKET_SOCKET_X, 1, &[All, Enter(0, 3), Default(1)]),
    extend(SOCKET_SOCKET_X, 4, &[All, Default(1)]),
    extend(SOCKET_BIND_X, 2, &[All, Enter(0, 1)]),
    // The enter event is used up by the descriptor, so the address is not had from it.
    extend(SOCKET_CONNECT_X, 2, &[All, Enter(0, 1)]),
    extend(SOCKET_CONNECT_X, 3, &[All, Enter(1, 1)]),
    extend(SOCKET_LISTEN_X, 1, &[All, Enter(0, 2)]),
    extend(SOCKET_ACCEPT4_6_X, 5, &[All, Enter(0, 1)]),
    extend(SOCKET_RECV_X, 2, &[All, Enter(0, 2), Default(1)]),
    extend(SOCKET_SEND_X, 2, &[All, Enter(0, 2), Default(1)]),
    extend(SOCKET_RECVFROM_X, 3, &[All, Enter(0, 2)]),
    extend(SOCKET_SENDTO_X, 2, &[All, Enter(0, 3)]),
    extend(SOCKET_SENDMSG_X, 2, &[All, Enter(0, 3)]),
    extend(SOCKET_RECVMSG_X, 4, &[All, Default(1)]),
    extend(SOCKET_RECVMSG_X, 5, &[All, Enter(0, 1)]),
    extend(SOCKET_SHUTDOWN_X, 1, &[All, Enter(0, 2)]),
    extend(SOCKET_SOCKETPAIR_X, 5, &[All, Enter(0, 3)]),
    // Signals, memory, limits, identity.
    extend(SYSCALL_KILL_X, 1, &[All, Enter(0, 2)]),
    extend(SYSCALL_TKILL_X, 1, &[All, Enter(0, 2)]),
    extend(SYSCALL_TGKILL_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_BRK_4_X, 4, &[All, EnterOrAbsent(0, 1)]),
    extend(SYSCALL_MMAP_X, 4, &[All, Enter(0, 6)]),
    extend(SYSCALL_MMAP2_X, 4, &[All, Enter(0, 6)]),
    extend(SYSCALL_MUNMAP_X, 4, &[All, Enter(0, 2)]),
    extend(SYSCALL_MPROTECT_X, 1, &[All, Enter(0, 3)]),
    extend(SYSCALL_GETRLIMIT_X, 3, &[All, Enter(0, 1)]),
    extend(SYSCALL_SETRLIMIT_X, 3, &[All, Enter(0, 1)]),
    extend(SYSCALL_PRLIMIT_X, 5, &[All, EnterOrAbsent(0, 2)]),
    extend(SYSCALL_SETRESUID_X, 1, &[All, EnterOrAbsent(0, 3)]),
    extend(SYSCALL_SETRESGID_X, 1, &[All, EnterOrAbsent(0, 3)]),
    extend(SYSCALL_SETUID_X, 1, &[All, EnterOrAbsent(0, 1)]),
    extend(SYSCALL_SETGID_X, 1, &[All, EnterOrAbsent(0, 1)]),
    extend(SYSCALL_SETPGID_X, 1, &[All, EnterOrAbsent(0, 2)]),
    extend(SYSCALL_SETNS_X, 1, &[All, EnterOrAbsent(0, 2)]),
    extend(SYSCALL_UNSHARE_X, 1, &[All, Enter(0, 1)]),
    extend(SYSCALL_PTRACE_X, 0, &[Absent(3)]),
    extend(SYSCALL_PTRACE_X, 3, &[All, EnterOrAbsent(0, 2)]),
    extend(SYSCALL_SECCOMP_X, 1, &[All, Enter(0, 2)]),
];

/// Events that have another code today.
const RENAMED: &[Rule] = &[
    change(
        SYSCALL_LINK_X,
        1,
        SYSCALL_LINK_2_X,
        &[All, EnterOrAbsent(0, 2)],
    ),
    change(
        SYSCALL_LINKAT_X,
        1,
        SYSCALL_LINKAT_2_X,
        &[All, EnterOrAbsent(0, 4), Absent(1)],
    ),
    change(
        SYSCALL_UNLINK_X,
        1,
        SYSCALL_UNLINK_2_X,
        &[All, EnterOrAbsent(0, 1)],
    ),
    change(
        SYSCALL_UNLINKAT_X,
        1,
        SYSCALL_UNLINKAT_2_X,
        &[All, EnterOrAbsent(0, 2), Absent(1)],
    ),
    change(
        SYSCALL_MKDIR_X,
        1,
        SYSCALL_MKDIR_2_X,
        &[All, EnterOrAbsent(0, 2)],
    ),
    change(
        SYSCALL_RMDIR_X,
        1,
        SYSCALL_RMDIR_2_X,
        &[All, EnterOrAbsent(0, 1)],
    ),
    change(
        SYSCALL_OPENAT_X,
        1,
        SYSCALL_OPENAT_2_X,
        &[All, EnterOrAbsent(0, 4), Absent(2)],
    ),
    change(
        SYSCALL_DUP_X,
        1,
        SYSCALL_DUP_1_X,
        &[All, EnterOrAbsent(0, 1)],
    ),
    change(
        SYSCALL_IOCTL_2_X,
        1,
        SYSCALL_IOCTL_3_X,
        &[All, EnterOrAbsent(0, 2), Absent(1)],
    ),
    change(
        SYSCALL_BRK_1_X,
        1,
        SYSCALL_BRK_4_X,
        &[All, EnterOrAbsent(0, 1), Absent(3)],
    ),
    change(
        SYSCALL_BPF_X,
        1,
        SYSCALL_BPF_2_X,
        &[All, EnterOrAbsent(0, 1)],
    ),
    change(SYSCALL_UMOUNT_X, 2, SYSCALL_UMOUNT_1_X, &[All]),
    change(SYSCALL_NEWSELECT_X, 1, SYSCALL_SELECT_X, &[All]),
    change(SOCKET_ACCEPT_X, 3, SOCKET_ACCEPT_5_X, &[All, Default(2)]),
    change(
        SOCKET_ACCEPT4_X,
        3,
        SOCKET_ACCEPT4_6_X,
        &[All, Default(2), Enter(0, 1)],
    ),
    change(
        SOCKET_ACCEPT4_5_X,
        5,
        SOCKET_ACCEPT4_6_X,
        &[All, Enter(0, 1)],
    ),
];

/// Events that make processes, each generation with more parameters.
const PROCESSES: &[Rule] = &[
    // Page faults and memory use, then the command name, control groups, and the environment.
    change(
        SYSCALL_EXECVE_8_X,
        8,
        SYSCALL_EXECVE_13_X,
        &[All, Absent(5)],
    ),
    change(
        SYSCALL_EXECVE_13_X,
        13,
        SYSCALL_EXECVE_14_X,
        &[All, Absent(1)],
    ),
    change(
        SYSCALL_EXECVE_14_X,
        14,
        SYSCALL_EXECVE_15_X,
        &[Own(0, 13), Absent(1), Own(13, 1)],
    ),
    change(
        SYSCALL_EXECVE_15_X,
        15,
        SYSCALL_EXECVE_16_X,
        &[Own(0, 14), Absent(1), Own(14, 1)],
    ),
    change(
        SYSCALL_EXECVE_16_X,
        16,
        SYSCALL_EXECVE_17_X,
        &[All, Absent(1)],
    ),
    change(SYSCALL_EXECVE_17_X, 17, SYSCALL_EXECVE_18_X, &[All]),
    change(
        SYSCALL_EXECVE_18_X,
        17,
        SYSCALL_EXECVE_19_X,
        &[All, Absent(1)],
    ),
    Rule {
        code: SYSCALL_EXECVE_19_X,
        params: (18, 30),
        becomes: SYSCALL_EXECVE_19_X,
        parts: &[All, UpTo(30), EnterOrAbsent(0, 1)],
    },
    change(SYSCALL_EXECVE_8_E, 0, SYSCALL_EXECVE_19_E, &[Absent(1)]),
    change(SYSCALL_EXECVE_13_E, 0, SYSCALL_EXECVE_19_E, &[Absent(1)]),
    change(SYSCALL_EXECVE_14_E, 0, SYSCALL_EXECVE_19_E, &[Absent(1)]),
    change(SYSCALL_EXECVE_15_E, 0, SYSCALL_EXECVE_19_E, &[Absent(1)]),
    change(SYSCALL_EXECVE_16_E, 0, SYSCALL_EXECVE_19_E, &[Absent(1)]),
    change(SYSCALL_EXECVE_17_E, 0, SYSCALL_EXECVE_19_E, &[Absent(1)]),
    change(SYSCALL_EXECVE_18_E, 1, SYSCALL_EXECVE_19_E, &[All]),
    // The same for processes that are made: flags, user and group stay last.
    change(
        SYSCALL_CLONE_11_X,
        11,
        SYSCALL_CLONE_16_X,
        &[Own(0, 8), Absent(5), Own(8, 3)],
    ),
    change(SYSCALL_CLONE_16_X, 16, SYSCALL_CLONE_17_X, WITH_COMM),
    change(SYSCALL_FORK_X, 16, SYSCALL_FORK_17_X, WITH_COMM),
    change(SYSCALL_VFORK_X, 16, SYSCALL_VFORK_17_X, WITH_COMM),
    change(SYSCALL_CLONE_17_X, 17, SYSCALL_CLONE_20_X, WITH_CGROUPS),
    change(SYSCALL_FORK_17_X, 17, SYSCALL_FORK_20_X, WITH_CGROUPS),
    change(SYSCALL_VFORK_17_X, 17, SYSCALL_VFORK_20_X, WITH_CGROUPS),
    change(PROCEXIT_E, 0, PROCEXIT_1_E, &[Absent(5)]),
];

const WITH_COMM: &[Part] = &[Own(0, 13), Absent(1), Own(13, 3)];
const WITH_CGROUPS: &[Part] = &[Own(0, 14), Absent(1), Own(14, 3), Absent(2)];

/// The rest.
const OTHERS: &[Rule] = &[
    change(SCHEDSWITCH_1_E, 1, SCHEDSWITCH_6_E, &[All, Absent(5)]),
    change(CONTAINER_E, 4, CONTAINER_JSON_E, &[Json]),
    change(CONTAINER_JSON_E, 1, CONTAINER_JSON_2_E, &[All]),
    // A result must be there.
    extend(SOCKET_SENDMMSG_X, 0, &[Default(1), Absent(4)]),
    extend(SOCKET_RECVMMSG_X, 0, &[Default(1), Absent(5)]),
    extend(SOCKET_CONNECT_E, 1, &[All, Default(1)]),
    extend(SYSCALL_SECCOMP_E, 1, &[All, Default(1)]),
];

/// Enter events that are returned although their parameters are in the exit event, too: what
/// they say is needed before it.
pub(super) const RETURNED: [u16; 7] = [
    SYSCALL_OPEN_E,
    SYSCALL_CREAT_E,
    SYSCALL_OPENAT_2_E,
    SYSCALL_OPENAT2_E,
    SYSCALL_EXECVEAT_E,
    SYSCALL_EXECVE_19_E,
    SOCKET_CONNECT_E,
];

/// Those of them that need not be remembered for their exit event.
pub(super) const FORGOTTEN: [u16; 5] = [
    SYSCALL_OPEN_E,
    SYSCALL_CREAT_E,
    SYSCALL_OPENAT_2_E,
    SYSCALL_OPENAT2_E,
    SYSCALL_EXECVEAT_E,
];
