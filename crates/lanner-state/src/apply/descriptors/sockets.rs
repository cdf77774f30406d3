//! Sockets: made, bound, connected, accepted; and what sending and receiving
//! tell of them.

use std::sync::Arc;

use lanner_event::codes;
use lanner_event::sockets::{
    Sockaddr, Tuple, decode_sockaddr, decode_tuple, write_sockaddr, write_tuple,
};

use super::{Call, result};
use crate::fd::{Fd, FdType, Learned, O_CLOEXEC, flags};
use crate::state::State;

/// `-EINPROGRESS`: the connection goes on in the background.
const IN_PROGRESS: i64 = -115;

/// What one sends to or receives from, and how.
struct Transfer {
    /// The parameter with the addresses.
    tuple: usize,
    incoming: bool,
    /// Whether a socket that is not known can be made up.
    can_infer: bool,
    /// Whether an event without a result says nothing.
    needs_result: bool,
}

impl Transfer {
    fn of(code: u16) -> Option<Self> {
        let (tuple, incoming, can_infer, needs_result) = match code {
            codes::SOCKET_RECVFROM_X => (2, true, false, false),
            codes::SOCKET_RECVMSG_X => (3, true, false, false),
            codes::SOCKET_RECV_X => (4, true, false, false),
            codes::SOCKET_RECVMMSG_X => (4, true, false, true),
            codes::SOCKET_SEND_X | codes::SOCKET_SENDTO_X | codes::SOCKET_SENDMSG_X => {
                (4, false, true, false)
            }
            codes::SOCKET_SENDMMSG_X => (4, false, false, true),
            _ => return None,
        };
        Some(Self {
            tuple,
            incoming,
            can_infer,
            needs_result,
        })
    }
}

impl Call<'_, '_> {
    pub(super) fn socket(&mut self, state: &mut State) {
        let raw = self.raw;
        let number = result(raw);
        if number >= 0 {
            let part = |index| raw.u32(index).unwrap_or(0);
            let fd = Fd::socket(part(1), part(2), part(3), part(4));
            self.add(state, number, fd);
        }
    }

    pub(super) fn bind(&mut self, state: &mut State) {
        let param = self.raw.param(1).unwrap_or_default();
        let (Some(fd), Some(address)) = (self.current(state), decode_sockaddr(param)) else {
            return;
        };
        if result(self.raw) < 0 {
            return;
        }
        let before = Arc::clone(fd);
        let mut after = Fd::clone(&before);
        if let Sockaddr::Inet(end) = address {
            after.bind(end);
        }
        let mut name = Vec::new();
        write_sockaddr(param, &mut name);
        after.name = name.into();
        self.replace(state, &before, after);
    }

    pub(super) fn connect(&mut self, state: &mut State) {
        let result = result(self.raw);
        let Some(fd) = self.current(state) else {
            return;
        };
        if result < 0 && result != IN_PROGRESS {
            return;
        }
        let before = Arc::clone(fd);
        let mut after = Fd::clone(&before);
        after.flags |= flags::CONNECTED;
        self.connect_ends(state, &mut after);
        self.replace(state, &before, after);
    }

    /// The destination is that of the kernel; where that is only what the
    /// program gave, what it gave when it entered the call is safer.
    fn connect_ends(&self, state: &State, fd: &mut Fd) {
        let enter = state.enter_event(self.tid);
        let entered_param = enter.and_then(|enter| enter.param(1));
        let entered = entered_param.and_then(decode_sockaddr);
        let tuple = self.raw.param(1).unwrap_or_default();
        if tuple.is_empty() {
            match entered {
                Some(Sockaddr::Inet(end)) => fd.aim(end),
                // libs shows the tuple of the event here, which is empty.
                Some(_) => fd.name = (*b"NULL").into(),
                None => {}
            }
            return;
        }
        let given = self.raw.param(3).and_then(decode_sockaddr);
        match decode_tuple(tuple) {
            Some(Tuple::Inet {
                source,
                destination,
            }) => {
                let destination = match (given, entered) {
                    (Some(Sockaddr::Inet(given)), Some(Sockaddr::Inet(entered)))
                        if given == destination
                            && entered.0.is_ipv4() == destination.0.is_ipv4() =>
                    {
                        entered
                    }
                    _ => destination,
                };
                fd.connect(source, destination);
            }
            Some(Tuple::Unix {
                source,
                destination,
                path,
            }) if fd.kind == FdType::Unix => {
                let path = match (given, entered) {
                    (Some(Sockaddr::Unix(given)), Some(Sockaddr::Unix(entered)))
                        if given == path =>
                    {
                        entered
                    }
                    _ => path,
                };
                fd.connect_unix(source, destination, path);
            }
            _ => {}
        }
    }

