//! Parameters of events as text, as `evt.args` shows them, and as values.
//!
//! Facts: `sinsp_evt::get_param_as_str` of libs 0.25.4 in its normal format.
//! Parameters that are shorter than their type show as `<NA>`, where libs gives
//! the event up.

mod descriptors;
mod kind;
mod names;
pub(crate) mod number;
pub(crate) mod path;
#[cfg(test)]
mod tests;
mod value;

use bumpalo::Bump;
use lanner_event::schema::Detail;
use lanner_event::sockets::{write_sockaddr, write_tuple};
use lanner_event::text::{self, sanitize};
use lanner_event::time::{write_clock, write_nanos};
use lanner_state::thread::Thread;

use crate::SyscallEvent;
use kind::{Form, Kind};

pub(crate) use descriptors::list as descriptor_list;
pub(crate) use kind::forms;
pub(crate) use names::errno;
pub(crate) use value::value;

/// What stands for a parameter that was not recorded.
pub(crate) const MISSING: &[u8] = b"<NA>";

/// A parameter as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// The parameter itself.
    pub(crate) text: &'a [u8],
    /// What it means; empty for most.
    pub(crate) meaning: &'a [u8],
}

impl<'a> Shown<'a> {
    fn plain(text: &'a [u8]) -> Self {
        Self { text, meaning: b"" }
    }

    /// What it means, or else the parameter itself.
    pub(crate) fn best(self) -> &'a [u8] {
        if self.meaning.is_empty() {
            self.text
        } else {
            self.meaning
        }
    }
}

/// The bytes of a text parameter up to its NUL; `<NA>` where nothing was
/// recorded.
pub(crate) fn text_of(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() || bytes == b"(NULL)\0" {
        return MISSING;
    }
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(MISSING)
}

/// A parameter of an event; `None` when it has no such.
pub(crate) fn show<'a>(
    event: &SyscallEvent<'a>,
    index: usize,
    arena: &'a Bump,
) -> Option<Shown<'a>> {
    let form = forms(event.raw.code).get(index)?;
    let bytes = event.raw.param(index)?;
    if bytes.is_empty() && !form.kind.is_text() {
        return Some(Shown::plain(missing(form.kind)));
    }
    let shown = show_filled(event, *form, bytes, arena);
    Some(shown.unwrap_or(Shown::plain(MISSING)))
}

/// What an empty parameter shows.
fn missing(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Bytes | Kind::Tuple | Kind::FdList | Kind::Texts | Kind::Dynamic => b"NULL",
        _ => MISSING,
    }
}

/// A parameter that is not empty, except for text; `None` when it is too short.
fn show_filled<'a>(
    event: &SyscallEvent<'a>,
    form: Form,
    bytes: &'a [u8],
    arena: &'a Bump,
) -> Option<Shown<'a>> {
    let number = |value, size| number::write(value, size, form.format, arena);
    Some(match form.kind {
        Kind::Signed(size) => Shown::plain(number(number::signed(bytes, size)?, size)),
        Kind::Unsigned(size) => Shown::plain(number(number::unsigned(bytes, size)? as i64, size)),
        Kind::Flags(size) => {
            let value = number::unsigned(bytes, size)?;
            Shown {
                text: number::decimal(value as i64, arena),
                meaning: names::flags(value as u32, form.detail, arena),
            }
        }
        Kind::Enumeration(size) => {
            let value = number::unsigned(bytes, size)?;
            Shown {
                text: number::decimal(value as i64, arena),
                meaning: names::enumeration(value as u32, form.detail, arena),
            }
        }
        Kind::Mode => {
            let value = number::unsigned(bytes, 4)?;
            Shown {
                text: number(value as i64, 4),
                meaning: names::mode(value as u32, form.detail, arena),
            }
        }
        Kind::Errno => {
            let value = number::signed(bytes, 8)?;
            let name = if value < 0 { names::errno(value) } else { None };
            Shown {
                text: number::decimal(value, arena),
                meaning: name.unwrap_or("").as_bytes(),
            }
        }
        Kind::Fd => descriptors::show(event, number::signed(bytes, 8)?, arena),
        Kind::Pid => {
            let tid = number::signed(bytes, 8)?;
            let thread = event.state.thread(tid);
            Shown {
                text: number::decimal(tid, arena),
                meaning: thread.map_or(b"", |thread| &thread.image.comm),
            }
        }
        Kind::Uid => {
            let uid = number::unsigned(bytes, 4)? as u32;
            let user = |thread: &'a Thread| event.state.users.user(thread.container, uid);
            member(
                uid,
                event.thread.and_then(user).map(|user| &*user.name),
                arena,
            )
        }
        Kind::Gid => {
            let gid = number::unsigned(bytes, 4)? as u32;
            let group = |thread: &'a Thread| event.state.users.group(thread.container, gid);
            member(
                gid,
                event.thread.and_then(group).map(|group| &*group.name),
                arena,
            )
        }
        Kind::Signal => {
            let signal = *bytes.first()?;
            Shown {
                text: number::decimal(i64::from(signal), arena),
                meaning: names::signal(signal).unwrap_or("").as_bytes(),
            }
        }
        Kind::Signals => Shown::plain(names::signals(number::unsigned(bytes, 4)? as u32, arena)),
        Kind::Syscall => syscall(number::unsigned(bytes, 2)?, arena),
        Kind::Duration => duration(number::unsigned(bytes, 8)?, arena),
        Kind::Time => Shown::plain(time(number::unsigned(bytes, 8)?, event.utc_offset, arena)),
        Kind::Text => Shown::plain(text_of(bytes)),
        Kind::Path => show_path(event, form, text_of(bytes), arena),
        Kind::Bytes => Shown::plain(dotted(bytes, arena)),
        Kind::Sockaddr => Shown::plain(written(arena, |out| write_sockaddr(bytes, out))),
        Kind::Tuple => Shown::plain(written(arena, |out| write_tuple(bytes, out))),
        Kind::FdList => Shown::plain(descriptors::show_list(event, bytes, arena)),
        Kind::Texts => Shown::plain(texts(bytes, arena)),
        Kind::Dynamic => return dynamic(event, form, bytes, arena),
        Kind::Other => Shown::plain(b"(n.a.)"),
    })
}

