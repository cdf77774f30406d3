//! A small world for tests of fields: one process with some descriptors.

use std::net::IpAddr;

use bumpalo::Bump;
use lanner_event::inventory::{Interface, Process, User};
use lanner_event::raw::{Header, Lengths};
use lanner_event::schema::event_type;
use lanner_event::{RawEvent, Value, Values};
use lanner_state::fd::{Ends, Fd, FdType, L4, flags};
use lanner_state::{Context, State};

use crate::SyscallEvent;
use crate::fields::Extractor;

/// The process: `cat` of root in `/home/u`.
pub(crate) const TID: i64 = 10;

/// When its events happen, in nanoseconds since the epoch.
pub(crate) const TIME_NS: u64 = 1_700_000_000_123_456_789;

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) context: Context,
}

fn fd(kind: FdType, name: &str) -> Fd {
    let mut fd = Fd::default();
    fd.kind = kind;
    fd.name = name.as_bytes().into();
    fd
}

fn end(ip: &str, port: u16) -> (IpAddr, u16) {
    (ip.parse().unwrap(), port)
}

/// A TCP connection from this machine.
fn connection() -> Fd {
    let mut socket = fd(FdType::Ipv4, "10.0.0.1:4444->10.0.0.2:80");
    socket.ends = Ends::Internet {
        source: end("10.0.0.1", 4444),
        destination: end("10.0.0.2", 80),
    };
    socket.l4 = L4::Tcp;
    socket.flags = flags::ROLE_CLIENT | flags::CONNECTED;
    socket
}

/// A socket that listens.
fn server() -> Fd {
    let mut socket = fd(FdType::Ipv6Server, ":::22");
    socket.ends = Ends::Server {
        local: end("::", 22),
    };
    socket.l4 = L4::Tcp;
    socket.flags = flags::ROLE_SERVER;
    socket
}

/// A file in an overlay.
fn file() -> Fd {
    let mut file = fd(FdType::File, "/etc/passwd");
    file.raw_name = b"..//etc//passwd"[..].into();
    file.dev = 0xfe12;
    file.ino = 77;
    file.flags = flags::OVERLAY_UPPER;
    file
}

impl World {
    pub(crate) fn new() -> Self {
        let mut state = State::default();
        state.seed_interface(Interface {
            name: b"eth0"[..].into(),
            address: "10.0.0.1".parse().unwrap(),
            netmask: "255.0.0.0".parse().unwrap(),
        });
        state.seed_user(User {
            name: b"root"[..].into(),
            ..User::default()
        });
        state.seed_process(Process {
            tid: TID,
            pid: TID,
            ptid: 1,
            vtid: TID,
            vpid: TID,
            comm: b"cat"[..].into(),
            exe: b"cat"[..].into(),
            cwd: b"/home/u"[..].into(),
            ..Process::default()
        });
        state.finish_seeding();
        state.machine.hostname = b"node-1"[..].into();
        let fds = state.fds_mut(TID).unwrap();
        fds.insert(3, file());
        fds.insert(4, fd(FdType::Directory, "/srv"));
        fds.insert(5, connection());
        fds.insert(6, fd(FdType::Unix, "/run/dev/log"));
        fds.insert(7, server());
        fds.insert(8, fd(FdType::Ipv4, ""));
        let mut context = Context::default();
        context.thread = Some(TID);
        Self { state, context }
    }

    /// The world in which events are about a descriptor.
    pub(crate) fn about(fd: i64) -> Self {
        let mut world = Self::new();
        world.context.fd = Some(fd);
        world.state.threads.get_mut(TID).unwrap().last_fd = fd;
        world
    }

    /// An event of the process.
    pub(crate) fn event<R>(
        &self,
        code: u16,
        params: &[&[u8]],
        look: impl FnOnce(&SyscallEvent<'_>) -> R,
    ) -> R {
        let lengths: Vec<_> = params
            .iter()
            .map(|param| (param.len() as u16).to_le_bytes())
            .collect();
        let data = params.concat();
        let header = Header {
            code,
            cpu: 1,
            flags: 0,
            time_ns: TIME_NS,
            tid: TID,
        };
        let raw = RawEvent::new(header, Lengths::Short(&lengths), &data).unwrap();
        let thread = self.context.thread.and_then(|tid| self.state.thread(tid));
        let number = thread.zip(self.context.fd);
        look(&SyscallEvent {
            raw,
            kind: event_type(code).unwrap(),
            number: 7,
            state: &self.state,
            context: &self.context,
            thread,
            fd: number.and_then(|(thread, number)| self.state.fd(thread, number)),
            first_time_ns: TIME_NS - 2_500_000_000,
            previous_time_ns: TIME_NS - 1_500_000_000,
            utc_offset: 0,
        })
    }

    /// The values of a field of an event, with commas; `-` when it is absent.
    /// The argument of the field follows its name behind a blank.
    pub(crate) fn field(&self, code: u16, params: &[&[u8]], field: &str) -> String {
        let (name, argument) = match field.split_once(' ') {
            Some((name, argument)) => (name, Some(argument)),
            None => (field, None),
        };
        let extractor = Extractor::compile(name, argument).unwrap();
        self.event(code, params, |event| {
            let arena = Bump::new();
            let mut values = Values::new_in(&arena);
            extractor.extract(event, &arena, &mut values);
            let texts: Vec<_> = values.iter().map(show).collect();
            if texts.is_empty() {
                "-".into()
            } else {
                texts.join(",")
            }
        })
    }
}

fn show(value: &Value<'_>) -> String {
    match value {
        Value::Str(text) => String::from_utf8_lossy(text).into(),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        Value::U64(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::F64(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Ip(address) => address.to_string(),
    }
}

/// A number of 64 bits as a parameter.
pub(crate) fn long(number: i64) -> [u8; 8] {
    number.to_le_bytes()
}

/// A number of 32 bits as a parameter.
pub(crate) fn int(number: u32) -> [u8; 4] {
    number.to_le_bytes()
}
