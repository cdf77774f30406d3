//! Descriptors that were open before the first event.

use std::net::IpAddr;

use hashbrown::HashSet;
use lanner_event::inventory::{Descriptor, Target};
use lanner_event::sockets::{End, unmap_pair, write_ends};

use super::memory::{BOUND4, BOUND6};
use super::socket::pair_of;
use super::{Ends, Fd, FdType, flags};
use crate::state::State;

/// `SCAP_L4_TCP`.
const TCP: u8 = 2;

/// A descriptor of a capture's list, with its number; `None` for types that
/// libs does not know.
#[must_use]
pub fn from_inventory(descriptor: Descriptor) -> Option<(i64, Fd)> {
    let mut fd = match descriptor.target {
        Target::File { path, flags, dev } => Fd {
            kind: FdType::FileV2,
            open_flags: flags,
            name: path,
            dev,
            ..Fd::default()
        },
        Target::Socket {
            source,
            destination,
            l4proto,
        } => connected(source, destination, l4proto),
        Target::Server { local, l4proto } => bound(local, l4proto),
        Target::Unix {
            source,
            destination,
            path,
        } => {
            let mut fd = Fd::unix_pair(source, destination);
            fd.flags = match path.is_empty() {
                true => flags::ROLE_CLIENT,
                false => flags::ROLE_SERVER,
            };
            fd.name = path;
            fd
        }
        Target::Other { kind, name } => {
            let kind = FdType::from_scap(kind).filter(|kind| *kind != FdType::Unknown)?;
            let mut fd = Fd::new(kind);
            fd.name = name;
            fd
        }
    };
    fd.ino = descriptor.ino;
    Some((descriptor.fd, fd))
}

impl Fd {
    /// As a list has it, under a number; `None` for what lists have no word for.
    #[must_use]
    pub fn to_inventory(&self, number: i64) -> Option<Descriptor> {
        let target = match self.ends {
            _ if self.kind.is_file() => Target::File {
                path: self.name.clone(),
                flags: self.open_flags,
                dev: self.dev,
            },
            Ends::Internet {
                source,
                destination,
            } if !self.has_no_role() || source.1 != 0 || destination.1 != 0 => {
                // The local end comes first: see `find_role`.
                let is_server = self.kind == FdType::Ipv4 && self.has(flags::ROLE_SERVER);
                let (source, destination) = match is_server {
                    true => (destination, source),
                    false => (source, destination),
                };
                Target::Socket {
                    source,
                    destination,
                    l4proto: self.l4 as u8,
                }
            }
            // It has no ends yet.
            Ends::Internet { .. } => Target::Other {
                kind: FdType::Unsupported.to_scap()?,
                name: self.name.clone(),
            },
            Ends::Server { local } => Target::Server {
                local,
                l4proto: self.l4 as u8,
            },
            Ends::Unix {
                source,
                destination,
            } => Target::Unix {
                source,
                destination,
                path: self.name.clone(),
            },
            Ends::None => Target::Other {
                kind: self
                    .kind
                    .to_scap()
                    .filter(|_| self.kind != FdType::Unknown)?,
                name: self.name.clone(),
            },
        };
        Some(Descriptor {
            fd: number,
            ino: self.ino,
            target,
        })
    }
}

fn connected(source: End, destination: End, l4: u8) -> Fd {
    let ends = unmap_pair(source, destination);
    let (kind, pair) = pair_of(ends.0);
    let mut fd = Fd::new(kind);
    if ends.0.0.is_ipv4() == ends.1.0.is_ipv4() {
        fd.memory.set_source(pair, ends.0);
        fd.memory.set_destination(pair, ends.1);
    }
    fd.memory.set_l4(pair.l4, l4);
    if l4 == TCP {
        fd.flags = flags::CONNECTED;
    }
    rename(&mut fd);
    fd
}

/// libs names these without a look at the protocol.
fn rename(fd: &mut Fd) {
    fd.read_memory();
    if let Ends::Internet {
        source,
        destination,
    } = fd.ends
    {
        let mut name = Vec::with_capacity(48);
        write_ends(source, destination, &mut name);
        fd.name = name.into();
    }
}

fn bound(local: End, l4: u8) -> Fd {
    let (kind, place) = match local.0 {
        IpAddr::V4(_) => (FdType::Ipv4Server, BOUND4),
        IpAddr::V6(_) => (FdType::Ipv6Server, BOUND6),
    };
    let mut fd = Fd::new(kind);
    fd.memory.set_local(place, local);
    fd.memory.set_l4(place.l4, l4);
    fd.name = Fd::bound_text(local);
    fd.read_memory();
    fd
}

