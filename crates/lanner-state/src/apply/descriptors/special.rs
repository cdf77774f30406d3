//! Descriptors of neither files nor sockets.

use lanner_event::codes;

use super::{Call, result};
use crate::fd::{Fd, FdType, O_CLOEXEC};
use crate::param;
use crate::state::State;

/// `PPM_EPOLL_CLOEXEC`.
const EPOLL_CLOEXEC: u32 = 1;

impl Call<'_, '_> {
    /// Everything that makes one descriptor, or the two of a pipe.
    pub(super) fn special(&mut self, state: &mut State) {
        let raw = self.raw;
        let flags16 = || raw.u16(1).map_or(0, u32::from);
        let (kind, open_flags) = match raw.code {
            codes::SYSCALL_PIPE_X => return self.pipe(state, 0),
            codes::SYSCALL_PIPE2_X => return self.pipe(state, raw.u32(4).unwrap_or(0)),
            codes::SYSCALL_MEMFD_CREATE_X => return self.memfd(state),
            codes::SYSCALL_PIDFD_OPEN_X => return self.pidfd(state),
            codes::SYSCALL_EVENTFD_X => (FdType::Event, 0),
            codes::SYSCALL_EVENTFD2_X => (FdType::Event, flags16()),
            codes::SYSCALL_SIGNALFD_X => (FdType::Signal, 0),
            codes::SYSCALL_SIGNALFD4_X => (FdType::Signal, flags16()),
            codes::SYSCALL_TIMERFD_CREATE_X => (FdType::Timer, raw.u8(2).map_or(0, u32::from)),
            codes::SYSCALL_INOTIFY_INIT_X => (FdType::Inotify, 0),
            codes::SYSCALL_INOTIFY_INIT1_X => (FdType::Inotify, flags16()),
            codes::SYSCALL_BPF_2_X => (FdType::Bpf, 0),
            codes::SYSCALL_USERFAULTFD_X => (FdType::UserFault, 0),
            codes::SYSCALL_IO_URING_SETUP_X => (FdType::IoUring, 0),
            codes::SYSCALL_EPOLL_CREATE_X => (FdType::EventPoll, 0),
            codes::SYSCALL_EPOLL_CREATE1_X => {
                let flags = raw.u32(1).unwrap_or(0);
                let is_closed = flags & EPOLL_CLOEXEC != 0;
                (FdType::EventPoll, if is_closed { O_CLOEXEC } else { 0 })
            }
            _ => return,
        };
        let number = result(raw);
        if number >= 0 {
            let mut fd = Fd::new(kind);
            fd.open_flags = open_flags;
            self.add(state, number, fd);
        }
    }

    fn pipe(&mut self, state: &mut State, open_flags: u32) {
        let raw = self.raw;
        let (Some(reads), Some(writes)) = (raw.i64(1), raw.i64(2)) else {
            return;
        };
        if result(raw) < 0 {
            return;
        }
        let mut fd = Fd::new(FdType::Fifo);
        fd.ino = raw.u64(3).unwrap_or(0);
        fd.open_flags = open_flags;
        self.add(state, reads, fd.clone());
        self.add(state, writes, fd);
    }

    /// libs remembers even those that could not be made.
    fn memfd(&mut self, state: &mut State) {
        let number = result(self.raw);
        let mut fd = Fd::new(FdType::Uninitialized);
        if number >= 0 {
            fd.kind = FdType::MemFd;
            fd.name = param::text(self.raw, 1).into();
            fd.open_flags = self.raw.u32(2).unwrap_or(0);
        }
        self.add(state, number, fd);
    }

    fn pidfd(&mut self, state: &mut State) {
        let number = result(self.raw);
        if number < 0 {
            return;
        }
        let mut fd = Fd::new(FdType::PidFd);
        fd.pid = self.raw.i64(1).unwrap_or(0);
        fd.name = format!("/proc/{}", fd.pid).into_bytes().into();
        fd.open_flags = self.raw.u32(2).unwrap_or(0);
        self.add(state, number, fd);
    }
}
