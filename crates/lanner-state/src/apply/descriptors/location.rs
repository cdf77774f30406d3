//! Where events have the descriptor that they are about.

use lanner_event::codes;

/// The parameter with the descriptor of an event; `None` where it has none
/// (`get_enter_event_fd_location`, `get_exit_event_fd_location`).
pub(super) fn param(code: u16) -> Option<usize> {
    let location = *LOCATIONS.get(usize::from(code))?;
    usize::try_from(location).ok()
}

/// By event code; -1 for none.
static LOCATIONS: [i8; COUNT] = locations();

const COUNT: usize = codes::SYSCALL_KEYCTL_X as usize + 1;

const fn locations() -> [i8; COUNT] {
    // Enter events have it first.
    let mut locations = [-1; COUNT];
    let mut code = 0;
    while code < COUNT {
        locations[code] = 0;
        code += 2;
    }
    let mut index = 0;
    while index < EXCEPTIONS.len() {
        let (code, location) = EXCEPTIONS[index];
        locations[code as usize] = location;
        index += 1;
    }
    locations
}

/// Everything else.
const EXCEPTIONS: [(u16, i8); 57] = [
    (codes::SYSCALL_MMAP_E, 4),
    (codes::SYSCALL_MMAP2_E, 4),
    (codes::SYSCALL_SPLICE_E, 1),
    (codes::SYSCALL_SETNS_X, 1),
    (codes::SOCKET_LISTEN_X, 1),
    (codes::SOCKET_SHUTDOWN_X, 1),
    (codes::SYSCALL_FCHDIR_X, 1),
    (codes::SYSCALL_LSEEK_X, 1),
    (codes::SYSCALL_LLSEEK_X, 1),
    (codes::SYSCALL_IOCTL_3_X, 1),
    (codes::SYSCALL_FSTAT_X, 1),
    (codes::SYSCALL_CLOSE_X, 1),
    (codes::SYSCALL_GETDENTS_X, 1),
    (codes::SYSCALL_GETDENTS64_X, 1),
    (codes::SYSCALL_FLOCK_X, 1),
    (codes::SYSCALL_COPY_FILE_RANGE_X, 1),
    (codes::SYSCALL_FCNTL_X, 1),
    (codes::SYSCALL_DUP_1_X, 1),
    (codes::SYSCALL_DUP2_X, 1),
    (codes::SYSCALL_DUP3_X, 1),
    (codes::SYSCALL_NEWFSTATAT_X, 1),
    (codes::SYSCALL_FCHOWNAT_X, 1),
    (codes::SYSCALL_FCHMODAT_X, 1),
    (codes::SYSCALL_MKDIRAT_X, 1),
    (codes::SYSCALL_UNLINKAT_2_X, 1),
    (codes::SYSCALL_MKNODAT_X, 1),
    (codes::SOCKET_SENDMMSG_X, 1),
    (codes::SOCKET_RECVMMSG_X, 1),
    (codes::SYSCALL_IO_URING_REGISTER_X, 1),
    (codes::SYSCALL_IO_URING_ENTER_X, 1),
    (codes::SOCKET_SETSOCKOPT_X, 1),
    (codes::SOCKET_GETSOCKOPT_X, 1),
    (codes::SYSCALL_FSCONFIG_X, 1),
    (codes::SYSCALL_FINIT_MODULE_X, 1),
    (codes::SYSCALL_FCHMOD_X, 1),
    (codes::SYSCALL_FCHOWN_X, 1),
    (codes::SYSCALL_READ_X, 2),
    (codes::SYSCALL_PREAD_X, 2),
    (codes::SOCKET_BIND_X, 2),
    (codes::SYSCALL_WRITE_X, 2),
    (codes::SYSCALL_PWRITE_X, 2),
    (codes::SOCKET_RECV_X, 2),
    (codes::SOCKET_SEND_X, 2),
    (codes::SOCKET_SENDTO_X, 2),
    (codes::SOCKET_SENDMSG_X, 2),
    (codes::SYSCALL_SENDFILE_X, 2),
    (codes::SYSCALL_SPLICE_X, 2),
    (codes::SYSCALL_WRITEV_X, 2),
    (codes::SYSCALL_PWRITEV_X, 2),
    (codes::SOCKET_CONNECT_X, 2),
    (codes::SYSCALL_SYMLINKAT_X, 2),
    (codes::SOCKET_RECVFROM_X, 3),
    (codes::SYSCALL_READV_X, 3),
    (codes::SYSCALL_PREADV_X, 3),
    (codes::SOCKET_RECVMSG_X, 5),
    (codes::SYSCALL_MMAP_X, 8),
    (codes::SYSCALL_MMAP2_X, 8),
];

#[cfg(test)]
mod tests {
    use lanner_event::schema::{Flags, event_type};

    use super::*;

    #[test]
    fn descriptors_are_where_the_table_says() {
        for code in 0..COUNT {
            let code = u16::try_from(code).unwrap();
            let Some(kind) = event_type(code).filter(|kind| kind.flags.has(Flags::USES_FD)) else {
                continue;
            };
            match param(code) {
                Some(index) => assert_eq!(kind.params[index].ty, "fd", "{} {code}", kind.name),
                // Shapes of old versions are converted.
                None => assert!(kind.flags.has(Flags::OLD_VERSION), "{} {code}", kind.name),
            }
        }
    }
}