/// Once all descriptors of the list are known: finds out who is the server of
/// IPv4 connections (who has the port of some server of the machine).
pub(crate) fn settle_sockets(state: &mut State) {
    let mut ports = HashSet::new();
    let mut connections = Vec::new();
    for thread in state.threads.iter() {
        for (number, fd) in thread.fds.iter() {
            match fd.ends {
                Ends::Server { local } => {
                    ports.insert(local.1);
                }
                Ends::Internet { .. } if fd.has_no_role() => {
                    connections.push((thread.tid, number));
                }
                _ => {}
            }
        }
    }
    for (tid, number) in connections {
        let id = state.next_id();
        let thread = state.threads.get_mut(tid);
        if let Some(fd) = thread.and_then(|thread| thread.fds.get_mut(number)) {
            fd.id = id;
            find_role(fd, |port| ports.contains(&port));
        }
    }
}

fn find_role(fd: &mut Fd, is_served: impl Fn(u16) -> bool) {
    let Some(pair) = fd.pair().filter(|_| fd.kind == FdType::Ipv4) else {
        return;
    };
    if !is_served(fd.memory.source(pair).1) {
        fd.flags |= flags::ROLE_CLIENT;
        return;
    }
    fd.memory.swap(pair);
    fd.flags |= flags::ROLE_SERVER;
    rename(fd);
}

#[cfg(test)]
mod tests {
    use super::super::L4;
    use super::*;
    use crate::thread::Thread;

    fn end(ip: &str, port: u16) -> End {
        (ip.parse().unwrap(), port)
    }

    fn seeded(fd: i64, target: Target) -> (i64, Fd) {
        from_inventory(Descriptor { fd, ino: 7, target }).unwrap()
    }

    #[test]
    fn names_and_types() {
        let other = |kind| Target::Other {
            kind,
            name: b"name".as_slice().into(),
        };
        let socket = |source, destination, l4proto| Target::Socket {
            source,
            destination,
            l4proto,
        };
        let file = Target::File {
            path: b"/a".as_slice().into(),
            flags: 1,
            dev: 5,
        };
        let unix = Target::Unix {
            source: 1,
            destination: 2,
            path: b"/run/s".as_slice().into(),
        };
        let server = |local| Target::Server { local, l4proto: 2 };
        let (a, b) = (end("1.2.3.4", 5), end("6.7.8.9", 10));
        let cases = [
            (file, "file", "/a", L4::NotApplicable),
            (other(2), "directory", "name", L4::NotApplicable),
            (other(7), "pipe", "name", L4::NotApplicable),
            (unix, "unix", "/run/s", L4::NotApplicable),
            (
                socket(a, b, 3),
                "ipv4",
                "1.2.3.4:5->6.7.8.9:10",
                L4::NotApplicable,
            ),
            (
                socket(end("::ffff:1.2.3.4", 5), end("::ffff:6.7.8.9", 10), 2),
                "ipv4",
                "1.2.3.4:5->6.7.8.9:10",
                L4::NotApplicable,
            ),
            (
                socket(end("::1", 5), end("::1", 6), 2),
                "ipv6",
                "::1:5->::1:6",
                L4::NotApplicable,
            ),
            (server(end("0.0.0.0", 80)), "ipv4", "0.0.0.0:80", L4::Tcp),
            (server(end("::", 80)), "ipv6", ":::80", L4::Tcp),
        ];
        for (target, kind, name, l4) in cases {
            let (number, fd) = seeded(3, target);
            assert_eq!((number, fd.ino), (3, 7));
            assert_eq!(fd.kind.name(), kind, "{name}");
            assert_eq!(String::from_utf8_lossy(&fd.name), name);
            assert_eq!(fd.l4proto(), l4, "{name}");
        }
        let unknown = Descriptor {
            fd: 1,
            ino: 0,
            target: other(0),
        };
        assert!(from_inventory(unknown).is_none());
    }

    #[test]
    fn servers_are_those_with_a_served_port() {
        let mut state = State::default();
        let mut thread = Thread {
            tid: 1,
            pid: 1,
            ..Thread::default()
        };
        let (here, there) = (end("10.0.0.1", 80), end("10.0.0.2", 4000));
        let socket = |source, destination| Target::Socket {
            source,
            destination,
            l4proto: 2,
        };
        let fds = [
            Target::Server {
                local: end("0.0.0.0", 80),
                l4proto: 2,
            },
            socket(here, there),
            socket((here.0, 4001), (there.0, 80)),
        ];
        for (number, target) in (3..).zip(fds) {
            let (number, fd) = seeded(number, target);
            thread.fds.insert(number, fd);
        }
        state.threads.insert(thread);
        settle_sockets(&mut state);
        let fds = &state.thread(1).unwrap().fds;
        let served = fds.get(4).unwrap();
        assert!(served.has(flags::ROLE_SERVER));
        assert_eq!(&*served.name, b"10.0.0.2:4000->10.0.0.1:80");
        let calls = fds.get(5).unwrap();
        assert!(calls.has(flags::ROLE_CLIENT));
        assert_eq!(&*calls.name, b"10.0.0.1:4001->10.0.0.2:80");
        assert_eq!(calls.l4proto(), L4::Tcp);
        assert_ne!(calls.id, served.id);
    }
}
