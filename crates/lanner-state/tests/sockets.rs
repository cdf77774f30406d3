//! Sockets: their ends, names and roles.

mod common;
#[path = "common/fds.rs"]
mod fds;

use common::machine;
use fds::{
    TID, accept, address, bind, connect, event, play, read, recvfrom, sendto, socket, tuple,
    unix_tuple,
};
use lanner_event::codes;
use lanner_event::inventory::Interface;
use lanner_state::State;
use lanner_state::fd::Ends;

const UNIX: u32 = 1;
const INET: u32 = 2;
const INET6: u32 = 10;
const STREAM: u32 = 1;
const DATAGRAM: u32 = 2;
const RAW: u32 = 3;
const IN_PROGRESS: i64 = -115;
const REFUSED: i64 = -111;

fn ends(state: &State, number: i64) -> (String, String) {
    let thread = state.thread(TID).unwrap();
    match &state.fd(thread, number).unwrap().ends {
        Ends::Internet {
            source,
            destination,
        } => (
            format!("{} {}", source.0, source.1),
            format!("{} {}", destination.0, destination.1),
        ),
        Ends::Server { local } => (String::new(), format!("{} {}", local.0, local.1)),
        other => (String::new(), format!("{other:?}")),
    }
}

#[test]
fn tcp_clients() {
    let v4 = tuple("127.0.0.1 34", "127.0.0.1 80");
    let v6 = tuple("::1 34", "::1 80");
    let mapped = tuple("::ffff:10.0.0.1 34", "::ffff:10.0.0.2 80");
    let mut state = machine();
    play(
        &mut state,
        &[
            (socket(3, INET, STREAM, 0), "3 ipv4 "),
            (connect(REFUSED, 3, &v4, &[]), "3 ipv4 "),
            (
                connect(IN_PROGRESS, 3, &v4, &[]),
                "3 ipv4 127.0.0.1:34->127.0.0.1:80 tcp client connected changed",
            ),
            (
                connect(0, 3, &v4, &[]),
                "3 ipv4 127.0.0.1:34->127.0.0.1:80 tcp client connected",
            ),
            (socket(4, INET6, STREAM, 6), "4 ipv6 "),
            (
                connect(0, 4, &v6, &[]),
                "4 ipv6 ::1:34->::1:80 tcp client connected changed",
            ),
            (socket(5, INET6, STREAM, 6), "5 ipv6 "),
            // libs loses the protocol: IPv4 has it elsewhere.
            (
                connect(0, 5, &mapped, &[]),
                "5 ipv4 <unknown> ? client connected changed",
            ),
            (socket(6, INET, STREAM, 0), "6 ipv4 "),
            (read(6), "6 ipv4  connected"),
        ],
    );
    assert_eq!(ends(&state, 3).1, "127.0.0.1 80");
    assert_eq!(
        ends(&state, 5),
        ("10.0.0.1 34".into(), "10.0.0.2 80".into())
    );
}

#[test]
fn where_connect_goes_to() {
    let enter = |number: i64, to: &str| {
        event(codes::SOCKET_CONNECT_E)
            .i64(number)
            .param(address(to))
    };
    let kernel = tuple("10.0.0.1 34", "10.0.0.2 80");
    let mut state = machine();
    play(
        &mut state,
        &[
            (socket(3, INET, STREAM, 0), "3 ipv4 "),
            // What the program gave, as the kernel has nothing else.
            (enter(3, "10.0.0.3 81"), "3 ipv4 "),
            (
                connect(0, 3, &kernel, &address("10.0.0.2 80")),
                "3 ipv4 10.0.0.1:34->10.0.0.3:81 tcp client connected changed",
            ),
            // The kernel knows better.
            (
                enter(3, "10.0.0.3 81"),
                "3 ipv4 10.0.0.1:34->10.0.0.3:81 tcp client connected",
            ),
            (
                connect(0, 3, &kernel, &address("10.0.0.4 82")),
                "3 ipv4 10.0.0.1:34->10.0.0.2:80 tcp client connected changed",
            ),
            (socket(4, INET, DATAGRAM, 0), "4 ipv4 "),
            (enter(4, "10.0.0.3 53"), "4 ipv4 "),
            // No tuple: the destination is known, the name is not.
            (connect(0, 4, &[], &[]), "4 ipv4  connected"),
        ],
    );
    assert_eq!(ends(&state, 4), ("0.0.0.0 0".into(), "10.0.0.3 53".into()));
}

