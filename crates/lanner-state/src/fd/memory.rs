//! What libs knows of a socket, with all its side effects.
//!
//! libs keeps a socket's addresses in one block of memory (`sinsp_sockinfo`, a
//! union) that each kind of socket reads in its own way. When a socket changes
//! its kind, what it was before shines through: the address that a server over
//! IPv6 received from takes the place of its port. Rules see that, so it is the
//! same here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lanner_event::sockets::End;

/// The block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketMemory([u8; 40]);

/// Where a connection has its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    ip_bytes: usize,
    source_ip: usize,
    destination_ip: usize,
    source_port: usize,
    destination_port: usize,
    /// The protocol.
    pub(crate) l4: usize,
}

/// Where a bound socket has its parts; the address is at the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    ip_bytes: usize,
    port: usize,
    /// The protocol.
    pub(crate) l4: usize,
}

/// IPv4 connections.
pub(crate) const PAIR4: Pair = Pair {
    ip_bytes: 4,
    source_ip: 0,
    destination_ip: 4,
    source_port: 8,
    destination_port: 10,
    l4: 12,
};

/// IPv6 connections.
pub(crate) const PAIR6: Pair = Pair {
    ip_bytes: 16,
    source_ip: 0,
    destination_ip: 16,
    source_port: 32,
    destination_port: 34,
    l4: 36,
};

/// Bound IPv4 sockets.
pub(crate) const BOUND4: Bound = Bound {
    ip_bytes: 4,
    port: 4,
    l4: 6,
};

/// Bound IPv6 sockets.
pub(crate) const BOUND6: Bound = Bound {
    ip_bytes: 16,
    port: 16,
    l4: 18,
};

impl Default for SocketMemory {
    fn default() -> Self {
        Self([0; 40])
    }
}

// The offsets are the constants above: indexing with them stays inside.
impl SocketMemory {
    /// A protocol (`SCAP_L4_*`).
    pub(crate) fn l4(&self, at: usize) -> u8 {
        self.0[at]
    }

    /// Sets a protocol.
    pub(crate) fn set_l4(&mut self, at: usize, l4: u8) {
        self.0[at] = l4;
    }

    fn port(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    fn set_port(&mut self, at: usize, port: u16) {
        self.0[at..at + 2].copy_from_slice(&port.to_le_bytes());
    }

    fn ip(&self, at: usize, bytes: usize) -> IpAddr {
        let mut octets = [0; 16];
        octets[..bytes].copy_from_slice(&self.0[at..at + bytes]);
        match bytes {
            4 => Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into(),
            _ => Ipv6Addr::from(octets).into(),
        }
    }

    fn set_ip(&mut self, at: usize, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.0[at..at + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => self.0[at..at + 16].copy_from_slice(&ip.octets()),
        }
    }

    /// The source of a connection.
    pub(crate) fn source(&self, pair: Pair) -> End {
        (
            self.ip(pair.source_ip, pair.ip_bytes),
            self.port(pair.source_port),
        )
    }

    /// The destination of a connection.
    pub(crate) fn destination(&self, pair: Pair) -> End {
        (
            self.ip(pair.destination_ip, pair.ip_bytes),
            self.port(pair.destination_port),
        )
    }

    /// Sets the source of a connection.
    pub(crate) fn set_source(&mut self, pair: Pair, end: End) {
        self.set_ip(pair.source_ip, end.0);
        self.set_port(pair.source_port, end.1);
    }

    /// Sets the destination of a connection.
    pub(crate) fn set_destination(&mut self, pair: Pair, end: End) {
        self.set_ip(pair.destination_ip, end.0);
        self.set_port(pair.destination_port, end.1);
    }

    /// Exchanges both ends of a connection.
    pub(crate) fn swap(&mut self, pair: Pair) {
        let (source, destination) = (self.source(pair), self.destination(pair));
        self.set_source(pair, destination);
        self.set_destination(pair, source);
    }

    /// The address of a bound socket.
    pub(crate) fn local(&self, bound: Bound) -> End {
        (self.ip(0, bound.ip_bytes), self.port(bound.port))
    }

    /// Sets the address of a bound socket.
    pub(crate) fn set_local(&mut self, bound: Bound, end: End) {
        self.set_ip(0, end.0);
        self.set_port(bound.port, end.1);
    }

    /// The kernel addresses of a Unix socket.
    pub(crate) fn unix(&self) -> (u64, u64) {
        let [source, destination, ..] = self.0.as_chunks::<8>().0 else {
            return (0, 0);
        };
        (
            u64::from_le_bytes(*source),
            u64::from_le_bytes(*destination),
        )
    }

    /// Sets the kernel addresses of a Unix socket.
    pub(crate) fn set_unix(&mut self, source: u64, destination: u64) {
        self.0[..8].copy_from_slice(&source.to_le_bytes());
        self.0[8..16].copy_from_slice(&destination.to_le_bytes());
    }

    /// Takes over the ends of a connection that an event shows; false when they
    /// are known, in this or (only where the socket `is_pair` already) the other
    /// direction.
    pub(crate) fn learn(&mut self, pair: Pair, shown: (End, End), is_pair: bool) -> bool {
        let known = (self.source(pair), self.destination(pair));
        if known == shown || (is_pair && known == (shown.1, shown.0)) {
            return false;
        }
        self.set_source(pair, shown.0);
        self.set_destination(pair, shown.1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(ip: &str, port: u16) -> End {
        (ip.parse().unwrap(), port)
    }

    #[test]
    fn kinds_share_their_memory() {
        let mut memory = SocketMemory::default();
        memory.set_l4(PAIR6.l4, 2);
        memory.set_local(BOUND6, end("::1", 443));
        assert!(memory.learn(PAIR6, (end("::2", 4000), end("db8::1", 53)), false));
        assert_eq!(memory.local(BOUND6), end("::2", 0xb80d));
        assert_eq!(memory.l4(PAIR6.l4), 2);
    }

    #[test]
    fn learns_once() {
        let mut memory = SocketMemory::default();
        let ends = (end("::1", 4000), end("::2", 53));
        assert!(memory.learn(PAIR6, ends, true));
        assert!(!memory.learn(PAIR6, ends, true));
        assert!(!memory.learn(PAIR6, (ends.1, ends.0), true));
        let other = (end("::1", 4000), end("::3", 54));
        assert!(memory.learn(PAIR6, other, true));
        assert_eq!(memory.destination(PAIR6), other.1);
        assert!(memory.learn(PAIR6, (other.1, other.0), false));
        memory.swap(PAIR6);
        assert_eq!(memory.source(PAIR6), other.0);
    }

    #[test]
    fn unix() {
        let mut memory = SocketMemory::default();
        memory.set_unix(1, u64::MAX);
        assert_eq!(memory.unix(), (1, u64::MAX));
    }
}
