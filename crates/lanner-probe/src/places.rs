//! Where system calls stand in the kernel's table (`probe/lib/call.h`), by their numbers on x86-64,
//! i386 and x32.

use lanner_event::catalog;

const NATIVES_I386: &str = include_str!("tables/natives_i386.tsv");

/// Places of calls in the kernel's table: by number on x86-64, then by number on i386, then what
/// `socketcall` unfolds to, then those that only x32 has.
pub(crate) const I386: u32 = 512;
pub(crate) const SOCKETCALLS: u32 = 1024;
const X32: u32 = 1056;
/// How many places there are.
#[cfg(test)]
pub(crate) const PLACES: u32 = 1120;

/// What `socketcall` (i386) can be, by its first argument (include/uapi/linux/net.h).
const SOCKETCALL: [&str; 21] = [
    "",
    "socket",
    "bind",
    "connect",
    "listen",
    "accept",
    "getsockname",
    "getpeername",
    "socketpair",
    "send",
    "recv",
    "sendto",
    "recvfrom",
    "shutdown",
    "setsockopt",
    "getsockopt",
    "sendmsg",
    "recvmsg",
    "accept4",
    "recvmmsg",
    "sendmmsg",
];

/// Calls that x32 has under other numbers, from 512 on (arch/x86/entry/syscalls/syscall_64.tbl).
const X32_CALLS: [&str; 36] = [
    "rt_sigaction",
    "rt_sigreturn",
    "ioctl",
    "readv",
    "writev",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "execve",
    "ptrace",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "sigaltstack",
    "timer_create",
    "mq_notify",
    "kexec_load",
    "waitid",
    "set_robust_list",
    "get_robust_list",
    "vmsplice",
    "move_pages",
    "preadv",
    "pwritev",
    "rt_tgsigqueueinfo",
    "recvmmsg",
    "sendmmsg",
    "process_vm_readv",
    "process_vm_writev",
    "setsockopt",
    "getsockopt",
    "io_setup",
    "io_submit",
    "execveat",
    "preadv2",
    "pwritev2",
];

/// Where in the kernel's table each call stands, with its name.
pub(crate) fn places() -> impl Iterator<Item = (u32, u32, &'static str)> {
    let native = catalog::native_syscalls().into_iter();
    let native = native.map(|(number, name)| (u32::from(number), u32::from(number), name));
    let narrow = NATIVES_I386.lines().filter_map(|line| {
        let (number, name) = line.split_once('\t')?;
        let number: u32 = number.parse().ok()?;
        Some((I386 + number, number, name))
    });
    let unfolded = (SOCKETCALLS..)
        .zip(SOCKETCALL)
        .map(|(at, name)| (at, 102, name));
    let x32 = (X32..)
        .zip(X32_CALLS)
        .map(|(at, name)| (at, at - X32 + 512, name));
    native
        .filter(|(place, ..)| *place < I386)
        .chain(narrow.filter(|(place, ..)| *place < SOCKETCALLS))
        .chain(unfolded)
        .chain(x32)
}
