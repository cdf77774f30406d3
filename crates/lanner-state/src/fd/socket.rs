//! What calls on sockets change.

use std::net::IpAddr;

use lanner_event::inventory::Interface;
use lanner_event::sockets::{End, Tuple, family, mapped, unmap_pair, write_unix};

use super::memory::{BOUND4, BOUND6, PAIR4, PAIR6, Pair};
use super::names::is_unix_text;
use super::{Ends, Fd, FdTable, FdType, L4, O_CLOEXEC, flags, interfaces};

/// Transport protocols as libs numbers them (`SCAP_L4_*`).
pub(super) mod l4 {
    pub(in super::super) const UNKNOWN: u8 = 0;
    pub(in super::super) const TCP: u8 = 2;
    pub(in super::super) const UDP: u8 = 3;
    pub(in super::super) const ICMP: u8 = 4;
    pub(in super::super) const RAW: u8 = 5;
}

/// The protocol of a socket by what it was asked for: number of the IP
/// protocol (0 for the usual one of the type) and type.
fn protocol(kind: u32, protocol: u32) -> u8 {
    const STREAM: u32 = 1;
    const DATAGRAM: u32 = 2;
    const RAW: u32 = 3;
    let unless_raw = |l4| if kind == RAW { l4::RAW } else { l4 };
    match (protocol, kind & 0xff) {
        (0, STREAM) => l4::TCP,
        (0, DATAGRAM) => l4::UDP,
        (1, _) => unless_raw(l4::ICMP),
        (6, _) => unless_raw(l4::TCP),
        (17, _) => unless_raw(l4::UDP),
        (255, _) => l4::RAW,
        _ => l4::UNKNOWN,
    }
}

/// What an event of a transfer says of its socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Learned<'b> {
    /// The addresses.
    pub(crate) tuple: Tuple<'b>,
    /// The same, as it stands in the event.
    pub(crate) param: &'b [u8],
    /// Whether data came in.
    pub(crate) incoming: bool,
}

impl Fd {
    /// A socket that was just made.
    pub(crate) fn socket(domain: u32, kind: u32, number: u32, open_flags: u32) -> Self {
        let family = u8::try_from(domain).unwrap_or(0);
        let mut fd = Self::new(match family {
            family::UNIX => FdType::Unix,
            family::INET => FdType::Ipv4,
            family::INET6 => FdType::Ipv6,
            family::NETLINK => FdType::Netlink,
            _ => FdType::Unknown,
        });
        fd.open_flags = open_flags;
        if let Some(pair) = fd.pair() {
            fd.memory.set_l4(pair.l4, protocol(kind, number));
        }
        fd.read_memory();
        fd
    }

    /// A UDP socket that was made before the capture began.
    pub(crate) fn missed_udp_socket(family: u8) -> Option<Self> {
        const DATAGRAM: u32 = 2;
        const UDP: u32 = 17;
        matches!(family, family::INET | family::INET6)
            .then(|| Self::socket(family.into(), DATAGRAM, UDP, 0))
    }

    /// A socket that accept gave; `None` for other families.
    pub(crate) fn accepted(tuple: Tuple<'_>, close_on_exec: bool) -> Option<Self> {
        let mut fd = Self::new(FdType::Unix);
        match tuple {
            Tuple::Inet {
                source,
                destination,
            } => {
                let ends = unmap_pair(source, destination);
                let (kind, pair) = pair_of(ends.0);
                fd.kind = kind;
                fd.memory.learn(pair, ends, false);
                fd.memory.set_l4(pair.l4, l4::TCP);
            }
            Tuple::Unix {
                source,
                destination,
                ..
            } => fd.memory.set_unix(source, destination),
            Tuple::Other(_) => return None,
        }
        fd.flags = flags::ROLE_SERVER | flags::CONNECTED;
        fd.open_flags = if close_on_exec { O_CLOEXEC } else { 0 };
        fd.read_memory();
        Some(fd)
    }

    /// One of two Unix sockets that are connected with each other.
    pub(crate) fn unix_pair(source: u64, peer: u64) -> Self {
        let mut fd = Self::new(FdType::Unix);
        fd.memory.set_unix(source, peer);
        fd.read_memory();
        fd
    }

