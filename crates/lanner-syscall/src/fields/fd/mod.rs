//! `fd.*`: the descriptor that an event is about (`sinsp_filtercheck_fd.cpp`
//! of libs 0.25.4).
//!
//! Names of addresses (`fd.sip.name` and its like) are always absent: nothing
//! is asked of name servers here.

pub(crate) mod kind;
mod name;

use bumpalo::Bump;
use lanner_event::schema::Flags;
use lanner_event::sockets;
use lanner_event::{ExtractorError, Value, Values, codes};
use lanner_state::fd::{Fd, FdType, L4, flags};
use lanner_state::thread::Thread;

use crate::SyscallEvent;
use crate::params::number;

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The one that began it.
    Client,
    /// The one that was called; also where a socket listens.
    Server,
    /// This machine's.
    Local,
    /// The other one than this machine's.
    Remote,
}

/// A field of class `fd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the fields")]
pub enum FdField {
    Num,
    Type,
    TypeOf(i64),
    Types,
    TypeChar,
    Name,
    NameRaw,
    Directory,
    FileName,
    ContainerName,
    ContainerDirectory,
    Ips,
    Ip(End),
    Ports,
    Port(End),
    Protocol(End),
    DomainName,
    L4Protocol,
    SockFamily,
    IsServer,
    Uid,
    Connected,
    NameChanged,
    Dev,
    DevMajor,
    DevMinor,
    Ino,
    UpperLayer,
    LowerLayer,
}

/// An end of a connection by the letter that names it.
fn end(letter: u8) -> Option<End> {
    Some(match letter {
        b'c' => End::Client,
        b's' => End::Server,
        b'l' => End::Local,
        b'r' => End::Remote,
        _ => return None,
    })
}

/// Fields about one end: `cip`, `rport`, `snet`, `lproto`, `cip.name`.
fn of_end(name: &str) -> Option<FdField> {
    let (letter, what) = name.as_bytes().split_first()?;
    let end = end(*letter)?;
    Some(match what {
        b"ip" | b"net" => FdField::Ip(end),
        b"port" => FdField::Port(end),
        b"proto" => FdField::Protocol(end),
        b"ip.name" => FdField::DomainName,
        _ => return None,
    })
}

impl FdField {
    /// The field of a name; `None` for fields of other classes.
    pub fn compile(field: &str, argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        let name = field.strip_prefix("fd.")?;
        Some(Ok(match name {
            "num" => FdField::Num,
            "type" => FdField::Type,
            "types" => match argument.map(str::parse) {
                None => FdField::Types,
                Some(Ok(number)) => FdField::TypeOf(number),
                Some(Err(_)) => {
                    let message = "`fd.types` takes the number of a descriptor".into();
                    return Some(Err(ExtractorError { message }));
                }
            },
            "typechar" => FdField::TypeChar,
            "name" => FdField::Name,
            "nameraw" => FdField::NameRaw,
            "directory" => FdField::Directory,
            "filename" => FdField::FileName,
            "containername" => FdField::ContainerName,
            "containerdirectory" => FdField::ContainerDirectory,
            "ip" | "net" => FdField::Ips,
            "port" | "proto" => FdField::Ports,
            "l4proto" => FdField::L4Protocol,
            "sockfamily" => FdField::SockFamily,
            "is_server" => FdField::IsServer,
            "uid" => FdField::Uid,
            "connected" => FdField::Connected,
            "name_changed" => FdField::NameChanged,
            "dev" => FdField::Dev,
            "dev.major" => FdField::DevMajor,
            "dev.minor" => FdField::DevMinor,
            "ino" => FdField::Ino,
            "is_upper_layer" => FdField::UpperLayer,
            "is_lower_layer" => FdField::LowerLayer,
            _ => of_end(name)?,
        }))
    }
}

/// The thread of an event about a descriptor, and the descriptor if it is known.
fn subject<'a>(event: &SyscallEvent<'a>) -> Option<(&'a Thread, Option<&'a Fd>)> {
    let has = |flag| event.kind.flags.has(flag);
    if !(has(Flags::USES_FD) || has(Flags::CREATES_FD) || has(Flags::DESTROYS_FD)) {
        return None;
    }
    let thread = event.thread?;
    let last = || match thread.last_fd {
        -1 => None,
        number => event.state.fd(thread, number),
    };
    Some((thread, event.fd.or_else(last)))
}

