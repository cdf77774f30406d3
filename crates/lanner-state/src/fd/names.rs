//! What sockets are called.

use lanner_event::sockets::{End, unmap_pair, write_end, write_ends, write_ip};

use super::memory::PAIR4;
use super::socket::l4;
use super::{Fd, FdType};

impl Fd {
    /// Its name when it has two ends (`sockinfo_to_str` in libs).
    pub(super) fn ends_text(&self) -> Box<[u8]> {
        let pair = self.pair().unwrap_or(PAIR4);
        let (source, destination) = (self.memory.source(pair), self.memory.destination(pair));
        let mut text = Vec::with_capacity(48);
        match (self.memory.l4(pair.l4), self.kind) {
            (l4::TCP | l4::UDP, _) => {
                let (from, to) = unmap_pair(source, destination);
                if from.0.is_ipv4() && self.kind == FdType::Ipv6 {
                    // libs takes the ports from where IPv4 sockets have them.
                    let ports = (
                        self.memory.source(PAIR4).1,
                        self.memory.destination(PAIR4).1,
                    );
                    write_ends((from.0, ports.0), (to.0, ports.1), &mut text);
                } else {
                    write_ends(from, to, &mut text);
                }
            }
            (l4::ICMP, _) | (l4::RAW, FdType::Ipv4) => {
                let (from, to) = unmap_pair(source, destination);
                write_ip(from.0, &mut text);
                text.extend_from_slice(b"->");
                write_ip(to.0, &mut text);
            }
            _ => text.extend_from_slice(b"<unknown>"),
        }
        text.into()
    }

    /// Its name when it is bound.
    pub(super) fn bound_text(end: End) -> Box<[u8]> {
        let mut text = Vec::with_capacity(24);
        write_end(end, &mut text);
        text.into()
    }
}

/// Whether a name is what [`lanner_event::sockets::write_unix`] writes, for paths of ASCII; found out
/// without building it.
pub(super) fn is_unix_text(name: &[u8], source: u64, destination: u64, path: &[u8]) -> bool {
    let parts = name.strip_suffix(path).and_then(|rest| {
        let (digits, rest) = rest.split_at_checked(hex_digits(source))?;
        let rest = rest.strip_prefix(b"->")?;
        let (more, rest) = rest.split_at_checked(hex_digits(destination))?;
        (rest == b" ").then_some((digits, more))
    });
    parts.is_some_and(|(first, second)| is_hex(first, source) && is_hex(second, destination))
        && path.iter().all(|byte| (0x20..0x7f).contains(byte))
}

fn hex_digits(number: u64) -> usize {
    number.checked_ilog(16).map_or(1, |log| log as usize + 1)
}

fn is_hex(digits: &[u8], number: u64) -> bool {
    let digits = std::str::from_utf8(digits).ok();
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) == Some(number)
}

#[cfg(test)]
mod tests {
    use lanner_event::sockets::write_unix;

    use super::*;

    #[test]
    fn unix_texts_are_recognised() {
        let cases: &[(u64, u64, &[u8], bool)] = &[
            (0, 0, b"", true),
            (0xffff_8881_0000_0000, 1, b"/run/s", true),
            (16, 255, b"@x", true),
            (1, 2, b"/\xff", false),
        ];
        for &(source, destination, path, expected) in cases {
            let mut name = Vec::new();
            write_unix(source, destination, path, &mut name);
            assert_eq!(is_unix_text(&name, source, destination, path), expected);
            assert!(!is_unix_text(&name, source ^ 1, destination, path));
            assert!(!is_unix_text(&name, source, destination, b"other"));
        }
    }
}
