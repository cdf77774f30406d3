//! `evt.*` and `syscall.type`: the event itself.
//!
//! Source of values: `sinsp_filtercheck_event.cpp` and
//! `sinsp_filtercheck_gen_event.cpp` in libs 0.25.4.

mod arguments;
mod errors;
mod open;
mod paths;
mod transfer;

use std::ops::RangeInclusive;

use bumpalo::Bump;
use lanner_event::generic::{Generic, Moment, Unit};
use lanner_event::schema::{self, Flags, Format};
use lanner_event::{ExtractorError, Value, Values, codes};

use crate::{SyscallEvent, params};
pub use arguments::{Argument, Named};
use errors::ErrorCount;
use open::Open;
use paths::AbsPath;
use transfer::Transfer;

/// A field of the class `evt`.
#[derive(Clone, Debug)]
pub enum Evt {
    /// Number and times.
    Generic(Generic),
    /// `evt.deltatime`: time since the event before, of any thread.
    Delta(Unit),
    /// The latencies that Falco does not measure any longer: always zero.
    Zero(Format),
    /// The same for people.
    ZeroText,
    /// `evt.outputtime`.
    OutputTime,
    /// `evt.dir`.
    Direction,
    /// `evt.type`.
    Type,
    /// `evt.type.is.…`: one of these codes.
    TypeIs(RangeInclusive<u16>),
    /// `syscall.type`.
    SyscallType,
    /// `evt.category`.
    Category,
    /// `evt.cpu`.
    Cpu,
    /// `evt.args`, `evt.info`.
    Args,
    /// `evt.arg.…`, `evt.arg[…]`.
    Arg(Argument),
    /// `evt.rawarg.…`.
    RawArg(Named),
    /// `evt.around[…]`: how many milliseconds the event is away from a time,
    /// rounded up. Only outputs ask for it: in conditions the plan has bounds on
    /// `evt.rawtime` instead (`plan/passes/normalise.py`).
    Around(u64),
    /// `evt.buffer`.
    Buffer(Named),
    /// `evt.buflen` and its kinds.
    BufferLength(Transfer),
    /// `evt.res`.
    Result,
    /// `evt.rawres`.
    RawResult,
    /// `evt.failed`.
    Failed,
    /// Whether the event type has one of these flags.
    HasFlags(&'static [Flags]),
    /// `evt.io_dir`.
    IoDirection,
    /// `evt.is_syslog`.
    IsSyslog,
    /// `evt.count`: one.
    Count,
    /// `evt.count.error` and its kinds.
    Errors(ErrorCount),
    /// `evt.count.procinfo` and `evt.count.threadinfo`.
    ProcessInfo {
        /// Of leaders of processes only.
        of_main: bool,
    },
    /// `evt.count.exit`.
    CountExit,
    /// `evt.abspath`.
    AbsPath(AbsPath),
    /// `evt.is_open_…`.
    Open(Open),
    /// `evt.source`.
    Source,
    /// `evt.is_async`.
    IsAsync,
    /// `evt.asynctype`.
    AsyncType,
    /// `evt.hostname`.
    HostName,
    /// Fields of plugins, which these events do not come through, and of events
    /// that are no more.
    Absent,
}

impl Evt {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        if let Some(generic) = Generic::named(field) {
            return Some(Ok(Self::Generic(generic)));
        }
        Some(Ok(match field {
            "evt.deltatime" => Self::Delta(Unit::All),
            "evt.deltatime.s" => Self::Delta(Unit::Seconds),
            "evt.deltatime.ns" => Self::Delta(Unit::Fraction),
            "evt.latency" | "evt.latency.s" | "evt.latency.quantized" | "evt.wait_latency" => {
                Self::Zero(Format::Decimal)
            }
            "evt.latency.ns" => Self::Zero(Format::Padded),
            "evt.latency.human" => Self::ZeroText,
            "evt.outputtime" => Self::OutputTime,
            "evt.dir" => Self::Direction,
            "evt.type" => Self::Type,
            "evt.type.is" => return Some(type_codes(argument).map(Self::TypeIs)),
            "syscall.type" => Self::SyscallType,
            "evt.category" => Self::Category,
            "evt.cpu" => Self::Cpu,
            "evt.args" | "evt.info" => Self::Args,
            "evt.arg" => return Some(Argument::compile(argument).map(Self::Arg)),
            "evt.rawarg" => {
                let name = arguments::needed(field, argument);
                return Some(name.and_then(Named::compile).map(Self::RawArg));
            }
            "evt.around" => return Some(moment_of(argument).map(Self::Around)),
            "evt.buffer" => return Some(Named::compile("data").map(Self::Buffer)),
            _ if field.starts_with("evt.buflen") => {
                return Transfer::named(field).map(|transfer| Ok(Self::BufferLength(transfer)));
            }
            "evt.res" => Self::Result,
            "evt.rawres" => Self::RawResult,
            "evt.failed" => Self::Failed,
            "evt.is_io" => Self::HasFlags(&[Flags::READS_FROM_FD, Flags::WRITES_TO_FD]),
            "evt.is_io_read" => Self::HasFlags(&[Flags::READS_FROM_FD]),
            "evt.is_io_write" => Self::HasFlags(&[Flags::WRITES_TO_FD]),
            "evt.is_wait" => Self::HasFlags(&[Flags::WAITS]),
            "evt.io_dir" => Self::IoDirection,
            "evt.is_syslog" => Self::IsSyslog,
            "evt.count" => Self::Count,
            "evt.count.error" => Self::Errors(ErrorCount::All),
            "evt.count.error.file" => Self::Errors(ErrorCount::File),
            "evt.count.error.net" => Self::Errors(ErrorCount::Net),
            "evt.count.error.memory" => Self::Errors(ErrorCount::Memory),
            "evt.count.error.other" => Self::Errors(ErrorCount::Other),
            "evt.count.procinfo" => Self::ProcessInfo { of_main: true },
            "evt.count.threadinfo" => Self::ProcessInfo { of_main: false },
            "evt.count.exit" => Self::CountExit,
            "evt.abspath" => Self::AbsPath(match argument {
                None => AbsPath::Default,
                Some("src") => AbsPath::Source,
                Some("dst") => AbsPath::Destination,
                Some(other) => {
                    let message = format!("`evt.abspath` has no `{other}`");
                    return Some(Err(ExtractorError { message }));
                }
            }),
            "evt.is_open_read" => Self::Open(Open::Read),
            "evt.is_open_write" => Self::Open(Open::Write),
            "evt.is_open_exec" => Self::Open(Open::Exec),
            "evt.is_open_create" => Self::Open(Open::Create),
            "evt.source" => Self::Source,
            "evt.is_async" => Self::IsAsync,
            "evt.asynctype" => Self::AsyncType,
            "evt.hostname" => Self::HostName,
            "evt.pluginname" | "evt.plugininfo" => Self::Absent,
            // What Falco once asked the Docker daemon.
            _ if field.starts_with("evt.infra.docker.") => Self::Absent,
            _ => return None,
        }))
    }

