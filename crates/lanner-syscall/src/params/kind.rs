//! Types of parameters, ready for matching on.

use std::sync::LazyLock;

use lanner_event::schema::{self, Detail, Format, Param};

/// How the bytes of a parameter are read and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signed number of so many bytes.
    Signed(u8),
    /// An unsigned number of so many bytes.
    Unsigned(u8),
    /// A number whose bits have names, of so many bytes.
    Flags(u8),
    /// A number that stands for a name, of so many bytes.
    Enumeration(u8),
    /// Permission bits.
    Mode,
    /// A result: negative for errors.
    Errno,
    /// A descriptor.
    Fd,
    /// A thread.
    Pid,
    /// A user.
    Uid,
    /// A group of users.
    Gid,
    /// A signal.
    Signal,
    /// A set of signals.
    Signals,
    /// A system call, by Falco's number.
    Syscall,
    /// A duration in nanoseconds.
    Duration,
    /// A time in nanoseconds since the epoch.
    Time,
    /// Text.
    Text,
    /// A path that starts at the working directory, or at that of a parameter.
    Path,
    /// Data.
    Bytes,
    /// An address.
    Sockaddr,
    /// The two ends of a connection.
    Tuple,
    /// Descriptors with what is waited for on them.
    FdList,
    /// Texts, each ended by a NUL.
    Texts,
    /// The first byte tells the type.
    Dynamic,
    /// Not shown.
    Other,
}

impl Kind {
    pub(crate) fn of(ty: &str) -> Self {
        match ty {
            "int8" => Self::Signed(1),
            "int16" => Self::Signed(2),
            "int32" => Self::Signed(4),
            "int64" => Self::Signed(8),
            "uint8" => Self::Unsigned(1),
            "uint16" => Self::Unsigned(2),
            "uint32" => Self::Unsigned(4),
            "uint64" => Self::Unsigned(8),
            "flags8" => Self::Flags(1),
            "flags16" => Self::Flags(2),
            "flags32" => Self::Flags(4),
            "enumflags8" => Self::Enumeration(1),
            "enumflags16" => Self::Enumeration(2),
            "enumflags32" => Self::Enumeration(4),
            "mode" => Self::Mode,
            "errno" => Self::Errno,
            "fd" => Self::Fd,
            "pid" => Self::Pid,
            "uid" => Self::Uid,
            "gid" => Self::Gid,
            "sigtype" => Self::Signal,
            "sigset" => Self::Signals,
            "syscallid" => Self::Syscall,
            "reltime" => Self::Duration,
            "abstime" => Self::Time,
            "charbuf" => Self::Text,
            "fspath" | "fsrelpath" => Self::Path,
            "bytebuf" => Self::Bytes,
            "sockaddr" => Self::Sockaddr,
            "socktuple" => Self::Tuple,
            "fdlist" => Self::FdList,
            "charbufarray" | "charbuf_pair_array" => Self::Texts,
            "dyn" => Self::Dynamic,
            _ => Self::Other,
        }
    }

    /// Whether a missing text shows as such: `(NULL)` of old captures and
    /// nothing at all both do.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Path)
    }
}

/// A parameter of an event type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) format: Format,
    pub(crate) detail: Detail,
}

impl From<&Param> for Form {
    fn from(param: &Param) -> Self {
        Self {
            name: param.name,
            kind: Kind::of(param.ty),
            format: param.format,
            detail: param.detail,
        }
    }
}

static FORMS: LazyLock<Vec<Box<[Form]>>> = LazyLock::new(|| {
    schema::event_types()
        .map(|event| event.params.iter().map(Form::from).collect())
        .collect()
});

/// The parameters of an event code.
pub(crate) fn forms(code: u16) -> &'static [Form] {
    FORMS.get(usize::from(code)).map_or(&[], |forms| forms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_not_shown_are_known() {
        let not_shown = ["fd32", "pid32", "port", "ipv4addr", "ipv6addr"];
        for event in schema::event_types() {
            for param in &event.params {
                let is_other = Kind::of(param.ty) == Kind::Other;
                assert_eq!(is_other, not_shown.contains(&param.ty), "{}", param.ty);
            }
        }
    }
}
