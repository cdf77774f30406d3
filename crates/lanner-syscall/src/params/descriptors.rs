//! Descriptors among parameters.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use lanner_state::fd::{Fd, FdType, L4};
use lanner_state::path::AT_FDCWD;

use super::{Shown, errno, number, push_clean};
use crate::SyscallEvent;

/// The character of a socket's transport protocol.
fn protocol_char(fd: &Fd) -> Option<char> {
    let is_internet = matches!(
        fd.kind,
        FdType::Ipv4 | FdType::Ipv6 | FdType::Ipv4Server | FdType::Ipv6Server
    );
    match fd.l4proto() {
        L4::Tcp if is_internet => Some('t'),
        L4::Udp if is_internet => Some('u'),
        L4::Icmp if is_internet => Some('i'),
        L4::Raw if is_internet => Some('r'),
        _ => None,
    }
}

/// A descriptor: its type and name, or the error that it stands for.
pub(super) fn show<'a>(event: &SyscallEvent<'a>, number: i64, arena: &'a Bump) -> Shown<'a> {
    let text = number::decimal(number, arena);
    let Some(thread) = event.thread else {
        return Shown::plain(text);
    };
    let meaning = if number >= 0 {
        let fd = event.state.fd(thread, number);
        fd.map_or(b"".as_slice(), |fd| name(fd, arena))
    } else if number == AT_FDCWD {
        b"AT_FDCWD"
    } else {
        errno(number).unwrap_or("").as_bytes()
    };
    Shown { text, meaning }
}

/// Type and name: `<f>/etc/passwd`, `<4t>10.0.0.1:34->10.0.0.2:80`.
fn name<'a>(fd: &Fd, arena: &'a Bump) -> &'a [u8] {
    let mut text = Vec::with_capacity_in(fd.name.len() + 4, arena);
    text.push(b'<');
    // All are ASCII.
    text.push(fd.kind.type_char() as u8);
    text.extend(protocol_char(fd).map(|letter| letter as u8));
    text.push(b'>');
    push_clean(&fd.name, &mut text);
    text.into_bump_slice()
}

/// The descriptors of a poll, each with what is waited for on it.
pub(crate) fn list(bytes: &[u8]) -> impl Iterator<Item = (i64, i16)> {
    let (count, entries) = match bytes.split_first_chunk() {
        Some((count, entries)) => (u16::from_le_bytes(*count), entries),
        None => (0, bytes),
    };
    let (entries, _) = entries.as_chunks::<10>();
    entries.iter().take(usize::from(count)).map(|entry| {
        let [f0, f1, f2, f3, f4, f5, f6, f7, w0, w1] = *entry;
        let fd = i64::from_le_bytes([f0, f1, f2, f3, f4, f5, f6, f7]);
        (fd, i16::from_le_bytes([w0, w1]))
    })
}

/// The descriptors of a poll: `3:f1 4:u19`.
pub(super) fn show_list<'a>(event: &SyscallEvent<'a>, bytes: &[u8], arena: &'a Bump) -> &'a [u8] {
    let Some(thread) = event.thread else {
        return b"";
    };
    let mut text = Vec::new_in(arena);
    for (number, flags) in list(bytes) {
        let fd = event.state.fd(thread, number);
        let kind = fd.map_or('?', |fd| fd.kind.type_char());
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(number::decimal(number, arena));
        text.push(b':');
        text.push(kind as u8);
        let flags = format_args!("{:x}", i32::from(flags));
        text.extend_from_slice(number::print(arena, flags));
    }
    text.into_bump_slice()
}
