//! Socket addresses and tuples as event parameters hold them (`sockaddr` and
//! `socktuple`): a byte for the family, then addresses in network order and
//! ports in little endian.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::sanitize_into;

/// Address families (`PPM_AF_*`): those of Linux.
pub mod family {
    /// Unix sockets.
    pub const UNIX: u8 = 1;
    /// IPv4.
    pub const INET: u8 = 2;
    /// IPv6.
    pub const INET6: u8 = 10;
    /// The kernel's own messages.
    pub const NETLINK: u8 = 16;
}

/// An address and a port.
pub type End = (IpAddr, u16);

/// A `sockaddr` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockaddr<'b> {
    /// An internet address.
    Inet(End),
    /// The path of a Unix socket.
    Unix(&'b [u8]),
    /// Another family.
    Other(u8),
}

/// A `socktuple` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuple<'b> {
    /// Two internet addresses of the same version.
    Inet {
        /// Where it comes from.
        source: End,
        /// Where it goes to.
        destination: End,
    },
    /// A Unix socket.
    Unix {
        /// Kernel address of this end.
        source: u64,
        /// Kernel address of the other end.
        destination: u64,
        /// Path; empty for none.
        path: &'b [u8],
    },
    /// Another family.
    Other(u8),
}

/// Reads a `sockaddr` parameter. `None` when it is empty or cut short; data
/// behind the address is ignored.
#[must_use]
pub fn decode_sockaddr(param: &[u8]) -> Option<Sockaddr<'_>> {
    let (&kind, rest) = param.split_first()?;
    let mut rest = Reader(rest);
    Some(match kind {
        family::INET => Sockaddr::Inet(rest.end4()?),
        family::INET6 => Sockaddr::Inet(rest.end6()?),
        family::UNIX => Sockaddr::Unix(rest.path()?),
        other => Sockaddr::Other(other),
    })
}

/// Reads a `socktuple` parameter. `None` when it is empty or cut short; data
/// behind the tuple is ignored.
#[must_use]
pub fn decode_tuple(param: &[u8]) -> Option<Tuple<'_>> {
    let (&kind, rest) = param.split_first()?;
    let mut rest = Reader(rest);
    Some(match kind {
        family::INET => Tuple::Inet {
            source: rest.end4()?,
            destination: rest.end4()?,
        },
        family::INET6 => Tuple::Inet {
            source: rest.end6()?,
            destination: rest.end6()?,
        },
        family::UNIX => Tuple::Unix {
            source: u64::from_le_bytes(rest.take()?),
            destination: u64::from_le_bytes(rest.take()?),
            path: rest.path()?,
        },
        other => Tuple::Other(other),
    })
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn port(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn end4(&mut self) -> Option<End> {
        let address = Ipv4Addr::from(self.take::<4>()?);
        Some((address.into(), self.port()?))
    }

    fn end6(&mut self) -> Option<End> {
        let address = Ipv6Addr::from(self.take::<16>()?);
        Some((address.into(), self.port()?))
    }

    /// Text that must be ended by a NUL, which is the parameter's last byte.
    fn path(&mut self) -> Option<&'b [u8]> {
        if self.0.last() != Some(&0) {
            return None;
        }
        self.0.split(|&byte| byte == 0).next()
    }
}

/// The IPv4 address inside an IPv4-mapped IPv6 address. As in Falco, `::` is
/// taken as `0.0.0.0`; an IPv4 address is itself.
#[must_use]
pub fn mapped(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(address) => address.to_ipv4_mapped(),
    }
}

/// Both ends as IPv4 where both are mapped, else as they are: so Falco treats
/// connections (but not single addresses) over IPv6 sockets.
#[must_use]
pub fn unmap_pair(source: End, destination: End) -> (End, End) {
    match (mapped(source.0), mapped(destination.0)) {
        (Some(from), Some(to)) => ((from.into(), source.1), (to.into(), destination.1)),
        _ => (source, destination),
    }
}

/// Writes an address as C libraries do (`inet_ntop`), which differs from
/// Rust's for IPv4-compatible addresses (`::1.2.3.4`).
pub fn write_ip(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V6(v6) if is_compatible(v6) => {
            let [.., a, b, c, d] = v6.octets();
            write(format_args!("::{a}.{b}.{c}.{d}"), out);
        }
        IpAddr::V6(v6) => write(format_args!("{v6}"), out),
        IpAddr::V4(v4) => write(format_args!("{v4}"), out),
    }
}

/// Whether only the last four bytes are set, and more than the last two.
fn is_compatible(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    segments[..6] == [0; 6] && segments[6] != 0
}

/// Writes an address and a port: `127.0.0.1:80`, `:::80`.
pub fn write_end(end: End, out: &mut Vec<u8>) {
    write_ip(end.0, out);
    write(format_args!(":{}", end.1), out);
}

/// Writes two ends: `127.0.0.1:34->127.0.0.1:80`.
pub fn write_ends(source: End, destination: End, out: &mut Vec<u8>) {
    write_end(source, out);
    out.extend_from_slice(b"->");
    write_end(destination, out);
}

/// Writes the two kernel addresses of a Unix socket and its path:
/// `ffff8f->0 /run/s`.
pub fn write_unix(source: u64, destination: u64, path: &[u8], out: &mut Vec<u8>) {
    write(format_args!("{source:x}->{destination:x} "), out);
    sanitize_into(path, out);
}