#[test]
fn tcp_servers() {
    let v4 = tuple("10.0.0.9 4000", "10.0.0.1 80");
    let v6 = tuple("fd00::9 4000", "fd00::1 80");
    let mapped = tuple("::ffff:10.0.0.9 4000", "::ffff:10.0.0.1 80");
    let accept4 = |flags: u32| {
        event(codes::SOCKET_ACCEPT4_6_X)
            .i64(8)
            .param(v4.clone())
            .u8(0)
            .u32(0)
            .u32(0)
            .u32(flags)
    };
    let mut state = machine();
    play(
        &mut state,
        &[
            (socket(3, INET, STREAM, 0), "3 ipv4 "),
            (
                bind(3, &address("0.0.0.0 80")),
                "3 ipv4 0.0.0.0:80 tcp server changed",
            ),
            (
                event(codes::SOCKET_LISTEN_X).i64(0).i64(3).u32(5),
                "3 ipv4 0.0.0.0:80 tcp server",
            ),
            (
                accept(4, &v4),
                "4 ipv4 10.0.0.9:4000->10.0.0.1:80 tcp server connected changed",
            ),
            (
                accept(5, &v6),
                "5 ipv6 fd00::9:4000->fd00::1:80 tcp server connected changed",
            ),
            (
                accept(6, &mapped),
                "6 ipv4 10.0.0.9:4000->10.0.0.1:80 tcp server connected changed",
            ),
            (
                accept4(1 << 12),
                "8 ipv4 10.0.0.9:4000->10.0.0.1:80 tcp server connected cloexec changed",
            ),
            (accept(-11, &[]), "-1 unknown"),
            (accept(9, &[]), "9 unknown"),
            (socket(10, INET6, STREAM, 0), "10 ipv6 "),
            // libs takes :: for an IPv4 address.
            (
                bind(10, &address(":: 80")),
                "10 ipv4 :::80 tcp server changed",
            ),
            (socket(11, INET6, STREAM, 0), "11 ipv6 "),
            (
                bind(11, &address("::1 80")),
                "11 ipv6 ::1:80 tcp server changed",
            ),
            (socket(12, INET, STREAM, 0), "12 ipv4 "),
            (
                bind(12, &address("10.0.0.1 0")),
                "12 ipv4 10.0.0.1:0 changed",
            ),
        ],
    );
    assert_eq!(ends(&state, 10).1, "0.0.0.0 80");
    assert_eq!(ends(&state, 11).1, "::1 80");
}

#[test]
fn udp() {
    let to = tuple("0.0.0.0 5000", "8.8.8.8 53");
    let back = tuple("8.8.8.8 53", "10.0.0.1 5000");
    let mut state = machine();
    state.seed_interface(Interface {
        name: b"eth0"[..].into(),
        address: "10.0.0.1".parse().unwrap(),
        netmask: "255.255.255.0".parse().unwrap(),
    });
    play(
        &mut state,
        &[
            (socket(3, INET, DATAGRAM, 0), "3 ipv4 "),
            (
                sendto(3, &to),
                "3 ipv4 10.0.0.1:5000->8.8.8.8:53 udp client connected changed",
            ),
            (
                recvfrom(3, &back),
                "3 ipv4 10.0.0.1:5000->8.8.8.8:53 udp client connected",
            ),
            // The name follows the destination.
            (
                sendto(3, &tuple("10.0.0.1 5000", "9.9.9.9 54")),
                "3 ipv4 10.0.0.1:5000->9.9.9.9:54 udp client connected changed",
            ),
            // A socket that nobody saw being made.
            (
                sendto(4, &tuple("10.0.0.1 5001", "8.8.4.4 53")),
                "4 ipv4 10.0.0.1:5001->8.8.4.4:53 udp client connected changed",
            ),
            (sendto(5, &[]), "5 unknown"),
            (sendto(5, &unix_tuple(1, 2, "/s")), "5 unknown"),
            (socket(6, INET, DATAGRAM, 0), "6 ipv4 "),
            (
                recvfrom(6, &tuple("10.0.0.9 4000", "10.0.0.1 53")),
                "6 ipv4 10.0.0.9:4000->10.0.0.1:53 udp server connected changed",
            ),
            (
                sendto(6, &tuple("10.0.0.1 53", "10.0.0.9 4000")),
                "6 ipv4 10.0.0.9:4000->10.0.0.1:53 udp server connected",
            ),
            (socket(7, INET6, DATAGRAM, 0), "7 ipv6 "),
            (
                sendto(7, &tuple("fd00::1 5000", "fd00::2 53")),
                "7 ipv6 fd00::1:5000->fd00::2:53 udp client connected changed",
            ),
        ],
    );
}

