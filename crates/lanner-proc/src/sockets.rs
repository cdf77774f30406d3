//! Sockets of a network namespace, by inode: `net/tcp` and so on (proc_pid_net(5)).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use lanner_event::inventory::Target;

/// Tables are read up to this size each.
const MOST_BYTES: u64 = 64 << 20;

/// `SCAP_L4_*` of the tables.
const TABLES: [(&str, u8); 6] = [
    ("tcp", 2),
    ("tcp6", 2),
    ("udp", 3),
    ("udp6", 3),
    ("raw", 5),
    ("raw6", 5),
];
const TCP: u8 = 2;
const ICMP: u8 = 4;
/// `TCP_LISTEN` (include/net/tcp_states.h).
const LISTENS: &str = "0A";
/// `SCAP_FD_NETLINK`.
const NETLINK: u8 = 15;

/// What sockets are connected to, by inode.
pub(crate) type Sockets = HashMap<u64, Target>;

/// All sockets that the tables in a directory (`/proc/PID/net`) have.
pub(crate) fn read(directory: &Path) -> Sockets {
    let mut sockets = Sockets::new();
    for (name, protocol) in TABLES {
        lines(&directory.join(name), |line| {
            sockets.extend(internet(line, protocol));
        });
    }
    lines(&directory.join("icmp"), |line| {
        sockets.extend(internet(line, ICMP))
    });
    lines(&directory.join("unix"), |line| sockets.extend(unix(line)));
    lines(&directory.join("netlink"), |line| {
        sockets.extend(netlink(line))
    });
    sockets
}

/// The lines of a table but for its head; none of one that is not there.
fn lines(path: &Path, mut on_line: impl FnMut(&[u8])) {
    let Ok(file) = File::open(path) else {
        return;
    };
    let mut reader = BufReader::new(file.take(MOST_BYTES));
    let mut line = Vec::new();
    let mut is_head = true;
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        if !is_head {
            on_line(line.trim_ascii());
        }
        is_head = false;
        line.clear();
    }
}

/// `0100007F:0035`: an address in the machine's order of bytes, word by word, and a port.
fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words = address.as_bytes().as_chunks::<8>().0.iter().map(|word| {
        let word = std::str::from_utf8(word).ok()?;
        Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.concat();
    let address = match *bytes {
        [a, b, c, d] => Ipv4Addr::new(a, b, c, d).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    Some((address, port))
}

fn internet(line: &[u8], l4proto: u8) -> Option<(u64, Target)> {
    let text = std::str::from_utf8(line).ok()?;
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let source = end(fields.get(1)?)?;
    let destination = end(fields.get(2)?)?;
    let inode = fields.get(9)?.parse().ok()?;
    let listens = *fields.get(3)? == LISTENS && l4proto == TCP;
    let is_alone = destination.1 == 0 && destination.0.is_unspecified();
    let target = if listens || is_alone {
        Target::Server {
            local: source,
            l4proto,
        }
    } else {
        Target::Socket {
            source,
            destination,
            l4proto,
        }
    };
    Some((inode, target))
}

/// `Num RefCount Protocol Flags Type St Inode Path`; the first is the kernel's address, where the
/// reader may know it. The path can hold blanks.
fn unix(line: &[u8]) -> Option<(u64, Target)> {
    let mut fields = line
        .splitn(8, |byte| *byte == b' ')
        .filter(|field| !field.is_empty());
    let source = std::str::from_utf8(fields.next()?)
        .ok()?
        .trim_end_matches(':');
    let source = u64::from_str_radix(source, 16).ok()?;
    // The inode may be padded, so that there are more parts than fields.
    let rest = line
        .splitn(7, |byte| *byte == b' ')
        .nth(6)?
        .trim_ascii_start();
    let (inode, path) = match rest.iter().position(|byte| *byte == b' ') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &b""[..]),
    };
    let inode = std::str::from_utf8(inode).ok()?.parse().ok()?;
    let target = Target::Unix {
        source,
        destination: 0,
        path: path.into(),
    };
    Some((inode, target))
}

/// The inode is the last field.
fn netlink(line: &[u8]) -> Option<(u64, Target)> {
    let text = std::str::from_utf8(line).ok()?;
    let inode = text.split_ascii_whitespace().nth(9)?.parse().ok()?;
    let target = Target::Other {
        kind: NETLINK,
        name: Box::default(),
    };
    Some((inode, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tables() {
        let line = b"0: 0100007F:07E8 0200000A:01BB 01 00000000:00000000 00:00000000 00000000     0        0 1605 1 x";
        let v4 = |a, port| (IpAddr::from(Ipv4Addr::from(a)), port);
        let expected = Target::Socket {
            source: v4([127, 0, 0, 1], 2024),
            destination: v4([10, 0, 0, 2], 443),
            l4proto: 2,
        };
        assert_eq!(internet(line, 2), Some((1605, expected)));
        let line = b"1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 7 1";
        let expected = Target::Server {
            local: (Ipv6Addr::LOCALHOST.into(), 80),
            l4proto: 2,
        };
        assert_eq!(internet(line, 2), Some((7, expected)));
        let line = b"0000000012e2bcc6: 00000003 00000000 00000000 0001 03  1601 /run/a b";
        let expected = Target::Unix {
            source: 0x12e2_bcc6,
            destination: 0,
            path: (*b"/run/a b").into(),
        };
        assert_eq!(unix(line), Some((1601, expected)));
        for bad in [&b""[..], b"x y z", b"\xff\xff", b"1: 0:0 0:0 01"] {
            let found = (internet(bad, 2), unix(bad), netlink(bad));
            assert_eq!(found, (None, None, None), "{bad:?}");
        }
        assert_eq!(internet(b"1: 0:0 0:0 01 0 0 0 0 0 0 x", 2), None);
    }
}
