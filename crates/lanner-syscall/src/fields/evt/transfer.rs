//! `evt.buflen`: how much was read or written.

use lanner_state::fd::FdType;

use crate::SyscallEvent;

/// Which transfers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The category of the event type; `None` for any input and output.
    category: Option<&'static str>,
    /// What is transferred from or to; `None` for anything.
    medium: Option<Medium>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Medium {
    File,
    Net,
}

impl Transfer {
    /// `evt.buflen`, `evt.buflen.in`, `evt.buflen.file.out` …
    pub(super) fn named(field: &str) -> Option<Self> {
        let (medium, direction) = match field.strip_prefix("evt.buflen")? {
            rest if rest.starts_with(".file") => (Some(Medium::File), rest.get(5..)?),
            rest if rest.starts_with(".net") => (Some(Medium::Net), rest.get(4..)?),
            rest => (None, rest),
        };
        let category = match direction {
            "" => None,
            ".in" => Some("io_read"),
            ".out" => Some("io_write"),
            _ => return None,
        };
        Some(Self { category, medium })
    }

    /// How many bytes an event has transferred; `None` for other events, and
    /// those that failed.
    pub(super) fn length(self, event: &SyscallEvent<'_>) -> Option<u64> {
        let kind = event.fd?.kind;
        let is_right = match self.medium {
            None => true,
            Some(Medium::File) => kind.is_file(),
            Some(Medium::Net) => matches!(
                kind,
                FdType::Ipv4 | FdType::Ipv6 | FdType::Ipv4Server | FdType::Ipv6Server
            ),
        };
        let category = event.kind.category;
        let counts = match self.category {
            None => category.starts_with("io_"),
            Some(wanted) => category == wanted,
        };
        let length = event.result().filter(|_| is_right && counts)?;
        u64::try_from(length).ok()
    }
}
