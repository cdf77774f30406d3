//! `proc.*`: the process of an event, its ancestors and its leaders.
//!
//! Source of values: `sinsp_filtercheck_thread.cpp` and `threadinfo.cpp` in
//! libs 0.25.4. Ancestors without an index are lists, of which one must do; in
//! an output Falco prints them all, parent first, and here the parent is printed.
//! `proc.aenv[n]` is the environment of that ancestor; conditions of Falco take
//! it for the environments of all ancestors.

mod ancestors;
mod compile;
mod counts;
mod leaders;
mod words;

use bumpalo::Bump;
use lanner_event::{ExtractorError, Value, Values};
use lanner_state::thread::Thread;

use super::join::join;
use crate::SyscallEvent;
use ancestors::{ancestor, lineage};
use counts::Count;
use leaders::Leader;

/// A field of the class `process` whose name begins with `proc.`.
#[derive(Clone, Debug)]
pub enum ProcField {
    /// A text of the process, of an ancestor or of a leader.
    Text(Whose, Text),
    /// A text of all ancestors, as a list.
    Texts(Text),
    /// `proc.aargs`: the arguments of all ancestors, as one text.
    AllArgs,
    /// An id.
    Id(Whose, Id),
    /// `proc.apid`: the ids of all ancestors, as a list.
    Pids,
    /// `proc.loginshellid`.
    LoginShell,
    /// `proc.args[…]`.
    Argument(usize),
    /// `proc.env[NAME]`.
    Variable(Box<[u8]>),
    /// `proc.aenv[NAME]`: of the nearest ancestor that has it.
    InheritedVariable(Box<[u8]>),
    /// `proc.aenv[…]`: the environment of an ancestor, by threads' parents.
    AncestorEnv(u32),
    /// `proc.cwd`.
    Cwd,
    /// Numbers that change from event to event.
    Count(Count),
    /// `proc.stdin.type` and the like, by descriptor.
    StdType(i64),
    /// `proc.stdin.name` and the like, by descriptor.
    StdName(i64),
    /// Deprecated fields, which Falco has without values.
    Absent,
}

/// Which process a text or an id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The thread of the event.
    Own,
    /// The `n`th ancestor of its process.
    Ancestor(u32),
    /// The leader of its session or process group.
    Leader(Leader),
}

/// A text of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Text {
    Name,
    Exe,
    ExePath,
    Args,
    CmdLine,
    ExeLine,
    Env,
}

/// An id or another number of a process image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Id {
    Pid,
    Vpid,
    /// `proc.pvpid`: of the thread's parent, which need not lead its process.
    ParentVpid,
    Sid,
    Vpgid,
    Pgid,
    Tty,
    IsSessionLeader,
    IsGroupLeader,
    IsHostGroupLeader,
    ExeWritable,
    ExeUpperLayer,
    ExeLowerLayer,
    ExeFromMemfd,
    ExeInode,
    ExeCtime,
    ExeMtime,
    ExeCtimeToClone,
    PidnsStartToExeCtime,
    PidnsStart,
    CloneTime,
    /// `proc.ppid.ts`: of the thread's parent.
    ParentCloneTime,
}

impl ProcField {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        compile::compile(field.strip_prefix("proc.")?, field, argument).transpose()
    }

    /// Appends the values; nothing when the field is absent.
    pub fn extract<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        let Some(thread) = event.thread else {
            return;
        };
        match self {
            Self::Texts(text) => {
                let texts = lineage(event.state, thread).map(|above| text.of(event, above, arena));
                out.extend(texts.map(Value::Str));
            }
            Self::Pids => {
                out.extend(lineage(event.state, thread).map(|above| Value::I64(above.pid)));
            }
            _ => out.extend(self.value(event, thread, arena)),
        }
    }

    fn value<'a>(
        &self,
        event: &SyscallEvent<'a>,
        thread: &'a Thread,
        arena: &'a Bump,
    ) -> Option<Value<'a>> {
        let state = event.state;
        Some(match self {
            Self::Text(whose @ Whose::Leader(_), text) => {
                // Nobody leads: the text is there, and empty.
                let found = whose.thread(event, thread);
                Value::Str(found.map_or(b"", |found| text.of(event, found, arena)))
            }
            Self::Text(whose, text) => {
                Value::Str(text.of(event, whose.thread(event, thread)?, arena))
            }
            Self::AllArgs => {
                let parts = lineage(state, thread);
                let args = parts.map(|above| Text::Args.of(event, above, arena));
                // A separator comes once there is something to separate from.
                let text = join(args.skip_while(|args| args.is_empty()), b" ", arena);
                Value::Str(Some(text).filter(|text| !text.is_empty())?)
            }
            Self::Id(whose, id) => id.of(event, whose.thread(event, thread)?)?,
            Self::LoginShell => Value::I64(ancestors::login_shell(state, thread)?),
            Self::Argument(index) => {
                Value::Str(thread.image.args.get(*index).map_or(b"", |arg| arg))
            }
            Self::Variable(name) => Value::Str(words::variable(state.env(thread), name)),
            Self::InheritedVariable(name) => {
                Value::Str(ancestors::inherited_variable(state, thread, name))
            }
            Self::AncestorEnv(n) => {
                let above = ancestors::parent_of_leader(state, thread, *n)?;
                Value::Str(above.map_or(b"", |above| Text::Env.of(event, above, arena)))
            }
            Self::Cwd => Value::Str(state.cwd(thread)),
            Self::Count(count) => count.of(event, thread)?,
            Self::StdType(fd) => Value::Str(state.fd(thread, *fd)?.kind.name().as_bytes()),
            Self::StdName(fd) => Value::Str(until_nul(&state.fd(thread, *fd)?.name)),
            Self::Texts(_) | Self::Pids | Self::Absent => return None,
        })
    }
}