    /// Binds it to an address. A port makes a server of it, else nothing is known.
    pub(crate) fn bind(&mut self, (address, port): End) {
        if port == 0 {
            return;
        }
        let (kind, bound, l4_at, address) = match (address, mapped(address)) {
            (IpAddr::V4(_), _) => (FdType::Ipv4Server, BOUND4, PAIR4.l4, address),
            (_, Some(v4)) => (FdType::Ipv4Server, BOUND4, PAIR6.l4, v4.into()),
            (_, None) => (FdType::Ipv6Server, BOUND6, PAIR6.l4, address),
        };
        let l4 = self.memory.l4(l4_at);
        self.kind = kind;
        self.memory.set_local(bound, (address, port));
        self.memory.set_l4(bound.l4, l4);
        self.flags |= flags::ROLE_SERVER;
        self.read_memory();
    }

    /// Connects it to an address, where only that is known.
    pub(crate) fn aim(&mut self, (address, port): End) {
        let address = mapped(address).map_or(address, IpAddr::from);
        let (kind, pair) = pair_of((address, port));
        self.kind = kind;
        self.memory.set_destination(pair, (address, port));
        self.read_memory();
    }

    /// Connects it.
    pub(crate) fn connect(&mut self, source: End, destination: End) {
        let ends = unmap_pair(source, destination);
        let (kind, pair) = pair_of(ends.0);
        self.kind = kind;
        let changed = self.memory.learn(pair, ends, true);
        let is_udp = kind == FdType::Ipv4 && self.memory.l4(pair.l4) == l4::UDP;
        if changed && self.has(flags::ROLE_SERVER) && is_udp {
            self.memory.swap(pair);
        }
        self.name = self.ends_text();
        self.become_client();
        self.read_memory();
    }

    /// Connects a Unix socket.
    pub(crate) fn connect_unix(&mut self, source: u64, destination: u64, path: &[u8]) {
        let mut name = Vec::with_capacity(40 + path.len());
        write_unix(source, destination, path, &mut name);
        self.memory.set_unix(source, destination);
        self.name = name.into();
        self.become_client();
        self.read_memory();
    }

    fn become_client(&mut self) {
        if self.has_no_role() {
            self.flags |= flags::ROLE_CLIENT;
        }
    }

    /// Whether it is a TCP socket over IPv4; libs does not ask that of IPv6.
    pub(crate) fn is_tcp4(&self) -> bool {
        self.kind == FdType::Ipv4 && self.l4 == L4::Tcp
    }

    /// Whether it has the ends of an event already, in this or the other direction.
    pub(crate) fn knows(&self, tuple: &Tuple<'_>) -> bool {
        match *tuple {
            Tuple::Inet {
                source,
                destination,
            } => {
                let ends = unmap_pair(source, destination);
                let (kind, pair) = pair_of(ends.0);
                let known = (self.memory.source(pair), self.memory.destination(pair));
                self.kind == kind && (known == ends || known == (ends.1, ends.0))
            }
            Tuple::Unix {
                source,
                destination,
                path,
            } => {
                self.kind == FdType::Unix
                    && self.memory.unix() == (source, destination)
                    && is_unix_text(&self.name, source, destination, path)
            }
            Tuple::Other(_) => false,
        }
    }

    /// Takes over what a transfer tells. `table` and `number` are where it is.
    pub(crate) fn learn(
        &mut self,
        learned: Learned<'_>,
        interfaces: &[Interface],
        table: &FdTable,
        number: i64,
    ) {
        let is_news = self.take_ends(learned.tuple, interfaces);
        if is_news {
            if let Some(pair) = self.pair() {
                if self.has_no_role() {
                    self.flags |= self.guess_role(table, number, learned.incoming);
                }
                // The sender is the source of the event, the client that of the socket.
                let reversed = if learned.incoming {
                    flags::ROLE_CLIENT
                } else {
                    flags::ROLE_SERVER
                };
                if self.has(reversed) {
                    self.memory.swap(pair);
                }
                self.name = self.ends_text();
            } else {
                let mut name = Vec::new();
                lanner_event::sockets::write_tuple(learned.param, &mut name);
                self.name = name.into();
            }
        }
        self.read_memory();
    }

