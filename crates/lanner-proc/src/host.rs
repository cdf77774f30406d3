//! The machine, its users and its addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use lanner_event::inventory::{Group, Interface, Machine, User};

use crate::read::some_of;

/// So many users, groups and addresses are taken.
const MOST: usize = 1 << 16;

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&some_of(path).unwrap_or_default()).into_owned()
}

/// The number behind a word at the beginning of a line.
fn number(text: &str, word: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    let value = line.and_then(|rest| rest.split_ascii_whitespace().next());
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

pub(crate) fn machine(proc: &Path, sys: &Path, boot_ns: u64) -> Machine {
    let cpus = text(&sys.join("devices/system/cpu/present"));
    Machine {
        cpus: count_of_list(cpus.trim()),
        memory_bytes: number(&text(&proc.join("meminfo")), "MemTotal:") * 1024,
        max_pid: text(&proc.join("sys/kernel/pid_max"))
            .trim()
            .parse()
            .unwrap_or(0),
        hostname: text(&proc.join("sys/kernel/hostname"))
            .trim()
            .as_bytes()
            .into(),
        boot_ts_epoch: boot_ns,
    }
}

/// How many numbers a list has: `0-3,5`.
fn count_of_list(list: &str) -> u32 {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    list.split(',')
        .filter_map(range)
        .fold(0, u32::saturating_add)
}

/// `passwd(5)`.
pub(crate) fn users(bytes: &[u8]) -> Vec<User> {
    let user = |line: &[u8]| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let [name, _, uid, gid, _, homedir, shell] = fields[..] else {
            return None;
        };
        Some(User {
            uid: id(uid)?,
            gid: id(gid)?,
            name: name.into(),
            homedir: homedir.into(),
            shell: shell.into(),
        })
    };
    lines(bytes).filter_map(user).take(MOST).collect()
}

/// `group(5)`.
pub(crate) fn groups(bytes: &[u8]) -> Vec<Group> {
    let group = |line: &[u8]| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let [name, _, gid, _] = fields[..] else {
            return None;
        };
        Some(Group {
            gid: id(gid)?,
            name: name.into(),
        })
    };
    lines(bytes).filter_map(group).take(MOST).collect()
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

fn id(bytes: &[u8]) -> Option<u32> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Addresses of the machine: those of IPv6 from `net/if_inet6`, those of IPv4 from `net/fib_trie`
/// and `net/route` (their names are those of the routes that they are in).
pub(crate) fn interfaces(net: &Path) -> Vec<Interface> {
    let mut list = v4(&text(&net.join("fib_trie")), &text(&net.join("route")));
    list.extend(v6(&text(&net.join("if_inet6"))));
    list.truncate(MOST);
    list
}

/// A route of the kernel's table: its interface, network and mask.
fn route(line: &str) -> Option<(&str, u32, u32)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let word = |at: usize| {
        let word = u32::from_str_radix(fields.get(at)?, 16).ok()?;
        // In the order of bytes of the network, read as one of the machine.
        Some(u32::from_be_bytes(word.to_ne_bytes()))
    };
    Some((fields.first()?, word(1)?, word(7)?))
}

fn v4(trie: &str, routes: &str) -> Vec<Interface> {
    let routes: Vec<_> = routes.lines().skip(1).filter_map(route).collect();
    let mut addresses: Vec<Ipv4Addr> = Vec::new();
    let mut last = None;
    for line in trie.lines() {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line.starts_with("/32 host LOCAL")
            && let Some(address) = last
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    let interface = |address: Ipv4Addr| {
        let inside = |(_, network, mask): &&(&str, u32, u32)| {
            *mask != 0 && u32::from(address) & mask == *network
        };
        let (name, mask) = match routes.iter().find(inside) {
            Some((name, _, mask)) => (*name, *mask),
            None if address.is_loopback() => ("lo", 0xff00_0000),
            None => ("", u32::MAX),
        };
        Interface {
            name: name.as_bytes().into(),
            address: address.into(),
            netmask: Ipv4Addr::from(mask).into(),
        }
    };
    addresses.into_iter().map(interface).collect()
}

/// `address index prefix scope flags name`.
fn v6(text: &str) -> Vec<Interface> {
    let interface = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let address = u128::from_str_radix(fields.first()?, 16).ok()?;
        Some(Interface {
            name: fields.get(5)?.as_bytes().into(),
            address: Ipv6Addr::from(address).into(),
            netmask: IpAddr::from(Ipv6Addr::from(u128::MAX)),
        })
    };
    text.lines().filter_map(interface).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups() {
        let list = users(b"root:x:0:0:root:/root:/bin/sh\nbroken\nx:x:y:0:::\n\xff:x:7:8::/:\n");
        let ids: Vec<_> = list.iter().map(|user| (user.uid, user.gid)).collect();
        assert_eq!(ids, [(0, 0), (7, 8)]);
        assert_eq!(&*list[0].shell, b"/bin/sh");
        assert_eq!(groups(b"adm:x:4:a,b\n:\n")[0].gid, 4);
    }

    #[test]
    fn lists_of_cpus() {
        for (list, count) in [
            ("0-3,5", 5),
            ("0", 1),
            ("", 0),
            ("3-1", 0),
            ("0-4294967295", 0),
        ] {
            assert_eq!(count_of_list(list), count, "{list}");
        }
    }

    #[test]
    fn addresses() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.1.0.0\n        /16 link UNICAST\n     |-- 10.1.2.3\n        /32 host LOCAL\n     |-- 127.0.0.1\n        /32 host LOCAL\n        /32 host LOCAL\n";
        let routes = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU\neth0 00000000 0100010A 3 0 0 0 00000000 0\neth0 0000010A 00000000 1 0 0 0 0000FFFF 0\n";
        let found = v4(trie, routes);
        let shown: Vec<_> = found
            .iter()
            .map(|one| (&*one.name, one.address.to_string(), one.netmask.to_string()))
            .collect();
        let expected = [
            (
                &b"eth0"[..],
                "10.1.2.3".to_owned(),
                "255.255.0.0".to_owned(),
            ),
            (b"lo", "127.0.0.1".into(), "255.0.0.0".into()),
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            v6("00000000000000000000000000000001 01 80 10 80       lo\nx\n").len(),
            1
        );
    }
}