impl FdField {
    /// Appends the values of the field.
    pub fn extract<'a>(self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        let Some((thread, fd)) = subject(event) else {
            return;
        };
        match self {
            Self::Types => types(event, thread, out),
            Self::Ips | Self::Ports => {
                if let Some(fd) = fd {
                    self.both(fd, out);
                }
            }
            _ => out.extend(self.value(event, thread, fd, arena)),
        }
    }

    /// Addresses or ports of both ends.
    fn both(self, fd: &Fd, out: &mut Values<'_>) {
        let both = kind::ends(fd).map(<[_; 2]>::from);
        let one = kind::local(fd);
        let ends = both.iter().flatten().chain(&one);
        out.extend(ends.map(|&(ip, port)| match self {
            Self::Ips => Value::Ip(ip),
            _ => Value::U64(port.into()),
        }));
    }

    fn value<'a>(
        self,
        event: &SyscallEvent<'a>,
        thread: &'a Thread,
        fd: Option<&'a Fd>,
        arena: &'a Bump,
    ) -> Option<Value<'a>> {
        let flag = |bit| fd.map(|fd| Value::Bool(fd.has(bit)));
        Some(match self {
            Self::Num => Value::I64(thread.last_fd),
            Self::Type => Value::Str(fd?.kind.name().as_bytes()),
            Self::TypeOf(number) => {
                Value::Str(event.state.fd(thread, number)?.kind.name().as_bytes())
            }
            Self::TypeChar => {
                let letter =
                    fd.map_or_else(|| type_char_of(event.raw.code), |fd| fd.kind.type_char());
                Value::Str(arena.alloc_str(letter.encode_utf8(&mut [0; 4])).as_bytes())
            }
            Self::Name => Value::Str(name(event, fd, arena)?),
            Self::ContainerName => {
                let name = name(event, fd, arena)?;
                Value::Str(name::in_container(event, thread, name, arena))
            }
            Self::NameRaw => {
                let name = match fd {
                    Some(fd) => &fd.raw_name,
                    None => name::from_event(event, true, arena)?,
                };
                Value::Str(name::without_double_slashes(name, arena))
            }
            Self::Directory => Value::Str(directory(event, fd, arena)?),
            Self::ContainerDirectory => {
                let directory = directory(event, fd, arena)?;
                Value::Str(name::in_container(event, thread, directory, arena))
            }
            Self::FileName => {
                let file = fd.filter(|fd| fd.kind.is_file())?;
                Value::Str(name::file_name(&file.name))
            }
            Self::Ip(end) => Value::Ip(one_end(event, thread, fd?, end)?.0),
            Self::Port(end) => Value::U64(port(event, thread, fd?, end)?.into()),
            Self::Protocol(end) => Value::Str(protocol(event, thread, fd?, end, arena)?),
            Self::L4Protocol => Value::Str(l4_name(fd?)),
            Self::SockFamily => Value::Str(match fd?.kind {
                FdType::Unix => b"unix",
                kind if kind::is_socket(kind) => b"ip",
                _ => return None,
            }),
            Self::IsServer => Value::Bool(is_server(event, thread, fd?)),
            Self::Uid => {
                let ids = format_args!("{}{}", thread.tid, thread.last_fd);
                Value::Str(number::print(arena, ids))
            }
            Self::Connected => flag(flags::CONNECTED)?,
            Self::UpperLayer => flag(flags::OVERLAY_UPPER)?,
            Self::LowerLayer => flag(flags::OVERLAY_LOWER)?,
            Self::NameChanged => {
                fd?;
                Value::Bool(event.context.fd_name_changed)
            }
            Self::Dev => Value::I64(i64::from(fd?.dev as i32)),
            // As `new_encode_dev` of Linux packs them.
            Self::DevMajor => Value::I64(i64::from((fd?.dev & 0xf_ff00) >> 8)),
            Self::DevMinor => {
                let dev = fd?.dev;
                Value::I64(i64::from(dev & 0xff | dev >> 12 & 0xf_ff00))
            }
            Self::Ino => Value::I64(fd?.ino as i64),
            Self::DomainName | Self::Types | Self::Ips | Self::Ports => return None,
        })
    }
}