    /// Appends the value; nothing when it is absent.
    pub fn extract<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        out.extend(self.value(event, arena));
    }

    /// How outputs show a number of this field.
    pub fn format(&self, event: &SyscallEvent<'_>) -> Format {
        match self {
            Self::Generic(generic) => generic.format(),
            Self::Delta(Unit::Fraction) => Format::Padded,
            Self::Zero(format) => *format,
            Self::RawArg(name) => name.format(event),
            _ => Format::Decimal,
        }
    }

    /// Whether the code of the event alone decides the value.
    pub fn decided_by_class(&self) -> bool {
        matches!(
            self,
            Self::Type
                | Self::TypeIs(_)
                | Self::SyscallType
                | Self::Direction
                | Self::HasFlags(_)
                | Self::IoDirection
                | Self::Source
        )
    }

    fn value<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump) -> Option<Value<'a>> {
        let raw = &event.raw;
        let flags = event.kind.flags;
        Some(match self {
            Self::Generic(generic) => generic.value(moment(event), arena),
            Self::Delta(unit) => Value::U64(match event.previous_time_ns {
                0 => 0,
                before => unit.of(raw.time_ns.wrapping_sub(before)),
            }),
            Self::Zero(_) => Value::U64(0),
            Self::ZeroText => Value::Str(b"0ns"),
            Self::OutputTime => {
                let clock = Generic::Time {
                    date: false,
                    nanos: true,
                };
                clock.value(moment(event), arena)
            }
            Self::Direction => Value::Str(if event.kind.is_enter { b">" } else { b"<" }),
            Self::Type => Value::Str(event_name(event)?),
            Self::TypeIs(codes) => Value::U64(codes.contains(&raw.code).into()),
            Self::SyscallType if is_call(event) => Value::Str(event_name(event)?),
            Self::Category => Value::Str(category(event)),
            Self::Cpu => Value::I64(i64::from(raw.cpu.cast_signed())),
            Self::Args if raw.code == codes::GENERIC_X => Value::Str(b""),
            Self::Args => Value::Str(params::show_all(event, arena)),
            Self::Arg(argument) => Value::Str(argument.text(event, arena)?),
            Self::RawArg(name) => name.value(event)?,
            Self::Around(time) => Value::U64(raw.time_ns.abs_diff(*time).div_ceil(1_000_000)),
            Self::Buffer(data) => Value::Bytes(data.bytes(event)?),
            Self::BufferLength(transfer) => Value::U64(transfer.length(event)?),
            Self::Result => match event.result()? {
                0.. => Value::Str(b"SUCCESS"),
                _ => Value::Str(params::show(event, 0, arena)?.best()),
            },
            Self::RawResult => Value::I64(event.result()?),
            Self::Failed => Value::Bool(event.result()? < 0),
            Self::HasFlags(wanted) => Value::Bool(wanted.iter().any(|flag| flags.has(*flag))),
            Self::IoDirection if flags.has(Flags::WRITES_TO_FD) => Value::Str(b"write"),
            Self::IoDirection if flags.has(Flags::READS_FROM_FD) => Value::Str(b"read"),
            Self::IsSyslog => Value::Bool(
                flags.has(Flags::WRITES_TO_FD) && event.fd.is_some_and(|fd| is_syslog(&fd.name)),
            ),
            Self::Count => Value::U64(1),
            Self::Errors(kind) => Value::U64(kind.count(event)?),
            Self::CountExit if !event.kind.is_enter => Value::U64(1),
            Self::AbsPath(path) => Value::Str(path.resolve(event, arena)?),
            Self::Open(open) => Value::Bool(open.holds(event)),
            Self::Source => Value::Str(b"syscall"),
            Self::IsAsync => Value::Bool(is_about_capture(event)),
            Self::AsyncType if is_about_capture(event) => Value::Str(event_name(event)?),
            Self::HostName => Value::Str(&event.state.machine.hostname),
            Self::ProcessInfo { of_main } => {
                let is_main = || event.thread.is_some_and(|thread| thread.is_main());
                let counts = raw.code == codes::PROCINFO_E && (!of_main || is_main());
                Value::U64(counts.into())
            }
            Self::SyscallType
            | Self::IoDirection
            | Self::CountExit
            | Self::AsyncType
            | Self::Absent => return None,
        })
    }
}