    /// Takes over the ends; false when they were known.
    fn take_ends(&mut self, tuple: Tuple<'_>, own: &[Interface]) -> bool {
        match tuple {
            Tuple::Inet {
                source,
                destination,
            } => {
                let ends = unmap_pair(source, destination);
                let (kind, pair) = pair_of(ends.0);
                if self.kind == FdType::Ipv4Server && source.0.is_ipv4() {
                    let l4 = self.memory.l4(BOUND4.l4);
                    self.memory.set_l4(PAIR4.l4, l4);
                }
                // A server over IPv6 remains one.
                if kind == FdType::Ipv4 {
                    self.kind = kind;
                }
                if !self.memory.learn(pair, ends, self.kind == kind) {
                    return false;
                }
            }
            Tuple::Unix {
                source,
                destination,
                ..
            } => {
                self.kind = FdType::Unix;
                self.memory.set_unix(source, destination);
                return true;
            }
            Tuple::Other(_) => {}
        }
        if let Some(pair) = self.pair() {
            if self.memory.l4(pair.l4) == l4::UNKNOWN {
                self.memory.set_l4(pair.l4, l4::UDP);
            }
            interfaces::complete(&mut self.memory, pair, own);
        }
        true
    }

    /// Whether it is the client or the server of a connection without a
    /// beginning. libs looks at IPv4 ports whatever the socket is, and finds
    /// them at the socket itself, if it is one: then the direction decides.
    fn guess_role(&self, table: &FdTable, number: i64, incoming: bool) -> u32 {
        let client_port = self.memory.source(PAIR4).1;
        let server_port = self.memory.destination(PAIR4).1;
        let all = || {
            let others = table.iter().filter(|(other, _)| *other != number);
            others.map(|(_, fd)| fd).chain([self])
        };
        let serves = |fd: &Self| match fd.kind {
            FdType::Ipv4 => fd.memory.destination(PAIR4).1 == server_port,
            FdType::Ipv4Server => fd.memory.local(BOUND4).1 == server_port,
            _ => false,
        };
        let calls = |fd: &Self| fd.kind == FdType::Ipv4 && fd.memory.source(PAIR4).1 == client_port;
        let is_server = all().any(serves) && (!all().any(calls) || incoming);
        if is_server {
            flags::ROLE_SERVER
        } else {
            flags::ROLE_CLIENT
        }
    }

    /// Where its ends are, if it is of a kind that has two.
    pub(super) fn pair(&self) -> Option<Pair> {
        match self.kind {
            FdType::Ipv4 => Some(PAIR4),
            FdType::Ipv6 => Some(PAIR6),
            _ => None,
        }
    }

    /// What everyone may see of the memory.
    pub(super) fn read_memory(&mut self) {
        let memory = &self.memory;
        let (ends, l4) = match self.kind {
            FdType::Ipv4 | FdType::Ipv6 => {
                let pair = self.pair().unwrap_or(PAIR4);
                let ends = Ends::Internet {
                    source: memory.source(pair),
                    destination: memory.destination(pair),
                };
                (ends, memory.l4(pair.l4))
            }
            FdType::Ipv4Server | FdType::Ipv6Server => {
                let bound = match self.kind {
                    FdType::Ipv4Server => BOUND4,
                    _ => BOUND6,
                };
                let local = memory.local(bound);
                (Ends::Server { local }, memory.l4(bound.l4))
            }
            FdType::Unix => {
                let (source, destination) = memory.unix();
                let ends = Ends::Unix {
                    source,
                    destination,
                };
                (ends, l4::UNKNOWN)
            }
            _ => (Ends::None, l4::UNKNOWN),
        };
        self.ends = ends;
        self.l4 = L4::from_scap(l4);
    }
}

/// The kind of a connection by one of its ends, and where that keeps them.
pub(super) fn pair_of(end: End) -> (FdType, Pair) {
    match end.0 {
        IpAddr::V4(_) => (FdType::Ipv4, PAIR4),
        IpAddr::V6(_) => (FdType::Ipv6, PAIR6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        let cases = [
            (1, 0, L4::Tcp),
            (1 | 0x800, 0, L4::Tcp),
            (2, 0, L4::Udp),
            (3, 0, L4::Unknown),
            (1, 6, L4::Tcp),
            (3, 6, L4::Raw),
            (3, 1, L4::Raw),
            (2, 1, L4::Icmp),
            (2, 17, L4::Udp),
            (3, 255, L4::Raw),
            (2, 58, L4::Unknown),
        ];
        for (kind, number, expected) in cases {
            let v4 = Fd::socket(2, kind, number, 0);
            let v6 = Fd::socket(10, kind, number, 0);
            assert_eq!((v4.l4, v6.l4), (expected, expected), "{kind} {number}");
        }
    }
}