/// A UDP server is shown with the client of the latest event, whether it
/// received or sent.
#[test]
fn bound_udp_servers() {
    let mut state = machine();
    play(
        &mut state,
        &[
            (socket(3, INET, DATAGRAM, 0), "3 ipv4 "),
            (
                bind(3, &address("0.0.0.0 53")),
                "3 ipv4 0.0.0.0:53 udp server changed",
            ),
            (
                recvfrom(3, &tuple("10.0.0.9 4000", "10.0.0.1 53")),
                "3 ipv4 10.0.0.9:4000->10.0.0.1:53 udp server changed",
            ),
            (
                sendto(3, &tuple("10.0.0.1 53", "10.0.0.9 4000")),
                "3 ipv4 10.0.0.9:4000->10.0.0.1:53 udp server connected",
            ),
            (
                recvfrom(3, &tuple("10.0.0.8 4001", "10.0.0.1 53")),
                "3 ipv4 10.0.0.8:4001->10.0.0.1:53 udp server connected changed",
            ),
            (
                sendto(3, &tuple("10.0.0.1 53", "10.0.0.7 4002")),
                "3 ipv4 10.0.0.7:4002->10.0.0.1:53 udp server connected changed",
            ),
        ],
    );
}

#[test]
fn raw_sockets() {
    let mut state = machine();
    play(
        &mut state,
        &[
            (socket(3, INET, RAW, 1), "3 ipv4  raw"),
            (
                sendto(3, &tuple("10.0.0.1 0", "10.0.0.2 0")),
                "3 ipv4 10.0.0.1->10.0.0.2 raw client connected changed",
            ),
            (socket(4, INET, DATAGRAM, 1), "4 ipv4 "),
            (
                sendto(4, &tuple("10.0.0.1 1", "10.0.0.2 0")),
                "4 ipv4 10.0.0.1->10.0.0.2 icmp client connected changed",
            ),
            (socket(5, 16, RAW, 0), "5 netlink "),
            (socket(6, 17, RAW, 0), "6 <NA> "),
            (socket(-1, INET, STREAM, 0), "-1 unknown"),
        ],
    );
}

#[test]
fn unix() {
    let path = b"\x01/run/s\0";
    let mut state = machine();
    play(
        &mut state,
        &[
            (socket(3, UNIX, STREAM, 0), "3 unix "),
            (
                connect(0, 3, &unix_tuple(0xab, 0xcd, "/run/s"), &[]),
                "3 unix ab->cd /run/s client connected changed",
            ),
            (socket(4, UNIX, STREAM, 0), "4 unix "),
            (bind(4, path), "4 unix /run/s changed"),
            (
                accept(5, &unix_tuple(1, 2, "")),
                "5 unix 1->2  server connected changed",
            ),
            (
                event(codes::SOCKET_SOCKETPAIR_X)
                    .i64(0)
                    .i64(6)
                    .i64(7)
                    .u64(0xa)
                    .u64(0xb),
                "7 unix ",
            ),
            (sendto(6, &unix_tuple(0xa, 0xb, "")), "6 unix a->b  changed"),
            (sendto(6, &unix_tuple(0xa, 0xb, "")), "6 unix a->b "),
            (
                sendto(6, &unix_tuple(0xa, 0xc, "/x")),
                "6 unix a->c /x changed",
            ),
        ],
    );
}

/// Only what is shown gives another id.
#[test]
fn ids_change_with_what_is_shown() {
    let mut state = machine();
    let id = |state: &State| state.fd(state.thread(TID).unwrap(), 3).unwrap().id;
    let pair = tuple("10.0.0.1 5", "10.0.0.2 6");
    socket(3, INET, DATAGRAM, 0).apply(&mut state);
    let made = id(&state);
    sendto(3, &pair).apply(&mut state);
    let sent = id(&state);
    assert_ne!(made, sent);
    sendto(3, &pair).apply(&mut state);
    read(3).apply(&mut state);
    assert_eq!(id(&state), sent);
}