/// A parameter whose first byte tells its type. The format of numbers is that
/// of the whole parameter.
fn dynamic<'a>(
    event: &SyscallEvent<'a>,
    form: Form,
    bytes: &'a [u8],
    arena: &'a Bump,
) -> Option<Shown<'a>> {
    let (choice, rest) = bytes.split_first()?;
    let kind = match form.detail {
        Detail::Dynamic(kinds) => kinds.get(usize::from(*choice)),
        _ => None,
    };
    let Some((ty, _)) = kind else {
        return Some(Shown::plain(b"INVALID DYNAMIC PARAMETER"));
    };
    let form = Form {
        kind: Kind::of(ty),
        detail: Detail::None,
        ..form
    };
    match form.kind {
        // Not absent here when it is empty.
        Kind::Text if rest.is_empty() => Some(Shown::plain(b"")),
        _ => show_filled(event, form, rest, arena),
    }
}

/// A user or a group.
fn member<'a>(id: u32, name: Option<&'a [u8]>, arena: &'a Bump) -> Shown<'a> {
    if id == u32::MAX {
        return Shown {
            text: b"-1",
            meaning: b"<NONE>",
        };
    }
    let name = name.filter(|name| !name.is_empty());
    Shown {
        text: number::decimal(i64::from(id as i32), arena),
        meaning: name.map_or(MISSING, |name| clean(name, arena)),
    }
}

fn syscall(number: u64, arena: &Bump) -> Shown<'_> {
    match lanner_event::schema::syscall_name(number as usize) {
        Some(name) => Shown {
            text: number::decimal(number as i64, arena),
            meaning: name.as_bytes(),
        },
        None => Shown::plain(b"<unknown syscall>"),
    }
}

fn duration(ns: u64, arena: &Bump) -> Shown<'_> {
    if ns == u64::MAX {
        return Shown::plain(b"none");
    }
    Shown {
        text: number::print(arena, format_args!("{ns}")),
        meaning: number::seconds(ns, arena),
    }
}

/// Date and clock, in local time.
fn time(ns: u64, utc_offset: i32, arena: &Bump) -> &[u8] {
    let mut text = String::with_capacity(30);
    write_clock(ns, utc_offset, Some(' '), &mut text);
    write_nanos(ns, &mut text);
    arena.alloc_str(&text).as_bytes()
}

/// A path as it was given, and what it means from where it starts.
fn show_path<'a>(
    event: &SyscallEvent<'a>,
    form: Form,
    given: &'a [u8],
    arena: &'a Bump,
) -> Shown<'a> {
    let text = clean(given, arena);
    let is_relative = !matches!(given.first(), None | Some(b'/'));
    let thread = event.thread.filter(|_| is_relative && given != MISSING);
    let Some(thread) = thread else {
        return Shown::plain(text);
    };
    let directory = match form.detail {
        Detail::Directory(index) => {
            let kind = forms(event.raw.code).get(index).map(|form| form.kind);
            Some(index).filter(|_| kind == Some(Kind::Fd))
        }
        _ => None,
    };
    let base = path::base(event, thread, directory, arena);
    Shown {
        text,
        meaning: clean(path::join(base, given, arena), arena),
    }
}

/// Text with everything replaced that cannot be shown.
pub(crate) fn clean<'a>(text: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    match sanitize(text) {
        std::borrow::Cow::Borrowed(text) => text,
        std::borrow::Cow::Owned(text) => arena.alloc_slice_copy(&text),
    }
}

/// Data as text: a dot for each byte that is not printable.
fn dotted<'a>(bytes: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return bytes;
    }
    arena.alloc_slice_fill_iter(bytes.iter().map(|&byte| match byte {
        b' '..=b'~' => byte,
        _ => b'.',
    }))
}

/// Texts that are each ended by a NUL, with dots between them.
fn texts<'a>(bytes: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let dotted = bytes
        .iter()
        .map(|&byte| if byte == 0 { b'.' } else { byte });
    arena.alloc_slice_fill_iter(dotted)
}

/// What is written, in the arena.
fn written(arena: &Bump, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
    let mut text = Vec::with_capacity(64);
    write(&mut text);
    arena.alloc_slice_copy(&text)
}

/// The index of a parameter of an event type by name.
pub(crate) fn index_of(code: u16, name: &str) -> Option<usize> {
    forms(code).iter().position(|form| form.name == name)
}

/// All parameters of an event, as `evt.args` shows them.
pub(crate) fn show_all<'a>(event: &SyscallEvent<'a>, arena: &'a Bump) -> &'a [u8] {
    let mut text = bumpalo::collections::Vec::new_in(arena);
    for (index, form) in forms(event.raw.code).iter().enumerate() {
        let Some(shown) = show(event, index, arena) else {
            break;
        };
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(form.name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(shown.text);
        if !shown.meaning.is_empty() {
            text.push(b'(');
            text.extend_from_slice(shown.meaning);
            text.push(b')');
        }
    }
    text.into_bump_slice()
}

/// Appends to `out` what [`text::sanitize`] gives. (For lists that are built
/// piece by piece.)
pub(crate) fn push_clean(text: &[u8], out: &mut bumpalo::collections::Vec<'_, u8>) {
    out.extend_from_slice(&text::sanitize(text));
}
