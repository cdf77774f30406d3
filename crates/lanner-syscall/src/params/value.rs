//! Parameters as values (`evt.rawarg`).

use lanner_event::Value;

use super::kind::{Form, Kind};
use super::{forms, number, text_of};
use crate::SyscallEvent;

/// The value of a parameter, of the type that the event has it in; `None` when
/// it was not recorded.
pub(crate) fn value<'a>(event: &SyscallEvent<'a>, index: usize) -> Option<Value<'a>> {
    let Form { kind, .. } = forms(event.raw.code).get(index)?;
    let bytes = event.raw.param(index)?;
    let unsigned = |size| number::unsigned(bytes, size).map(Value::U64);
    let signed = |size| number::signed(bytes, size).map(Value::I64);
    match *kind {
        Kind::Signed(size) => signed(size),
        Kind::Errno | Kind::Fd | Kind::Pid => signed(8),
        Kind::Unsigned(size) | Kind::Flags(size) | Kind::Enumeration(size) => unsigned(size),
        Kind::Mode | Kind::Uid | Kind::Gid | Kind::Signals => unsigned(4),
        Kind::Signal => unsigned(1),
        Kind::Syscall => unsigned(2),
        Kind::Duration | Kind::Time => unsigned(8),
        Kind::Text | Kind::Path => Some(Value::Str(text_of(bytes))),
        Kind::Bytes
        | Kind::Sockaddr
        | Kind::Tuple
        | Kind::FdList
        | Kind::Texts
        | Kind::Dynamic
        | Kind::Other => Some(bytes)
            .filter(|bytes| !bytes.is_empty())
            .map(Value::Bytes),
    }
}