fn moment(event: &SyscallEvent<'_>) -> Moment {
    Moment {
        number: event.number,
        time_ns: event.raw.time_ns,
        first_ns: event.first_time_ns,
        utc_offset: event.utc_offset,
    }
}

/// Whether the event is one of a system call.
fn is_call(event: &SyscallEvent<'_>) -> bool {
    [event.kind.kind, event.kind.category].contains(&"syscall")
}

/// Whether the event tells of the capture, not of a thread.
fn is_about_capture(event: &SyscallEvent<'_>) -> bool {
    event.kind.kind == "metaevent"
}

/// The name of the event type; of calls without a type of their own, the call's.
fn event_name<'a>(event: &SyscallEvent<'a>) -> Option<&'a [u8]> {
    match event.raw.code {
        codes::GENERIC_X => {
            let native = || event.raw.u16(1).and_then(schema::native_syscall_name);
            let name = match event.raw.u16(0).unwrap_or(0) {
                // Falco did not know the call when it was recorded.
                0 => native().or(schema::syscall_name(0)),
                call => schema::syscall_name(call.into()),
            };
            name.map(str::as_bytes)
        }
        codes::ASYNCEVENT_E => event.raw.param(1).map(params::text_of),
        _ => Some(event.kind.name.as_bytes()),
    }
}

/// The category; of input and output, what it is done with.
fn category(event: &SyscallEvent<'_>) -> &'static [u8] {
    use lanner_state::fd::FdType;
    match event.kind.category {
        "io_read" | "io_write" | "io_other" => match event.fd.map(|fd| fd.kind) {
            Some(FdType::File | FdType::FileV2 | FdType::Directory) => b"file",
            Some(FdType::Ipv4 | FdType::Ipv6 | FdType::Ipv4Server | FdType::Ipv6Server) => b"net",
            Some(
                FdType::Fifo
                | FdType::Unix
                | FdType::Event
                | FdType::Signal
                | FdType::Inotify
                | FdType::UserFault,
            ) => b"ipc",
            _ => b"unknown",
        },
        "ipc" => b"IPC",
        // The table has some the other way round.
        "syscall" | "iter" => match event.kind.kind {
            "ipc" => b"IPC",
            category => category.as_bytes(),
        },
        category => category.as_bytes(),
    }
}

/// The codes of `evt.type.is.…`: one by number, the two that first have a name.
fn type_codes(argument: Option<&str>) -> Result<RangeInclusive<u16>, ExtractorError> {
    let argument = arguments::needed("evt.type.is", argument)?;
    if let Ok(code) = argument.parse() {
        return Ok(code..=code);
    }
    let mut types = schema::event_types();
    match types.find(|kind| kind.name == argument) {
        Some(kind) => Ok(kind.code..=kind.code.saturating_add(1)),
        None => Err(ExtractorError {
            message: format!("unknown event type {argument}"),
        }),
    }
}

/// The time of `evt.around[…]`, in nanoseconds since the epoch.
fn moment_of(argument: Option<&str>) -> Result<u64, ExtractorError> {
    let argument = arguments::needed("evt.around", argument)?;
    argument.parse().map_err(|_| ExtractorError {
        message: format!("`evt.around` needs a time in nanoseconds, not `{argument}`"),
    })
}

fn is_syslog(name: &[u8]) -> bool {
    const DEVICE: &[u8] = b"/dev/log";
    name.windows(DEVICE.len()).any(|part| part == DEVICE)
}