/// Writes a `sockaddr` parameter as Falco shows it; nothing for an empty one.
pub fn write_sockaddr(param: &[u8], out: &mut Vec<u8>) {
    match decode_sockaddr(param) {
        Some(Sockaddr::Inet((IpAddr::V4(_), _))) if param.len() != 7 => {
            out.extend_from_slice(b"INVALID IPv4");
        }
        Some(Sockaddr::Inet((IpAddr::V6(_), _))) if param.len() != 19 => {
            out.extend_from_slice(b"INVALID IPv6");
        }
        Some(Sockaddr::Inet(end)) => write_end(end, out),
        Some(Sockaddr::Unix(path)) => sanitize_into(path, out),
        Some(Sockaddr::Other(family)) => write(format_args!("family {family}"), out),
        None => write_broken(param, 1, out),
    }
}

/// Writes a `socktuple` parameter as Falco shows it; nothing for an empty one.
pub fn write_tuple(param: &[u8], out: &mut Vec<u8>) {
    match decode_tuple(param) {
        Some(Tuple::Inet {
            source: (IpAddr::V4(_), _),
            ..
        }) if param.len() != 13 => out.extend_from_slice(b"INVALID IPv4"),
        Some(Tuple::Inet {
            source: (IpAddr::V6(_), _),
            ..
        }) if param.len() != 37 => out.extend_from_slice(b"INVALID IPv6"),
        Some(Tuple::Inet {
            source,
            destination,
        }) => {
            let (source, destination) = unmap_pair(source, destination);
            write_ends(source, destination, out);
        }
        Some(Tuple::Unix {
            source,
            destination,
            path,
        }) => write_unix(source, destination, path, out),
        Some(Tuple::Other(family)) => write(format_args!("family {family}"), out),
        None => write_broken(param, 17, out),
    }
}

/// What Falco shows of an address that is cut short; for a Unix socket, the
/// path as far as it goes.
fn write_broken(param: &[u8], path_at: usize, out: &mut Vec<u8>) {
    match param.first() {
        Some(&family::INET) => out.extend_from_slice(b"INVALID IPv4"),
        Some(&family::INET6) => out.extend_from_slice(b"INVALID IPv6"),
        Some(&family::UNIX) => {
            let path = param.get(path_at..).unwrap_or_default();
            let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
            sanitize_into(path, out);
        }
        _ => {}
    }
}

fn write(text: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    fn tuple_text(param: &[u8]) -> String {
        let mut out = Vec::new();
        write_tuple(param, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn sockaddr_text(param: &[u8]) -> String {
        let mut out = Vec::new();
        write_sockaddr(param, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tuples_as_text() {
        let v4 = |last: u8| [127, 0, 0, last];
        let port = |port: u16| port.to_le_bytes();
        let mut mapped = [0; 16];
        mapped[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 1]);
        let mut local = [0; 16];
        local[15] = 1;
        let v6 = |from: [u8; 16], to: [u8; 16]| bytes(&[&[10], &from, &port(34), &to, &port(80)]);
        let cases = [
            (
                bytes(&[&[2], &v4(1), &port(34), &v4(2), &port(80)]),
                "127.0.0.1:34->127.0.0.2:80",
            ),
            (
                bytes(&[&[2], &v4(1), &port(34), &v4(2), &port(80), &[9]]),
                "INVALID IPv4",
            ),
            (vec![2, 1], "INVALID IPv4"),
            (v6(local, local), "::1:34->::1:80"),
            (v6(mapped, mapped), "10.0.0.1:34->10.0.0.1:80"),
            (v6([0; 16], mapped), "0.0.0.0:34->10.0.0.1:80"),
            (v6(local, mapped), "::1:34->::ffff:10.0.0.1:80"),
            (
                bytes(&[&[1], &0xabc_u64.to_le_bytes(), &[0; 8], b"/run/s\0"]),
                "abc->0 /run/s",
            ),
            (vec![17, 0, 0], "family 17"),
            (vec![], ""),
        ];
        for (param, expected) in cases {
            assert_eq!(tuple_text(&param), expected);
        }
    }

    #[test]
    fn addresses_as_text() {
        let cases: &[(&[u8], &str)] = &[
            (&[2, 10, 0, 0, 1, 80, 0], "10.0.0.1:80"),
            (&[2, 10, 0, 0], "INVALID IPv4"),
            (b"\x01/run/s\0", "/run/s"),
            (b"\x01@a\x01b\0", "@a\u{fffd}b"),
            (&[16, 0, 0], "family 16"),
        ];
        for (param, expected) in cases {
            assert_eq!(sockaddr_text(param), *expected);
        }
        let mut any = vec![10];
        any.extend([0; 16]);
        any.extend(80_u16.to_le_bytes());
        assert_eq!(sockaddr_text(&any), ":::80");
    }

    #[test]
    fn ip_text_is_that_of_c() {
        let cases = [
            ("::1.2.3.4", "::1.2.3.4"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::1", "::1"),
            ("::102", "::102"),
            ("fe80::1:0:0:1", "fe80::1:0:0:1"),
        ];
        for (address, expected) in cases {
            let mut out = Vec::new();
            write_ip(address.parse().unwrap(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn broken_parameters_are_refused() {
        assert_eq!(decode_tuple(&[]), None);
        assert_eq!(decode_tuple(&[2; 12]), None);
        assert_eq!(decode_tuple(&[10; 36]), None);
        let unix = bytes(&[&[1], &[0; 16]]);
        assert_eq!(decode_tuple(&unix), None);
        assert_eq!(decode_tuple(&bytes(&[&unix, b"x"])), None);
        assert!(decode_tuple(&bytes(&[&unix, b"x\0"])).is_some());
        assert_eq!(decode_sockaddr(b"\x01"), None);
        assert_eq!(decode_sockaddr(&[16]), Some(Sockaddr::Other(16)));
    }
}
