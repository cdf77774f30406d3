//! Descriptors that are copies of others: dup, fcntl, pidfd_getfd.

use std::sync::Arc;

use lanner_event::codes;

use super::{Call, result};
use crate::fd::{Fd, FdType, O_CLOEXEC};
use crate::state::State;

/// `PPM_FCNTL_*`.
mod command {
    pub(super) const DUPFD: u8 = 1;
    pub(super) const SETFD: u8 = 3;
    pub(super) const DUPFD_CLOEXEC: u8 = 26;
}

/// The flag of a descriptor that fcntl can set.
const FD_CLOEXEC: u64 = 1;

impl Call<'_, '_> {
    /// dup, dup2, dup3, fcntl, pidfd_getfd.
    pub(super) fn duplicate(&mut self, state: &mut State) {
        let number = result(self.raw);
        match self.raw.code {
            codes::SYSCALL_FCNTL_X => self.fcntl(state, number),
            codes::SYSCALL_PIDFD_GETFD_X => self.pidfd_getfd(state, number),
            _ => {
                let is_dup3 = self.raw.code == codes::SYSCALL_DUP3_X;
                let flags = self.raw.u32(3).filter(|_| is_dup3);
                let close_on_exec = flags.is_some_and(|flags| flags & O_CLOEXEC != 0);
                self.copy_current(state, number, close_on_exec);
            }
        }
    }

    fn copy_current(&mut self, state: &mut State, number: i64, close_on_exec: bool) {
        if number < 0 {
            return;
        }
        if let Some(fd) = self.current(state) {
            let copy = Fd::duplicate(fd, close_on_exec);
            if number != self.fd || !Arc::ptr_eq(fd, &copy) {
                self.put(state, number, copy);
            }
        }
    }

    fn fcntl(&mut self, state: &mut State, result: i64) {
        match self.raw.u8(2) {
            Some(command::DUPFD) => self.copy_current(state, result, false),
            Some(command::DUPFD_CLOEXEC) => self.copy_current(state, result, true),
            Some(command::SETFD) if result >= 0 => {
                let flags = self.raw.u64(3).unwrap_or(0);
                self.copy_current(state, self.fd, flags & FD_CLOEXEC != 0);
            }
            _ => {}
        }
    }

    /// A descriptor of another process. libs does not look at the result.
    fn pidfd_getfd(&mut self, state: &mut State, number: i64) {
        let numbers = (self.raw.i64(1), self.raw.i64(2));
        let (Some(pidfd), Some(target)) = numbers else {
            return;
        };
        let copy = self.find(state, pidfd).and_then(|pidfd| {
            let owner = Some(pidfd).filter(|pidfd| pidfd.kind == FdType::PidFd)?;
            let owner = state.thread(owner.pid)?;
            let fd = Some(target).filter(|target| *target >= 0)?;
            let fd: &Arc<Fd> = state.fds(owner)?.shared(fd)?;
            Some(Fd::duplicate(fd, true))
        });
        if let Some(copy) = copy {
            self.put(state, number, copy);
        }
    }
}