impl Whose {
    fn thread<'a>(self, event: &SyscallEvent<'a>, thread: &'a Thread) -> Option<&'a Thread> {
        match self {
            Self::Own => Some(thread),
            Self::Ancestor(n) => ancestor(event.state, thread, n),
            Self::Leader(leader) => leader.find(event.state, thread),
        }
    }
}

impl Text {
    fn of<'a>(self, event: &SyscallEvent<'a>, thread: &'a Thread, arena: &'a Bump) -> &'a [u8] {
        let image = &*thread.image;
        let args = image.args.iter().map(|arg| &**arg);
        match self {
            Self::Name => &image.comm,
            Self::Exe => &image.exe,
            Self::ExePath => &image.exepath,
            Self::Args => join(args, b" ", arena),
            Self::CmdLine => image.command_line(),
            // There is a blank behind the program also when nothing follows.
            Self::ExeLine if image.args.is_empty() => {
                join([&*image.exe, b""].into_iter(), b" ", arena)
            }
            Self::ExeLine => join(std::iter::once(&*image.exe).chain(args), b" ", arena),
            Self::Env => join(
                event.state.env(thread).iter().map(|item| &**item),
                b" ",
                arena,
            ),
        }
    }
}

impl Id {
    fn of<'a>(self, event: &SyscallEvent<'a>, thread: &'a Thread) -> Option<Value<'a>> {
        let file = &thread.image.file;
        let known = |id: i64| (id != -1).then_some(Value::I64(id));
        let nonzero = |number: u64| (number != 0).then_some(Value::U64(number));
        Some(match self {
            Self::Pid => Value::I64(thread.pid).filter_id()?,
            Self::Vpid => known(thread.vpid)?,
            Self::ParentVpid => Value::I64(event.state.thread(thread.ptid)?.vpid),
            Self::Sid => Value::I64(thread.sid),
            Self::Vpgid => Value::I64(thread.vpgid),
            Self::Pgid => Value::I64(thread.pgid),
            Self::Tty => Value::U64(thread.tty.into()),
            Self::IsSessionLeader => Value::Bool(thread.sid == thread.vpid),
            Self::IsGroupLeader => Value::Bool(thread.vpgid == thread.vpid),
            Self::IsHostGroupLeader => Value::Bool(thread.pgid == thread.pid),
            Self::ExeWritable => Value::Bool(file.writable),
            Self::ExeUpperLayer => Value::Bool(file.upper_layer),
            Self::ExeLowerLayer => Value::Bool(file.lower_layer),
            Self::ExeFromMemfd => Value::Bool(file.from_memfd),
            Self::ExeInode => {
                let ino = file.ino.cast_signed();
                (ino != 0).then_some(Value::I64(ino))?
            }
            Self::ExeCtime => nonzero(file.ctime)?,
            Self::ExeMtime => nonzero(file.mtime)?,
            Self::ExeCtimeToClone => nonzero(thread.exe_ctime_to_clone_ns)?,
            Self::PidnsStartToExeCtime => nonzero(thread.pidns_start_to_exe_ctime_ns)?,
            Self::PidnsStart => nonzero(thread.pidns_init_start_ts)?,
            Self::CloneTime => nonzero(thread.clone_ts)?,
            Self::ParentCloneTime => Value::U64(event.state.thread(thread.ptid)?.clone_ts),
        })
    }
}

/// Ids that can be shown.
pub(super) trait FilterId: Sized {
    /// Nothing where an id is none of the kernel's.
    fn filter_id(self) -> Option<Self>;
}

impl FilterId for Value<'_> {
    fn filter_id(self) -> Option<Self> {
        match self {
            Value::I64(id) if !(-1..=i64::from(u32::MAX)).contains(&id) => None,
            value => Some(value),
        }
    }
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
