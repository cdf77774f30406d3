//! Addresses that events leave out, guessed from the machine's interfaces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::memory::{Pair, SocketMemory};
use lanner_event::inventory::Interface;

/// Puts an address of the machine where a connection has none: as its source,
/// or else as its destination.
pub(super) fn complete(memory: &mut SocketMemory, pair: Pair, interfaces: &[Interface]) {
    let (source, destination) = (memory.source(pair), memory.destination(pair));
    let (missing_source, known) = match (source.0, destination.0) {
        (from, to) if from.is_unspecified() => (true, to),
        (from, to) if to.is_unspecified() => (false, from),
        _ => return,
    };
    let guess = own_address(known, interfaces);
    // libs refuses to make both ends the same.
    if guess == known && source.1 == destination.1 {
        return;
    }
    if missing_source {
        memory.set_source(pair, (guess, source.1));
    } else {
        memory.set_destination(pair, (guess, destination.1));
    }
}

/// The address that the machine would use to talk to another: the same one, one
/// in the same network, or the first that is not the loopback's.
fn own_address(other: IpAddr, interfaces: &[Interface]) -> IpAddr {
    let own = || {
        let addresses = interfaces.iter();
        addresses.filter(|interface| interface.address.is_ipv4() == other.is_ipv4())
    };
    let same = own().find(|interface| interface.address == other);
    let near = || own().find(|interface| is_near(interface, other));
    let any = || own().find(|interface| !is_loopback(interface.address));
    match same.or_else(near).or_else(any) {
        Some(interface) => interface.address,
        None if other.is_ipv4() => Ipv4Addr::UNSPECIFIED.into(),
        None => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// In the same network: by mask, or the first 64 bits of IPv6.
fn is_near(interface: &Interface, other: IpAddr) -> bool {
    match (interface.address, interface.netmask, other) {
        (IpAddr::V4(address), IpAddr::V4(mask), IpAddr::V4(other)) => {
            address & mask == other & mask
        }
        (IpAddr::V6(address), _, IpAddr::V6(other)) => {
            address.segments()[..4] == other.segments()[..4]
        }
        _ => false,
    }
}

/// The address of the loopback, as libs compares it.
fn is_loopback(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

#[cfg(test)]
mod tests {
    use lanner_event::sockets::End;

    use super::super::memory::{PAIR4, PAIR6};
    use super::*;

    fn interface(address: &str, netmask: &str) -> Interface {
        Interface {
            name: Box::default(),
            address: address.parse().unwrap(),
            netmask: netmask.parse().unwrap(),
        }
    }

    fn end(ip: &str, port: u16) -> End {
        (ip.parse().unwrap(), port)
    }

    #[test]
    fn missing_addresses() {
        let interfaces = [
            interface("127.0.0.1", "255.0.0.0"),
            interface("10.1.0.5", "255.255.0.0"),
            interface("192.168.3.4", "255.255.255.0"),
            interface("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            interface("fd00::5", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ];
        // Both ends before, both ends after.
        let cases = [
            ("0.0.0.0", "192.168.3.9", "192.168.3.4", "192.168.3.9"),
            ("0.0.0.0", "8.8.8.8", "10.1.0.5", "8.8.8.8"),
            ("0.0.0.0", "127.0.0.1", "127.0.0.1", "127.0.0.1"),
            ("10.1.7.7", "0.0.0.0", "10.1.7.7", "10.1.0.5"),
            ("1.2.3.4", "5.6.7.8", "1.2.3.4", "5.6.7.8"),
            ("::", "2001::1", "fd00::5", "2001::1"),
            ("::", "::1", "::1", "::1"),
        ];
        for (source, destination, new_source, new_destination) in cases {
            let pair = if source.contains(':') { PAIR6 } else { PAIR4 };
            let mut memory = SocketMemory::default();
            memory.set_source(pair, end(source, 1));
            memory.set_destination(pair, end(destination, 2));
            complete(&mut memory, pair, &interfaces);
            assert_eq!(memory.source(pair), end(new_source, 1));
            assert_eq!(memory.destination(pair), end(new_destination, 2));
        }
        let mut memory = SocketMemory::default();
        memory.set_destination(PAIR4, end("127.0.0.1", 0));
        complete(&mut memory, PAIR4, &interfaces);
        assert_eq!(memory.source(PAIR4), end("0.0.0.0", 0));
    }
}