    pub(super) fn accept(&mut self, state: &mut State) {
        let raw = self.raw;
        let number = result(raw);
        if number < 0 {
            return;
        }
        self.fd = number;
        let param = raw.param(1).unwrap_or_default();
        let is_accept4 = raw.code == codes::SOCKET_ACCEPT4_6_X;
        let flags = raw.u32(5).filter(|_| is_accept4).unwrap_or(0);
        let accepted =
            decode_tuple(param).and_then(|tuple| Fd::accepted(tuple, flags & O_CLOEXEC != 0));
        if let Some(mut fd) = accepted {
            let mut name = Vec::with_capacity(48);
            write_tuple(param, &mut name);
            fd.name = name.into();
            self.add(state, number, fd);
        }
    }

    pub(super) fn socketpair(&mut self, state: &mut State) {
        let raw = self.raw;
        let (Some(first), Some(second)) = (raw.i64(1), raw.i64(2)) else {
            return;
        };
        if result(raw) < 0 || first == second {
            return;
        }
        let (source, peer) = (raw.u64(3).unwrap_or(0), raw.u64(4).unwrap_or(0));
        self.add(state, first, Fd::unix_pair(source, peer));
        self.add(state, second, Fd::unix_pair(source, peer));
    }

    /// Reads and writes, sends and receives. Nothing is copied for files, and
    /// for sockets of which nothing new is told.
    pub(super) fn transfer(&mut self, state: &mut State) {
        let transfer = Transfer::of(self.raw.code);
        let needs_result = transfer
            .as_ref()
            .is_some_and(|transfer| transfer.needs_result);
        if needs_result && self.raw.param(0).is_none_or(<[u8]>::is_empty) {
            return;
        }
        if self.current(state).is_none()
            && transfer.as_ref().is_some_and(|transfer| transfer.can_infer)
        {
            self.infer(state);
        }
        let Some(fd) = self.current(state) else {
            return;
        };
        let is_new_connection =
            matches!(fd.kind, FdType::Ipv4 | FdType::Ipv6) && !fd.has(flags::CONNECTED);
        let learned = transfer.and_then(|transfer| self.learned(fd, &transfer));
        if !is_new_connection && learned.is_none() || result(self.raw) < 0 {
            return;
        }
        let before = Arc::clone(fd);
        let mut after = Fd::clone(&before);
        if is_new_connection {
            after.flags |= flags::CONNECTED;
        }
        if let (Some(learned), Some(thread)) = (learned, state.thread(self.tid))
            && let Some(table) = state.fds(thread)
        {
            after.learn(learned, &state.interfaces, table, self.fd);
        }
        self.replace(state, &before, after);
    }

    /// What an event tells of a socket that is not known already.
    fn learned(&self, fd: &Fd, transfer: &Transfer) -> Option<Learned<'_>> {
        if !fd.name.is_empty() && fd.is_tcp4() {
            return None;
        }
        let param = self.raw.param(transfer.tuple)?;
        let tuple = decode_tuple(param).filter(|tuple| !fd.knows(tuple))?;
        Some(Learned {
            tuple,
            param,
            incoming: transfer.incoming,
        })
    }

    /// The socket of a send was made before the capture began: libs takes it
    /// for a UDP socket.
    fn infer(&mut self, state: &mut State) {
        let family = self.raw.param(4).and_then(<[u8]>::first);
        let fd = family.and_then(|family| Fd::missed_udp_socket(*family));
        if let (Some(fd), Some(number)) = (fd, self.raw.i64(2))
            && result(self.raw) >= 0
        {
            self.add(state, number, fd);
        }
    }
}
