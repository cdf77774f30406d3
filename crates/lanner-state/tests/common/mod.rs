//! Events made by hand.

#![allow(dead_code, reason = "each test uses some of it")]

use lanner_event::raw::{Header, Lengths};
use lanner_event::schema::event_type;
use lanner_event::{RawEvent, codes};
use lanner_state::{Context, State};

/// The time of the first event, in nanoseconds.
pub const START: u64 = 1_700_000_000_000_000_000;
/// When the machine was started.
pub const BOOT: u64 = 1_600_000_000_000_000_000;
/// A thread of the same process.
pub const THREAD: u32 = 1 << 13;
/// Its parent waits.
pub const VFORK: u32 = 1 << 27;
/// A pid namespace of its own.
pub const NEWPID: u32 = 1 << 6;
/// In another pid namespace than the host's.
pub const IN_PIDNS: u32 = 1 << 29;

/// An event with its parameters.
#[derive(Clone, Debug)]
pub struct Event {
    header: Header,
    params: Vec<Vec<u8>>,
}

impl Event {
    /// Without parameters.
    pub fn new(code: u16, tid: i64) -> Self {
        let header = Header {
            code,
            cpu: 0,
            flags: 0,
            time_ns: START,
            tid,
        };
        Self {
            header,
            params: Vec::new(),
        }
    }

    /// At a time after the start.
    pub fn at(mut self, after_ns: u64) -> Self {
        self.header.time_ns = START + after_ns;
        self
    }

    /// One more parameter.
    pub fn param(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.params.push(bytes.as_ref().to_vec());
        self
    }

    pub fn i64(self, value: i64) -> Self {
        self.param(value.to_le_bytes())
    }

    pub fn u64(self, value: u64) -> Self {
        self.param(value.to_le_bytes())
    }

    pub fn u32(self, value: u32) -> Self {
        self.param(value.to_le_bytes())
    }

    pub fn u8(self, value: u8) -> Self {
        self.param([value])
    }

    /// A text, with its NUL.
    pub fn text(self, value: &str) -> Self {
        self.param([value.as_bytes(), &[0]].concat())
    }

    /// Another value for a parameter.
    pub fn set(mut self, index: usize, bytes: impl AsRef<[u8]>) -> Self {
        self.params[index] = bytes.as_ref().to_vec();
        self
    }

    /// What the state makes of it; it is over then.
    pub fn apply(&self, state: &mut State) -> Context {
        self.with_raw(|raw| {
            let context = state.before(raw, event_type(raw.code).unwrap());
            state.after(raw, &context);
            context
        })
    }

    /// What the state makes of it; it is not over yet.
    pub fn apply_before(&self, state: &mut State) -> Context {
        self.with_raw(|raw| state.before(raw, event_type(raw.code).unwrap()))
    }

    fn with_raw(&self, act: impl FnOnce(&RawEvent) -> Context) -> Context {
        let lengths: Vec<[u8; 4]> = self
            .params
            .iter()
            .map(|param| (param.len() as u32).to_le_bytes())
            .collect();
        let data = self.params.concat();
        act(&RawEvent::new(self.header, Lengths::Long(&lengths), &data).unwrap())
    }
}

/// What a clone event says.
#[derive(Clone, Debug)]
pub struct Clone {
    /// The result: 0 for the child's event.
    pub result: i64,
    /// The thread whose event it is.
    pub tid: i64,
    pub pid: i64,
    pub ptid: i64,
    pub exe: &'static str,
    pub args: &'static str,
    pub comm: &'static str,
    pub cgroups: &'static str,
    pub flags: u32,
    pub vtid: i64,
    pub vpid: i64,
}

impl Clone {
    /// The event of a parent, which leads its process.
    pub fn by_parent(tid: i64, child: i64) -> Self {
        Self {
            result: child,
            tid,
            pid: tid,
            ptid: 1,
            exe: "bash",
            args: "-i\0",
            comm: "bash",
            cgroups: "",
            flags: 0,
            vtid: tid,
            vpid: tid,
        }
    }

