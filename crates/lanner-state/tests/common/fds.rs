//! Events about descriptors, made by hand, and what is seen of them.

#![allow(dead_code, reason = "each test uses some of it")]

use lanner_event::codes;
use lanner_state::fd::{L4, flags};
use lanner_state::{Context, State};

use super::common::Event;

/// The thread that does everything: a leader, in `/home`.
pub const TID: i64 = 10;

/// What an event is about, as text: number, type, name, protocol, flags.
pub fn shown(state: &State, context: &Context) -> String {
    let Some(number) = context.fd else {
        return "none".to_owned();
    };
    let thread = state.thread(TID).unwrap();
    let Some(fd) = state.fd(thread, number) else {
        return format!("{number} unknown");
    };
    let mut text = format!(
        "{number} {} {}",
        fd.kind.name(),
        String::from_utf8_lossy(fd.name())
    );
    let l4 = match fd.l4proto() {
        L4::Unknown => " ?",
        L4::NotApplicable => "",
        L4::Tcp => " tcp",
        L4::Udp => " udp",
        L4::Icmp => " icmp",
        L4::Raw => " raw",
    };
    text.push_str(l4);
    for (flag, name) in [
        (flags::ROLE_CLIENT, " client"),
        (flags::ROLE_SERVER, " server"),
        (flags::CONNECTED, " connected"),
        (flags::OVERLAY_UPPER, " upper"),
        (flags::OVERLAY_LOWER, " lower"),
    ] {
        if fd.has(flag) {
            text.push_str(name);
        }
    }
    if fd.is_close_on_exec() {
        text.push_str(" cloexec");
    }
    if context.fd_name_changed {
        text.push_str(" changed");
    }
    text
}

/// Applies events in turn and compares what each is about.
pub fn play(state: &mut State, steps: &[(Event, &str)]) {
    for (index, (event, expected)) in steps.iter().enumerate() {
        let context = event.apply(state);
        assert_eq!(shown(state, &context), *expected, "step {index}: {event:?}");
    }
}

/// An event of the thread that does everything.
pub fn event(code: u16) -> Event {
    Event::new(code, TID)
}

pub fn open(number: i64, name: &str, flags: u32) -> Event {
    event(codes::SYSCALL_OPEN_X)
        .i64(number)
        .text(name)
        .u32(flags)
        .u32(0)
        .u32(0x0080_0001)
        .u64(4711)
}

pub fn openat(number: i64, dirfd: i64, name: &str, flags: u32) -> Event {
    event(codes::SYSCALL_OPENAT_2_X)
        .i64(number)
        .i64(dirfd)
        .text(name)
        .u32(flags)
        .u32(0)
        .u32(0x0080_0001)
        .u64(4711)
}

pub fn close(number: i64) -> Event {
    event(codes::SYSCALL_CLOSE_X).i64(0).i64(number)
}

pub fn read(number: i64) -> Event {
    event(codes::SYSCALL_READ_X)
        .i64(1)
        .param("x")
        .i64(number)
        .u32(1)
}

pub fn socket(number: i64, domain: u32, kind: u32, protocol: u32) -> Event {
    event(codes::SOCKET_SOCKET_X)
        .i64(number)
        .u32(domain)
        .u32(kind)
        .u32(protocol)
        .u32(0)
}

pub fn connect(result: i64, number: i64, tuple: &[u8], address: &[u8]) -> Event {
    event(codes::SOCKET_CONNECT_X)
        .i64(result)
        .param(tuple)
        .i64(number)
        .param(address)
}

pub fn bind(number: i64, address: &[u8]) -> Event {
    event(codes::SOCKET_BIND_X)
        .i64(0)
        .param(address)
        .i64(number)
}

pub fn accept(number: i64, tuple: &[u8]) -> Event {
    event(codes::SOCKET_ACCEPT_5_X)
        .i64(number)
        .param(tuple)
        .u8(0)
        .u32(0)
        .u32(0)
}

pub fn sendto(number: i64, tuple: &[u8]) -> Event {
    event(codes::SOCKET_SENDTO_X)
        .i64(4)
        .param("data")
        .i64(number)
        .u32(4)
        .param(tuple)
}

pub fn recvfrom(number: i64, tuple: &[u8]) -> Event {
    event(codes::SOCKET_RECVFROM_X)
        .i64(4)
        .param("data")
        .param(tuple)
        .i64(number)
        .u32(4)
}

/// An address parameter: `1.2.3.4 80`, `::1 80`.
pub fn address(text: &str) -> Vec<u8> {
    let (ip, port) = text.split_once(' ').unwrap();
    let ip: std::net::IpAddr = ip.parse().unwrap();
    let port: u16 = port.parse().unwrap();
    let mut bytes = Vec::new();
    match ip {
        std::net::IpAddr::V4(ip) => {
            bytes.push(2);
            bytes.extend(ip.octets());
        }
        std::net::IpAddr::V6(ip) => {
            bytes.push(10);
            bytes.extend(ip.octets());
        }
    }
    bytes.extend(port.to_le_bytes());
    bytes
}

/// A tuple parameter of two addresses.
pub fn tuple(source: &str, destination: &str) -> Vec<u8> {
    let mut bytes = address(source);
    bytes.extend(&address(destination)[1..]);
    bytes
}

/// A tuple parameter of a Unix socket.
pub fn unix_tuple(source: u64, destination: u64, path: &str) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(source.to_le_bytes());
    bytes.extend(destination.to_le_bytes());
    bytes.extend(path.as_bytes());
    bytes.push(0);
    bytes
}