/// The types of all descriptors of a process, each once.
fn types<'a>(event: &SyscallEvent<'a>, thread: &'a Thread, out: &mut Values<'a>) {
    let Some(fds) = event.state.fds(thread) else {
        return;
    };
    for (_, fd) in fds.iter() {
        let name = Value::Str(fd.kind.name().as_bytes());
        if !out.contains(&name) {
            out.push(name);
        }
    }
}

fn name<'a>(event: &SyscallEvent<'a>, fd: Option<&'a Fd>, arena: &'a Bump) -> Option<&'a [u8]> {
    match fd {
        Some(fd) => Some(&fd.name),
        None => name::from_event(event, false, arena),
    }
}

fn directory<'a>(
    event: &SyscallEvent<'a>,
    fd: Option<&'a Fd>,
    arena: &'a Bump,
) -> Option<&'a [u8]> {
    match fd {
        Some(fd) if fd.kind == FdType::Directory => Some(&fd.name),
        Some(fd) if !fd.kind.is_file() => None,
        _ => name(event, fd, arena).map(name::directory),
    }
}

/// An address of a socket whose role is known, with the port.
fn one_end(event: &SyscallEvent<'_>, thread: &Thread, fd: &Fd, end: End) -> Option<sockets::End> {
    if fd.has_no_role() {
        return None;
    }
    if end == End::Server
        && let Some(local) = kind::local(fd)
    {
        return Some(local);
    }
    let (client, server) = kind::ends(fd)?;
    let wants_client = match end {
        End::Client => true,
        End::Server => false,
        End::Local => kind::is_local(event, thread, client.0),
        End::Remote => !kind::is_local(event, thread, client.0),
    };
    Some(if wants_client { client } else { server })
}

/// A port. That of a socket that listens needs no role.
fn port(event: &SyscallEvent<'_>, thread: &Thread, fd: &Fd, end: End) -> Option<u16> {
    match kind::local(fd) {
        Some(local) if end == End::Server => Some(local.1),
        _ => one_end(event, thread, fd, end).map(|(_, port)| port),
    }
}

/// The service of a port, which is the port: names of services are not looked
/// up. Empty for clients and servers of sockets that are not connected.
fn protocol<'a>(
    event: &SyscallEvent<'a>,
    thread: &Thread,
    fd: &Fd,
    end: End,
    arena: &'a Bump,
) -> Option<&'a [u8]> {
    let is_nameless = match end {
        End::Client => !fd.has_no_role() && !kind::is_connection(fd.kind),
        End::Server => kind::is_server(fd.kind),
        End::Local | End::Remote => false,
    };
    if is_nameless {
        return Some(b"");
    }
    let (_, port) = one_end(event, thread, fd, end)?;
    Some(number::decimal(port.into(), arena))
}

fn l4_name(fd: &Fd) -> &'static [u8] {
    match fd.l4proto() {
        L4::Tcp => b"tcp",
        L4::Udp => b"udp",
        L4::Icmp => b"icmp",
        L4::Raw => b"raw",
        L4::Unknown | L4::NotApplicable => b"<NA>",
    }
}

/// Whether it listens, or the called end is on this machine.
fn is_server(event: &SyscallEvent<'_>, thread: &Thread, fd: &Fd) -> bool {
    kind::is_server(fd.kind)
        || kind::ends(fd).is_some_and(|(_, called)| kind::is_local(event, thread, called.0))
}

/// The type that an event would have given to a descriptor that is not known.
fn type_char_of(code: u16) -> char {
    match code | 1 {
        codes::SYSCALL_OPENAT_2_X | codes::SYSCALL_OPENAT2_X | codes::SYSCALL_CREAT_X => 'f',
        codes::SOCKET_SOCKET_X | codes::SOCKET_ACCEPT_5_X | codes::SOCKET_ACCEPT4_6_X => '4',
        codes::SYSCALL_PIPE_X | codes::SYSCALL_PIPE2_X => 'p',
        codes::SYSCALL_EVENTFD_X | codes::SYSCALL_EVENTFD2_X => 'e',
        codes::SYSCALL_SIGNALFD_X | codes::SYSCALL_SIGNALFD4_X => 's',
        codes::SYSCALL_TIMERFD_CREATE_X => 't',
        codes::SYSCALL_INOTIFY_INIT_X | codes::SYSCALL_INOTIFY_INIT1_X => 'i',
        _ => 'o',
    }
}