    /// The event of a child that leads its process.
    pub fn by_child(tid: i64, ptid: i64) -> Self {
        Self {
            result: 0,
            ptid,
            ..Self::by_parent(tid, 0)
        }
    }

    pub fn event(&self) -> Event {
        Event::new(codes::SYSCALL_CLONE_20_X, self.tid)
            .i64(self.result)
            .text(self.exe)
            .param(self.args)
            .i64(self.tid)
            .i64(self.pid)
            .i64(self.ptid)
            .text("")
            .i64(1024)
            .u64(1)
            .u64(2)
            .u32(3)
            .u32(4)
            .u32(5)
            .text(self.comm)
            .param(self.cgroups)
            .u32(self.flags)
            .u32(1000)
            .u32(100)
            .i64(self.vtid)
            .i64(self.vpid)
            .u64(77)
    }
}

/// An exec event of a thread that leads its process; index by index as in the
/// event table.
pub fn exec(tid: i64, name: &str, args: &str) -> Event {
    Event::new(codes::SYSCALL_EXECVE_19_X, tid)
        .i64(0)
        .text(name)
        .param(args)
        .i64(tid)
        .i64(tid)
        .i64(1)
        .text("")
        .i64(2048)
        .u64(1)
        .u64(2)
        .u32(3)
        .u32(4)
        .u32(5)
        .text(name)
        .param("")
        .param("A=1\0B=2\0")
        .u32(34816)
        .i64(tid)
        .u32(1000)
        .u32(1)
        .u64(1)
        .u64(2)
        .u64(3)
        .u64(4711)
        .u64(START - 50)
        .u64(START - 60)
        .u32(33)
        .text(&format!("/usr/bin/{name}"))
        .i64(tid)
        .u32(44)
}

/// A thread ends; 0 when the kernel names no reaper.
pub fn exit(tid: i64, reaper: i64) -> Event {
    Event::new(codes::PROCEXIT_1_E, tid)
        .i64(0)
        .i64(0)
        .u8(0)
        .u8(0)
        .i64(reaper)
}

/// An event that changes nothing but lets go of threads that have ended.
pub fn nothing(tid: i64) -> Event {
    Event::new(codes::SYSCALL_GETUID_X, tid).u32(0)
}

/// A machine with init (1), a shell (10, child of 1) and a server (20, with the
/// threads 21 and 22).
pub fn machine() -> State {
    use lanner_event::inventory::{Machine, Process};
    let mut state = State::default();
    state.seed_machine(Machine {
        boot_ts_epoch: BOOT,
        ..Machine::default()
    });
    let threads = [
        (1, 1, 0, "init"),
        (10, 10, 1, "bash"),
        (20, 20, 1, "server"),
        (21, 20, 1, "worker"),
        (22, 20, 1, "worker"),
    ];
    for (tid, pid, ptid, name) in threads {
        state.seed_process(Process {
            tid,
            pid,
            ptid,
            vtid: tid,
            vpid: pid,
            sid: pid,
            comm: name.as_bytes().into(),
            exe: name.as_bytes().into(),
            exepath: format!("/bin/{name}").into_bytes().into(),
            args: b"-i\0"[..].into(),
            env: b"HOME=/root\0"[..].into(),
            cwd: b"/home"[..].into(),
            root: b"/"[..].into(),
            flags: if tid == pid { 0 } else { THREAD | 1 },
            ..Process::default()
        });
    }
    state.finish_seeding();
    state
}

/// Name and parent's id of a thread.
pub fn name_of(state: &State, tid: i64) -> Option<(String, i64)> {
    let thread = state.thread(tid)?;
    let name = String::from_utf8_lossy(&thread.image.comm).into_owned();
    Some((name, thread.ptid))
}

/// Living threads of a thread's process.
pub fn living(state: &State, tid: i64) -> u32 {
    let group = state.thread(tid).and_then(|thread| state.group(thread));
    group.map_or(0, |group| group.living)
}
