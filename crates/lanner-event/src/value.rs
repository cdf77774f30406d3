//! Values extracted from events, and the trait through which the engine asks
//! an event source for them.

use std::net::IpAddr;

use bumpalo::Bump;

use crate::schema::Format;

/// One extracted value. Text and bytes borrow from the event's own buffer, or
/// from the per-event arena when they had to be decoded first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'e> {
    /// Text as it was recorded; usually UTF-8, never assumed to be.
    Str(&'e [u8]),
    /// Raw bytes (Falco's `bytebuf`).
    Bytes(&'e [u8]),
    /// Unsigned integer of any width, also times and durations in nanoseconds.
    U64(u64),
    /// Signed integer of any width.
    I64(i64),
    /// Floating point.
    F64(f64),
    /// Boolean.
    Bool(bool),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

/// The values of one operand for one event. Empty means that the field is
/// absent, which makes every check on it false.
pub type Values<'e> = bumpalo::collections::Vec<'e, Value<'e>>;

/// A field or an argument that a source does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractorError {
    /// What is wrong, for people.
    pub message: String,
}

/// What outlives an event, so that answers about it can be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The process, with its users, its container and its ancestors.
    Process,
    /// The descriptor, and the process.
    Descriptor,
}

/// Stands for a subject as it is; another one once something about it changes.
pub type SubjectId = [u64; 4];

/// A kind of event that the engine can match: it turns a field of the
/// catalogue into an extractor once per load, and an extractor into values
/// once per event.
pub trait EventSource: Send + Sync + 'static {
    /// One event, borrowing from the buffer that it arrived in.
    type Event<'e>;
    /// A field with its argument, resolved.
    type Extractor: Send + Sync;

    /// Resolves `field` with its optional argument (`evt.arg[flags]` has the
    /// argument `flags`).
    ///
    /// # Errors
    /// When the source has no such field or the argument is not valid for it.
    fn compile(field: &str, argument: Option<&str>) -> Result<Self::Extractor, ExtractorError>;

    /// Appends the values of the field to `out`; appends nothing when the
    /// field is absent from this event.
    ///
    /// (One lifetime for the borrow of the event and for the arena: the engine cannot know how an
    /// associated `Event<'e>` varies with its own.)
    fn extract<'a>(
        extractor: &Self::Extractor,
        event: &'a Self::Event<'_>,
        arena: &'a Bump,
        out: &mut Values<'a>,
    );

    /// A small number that alone decides the values of some fields, as the
    /// code of a system call event decides `evt.type`. Rules that need such a
    /// value are chosen by a table. `None` for an event whose fields have to be
    /// looked at.
    fn class(_event: &Self::Event<'_>) -> Option<u16> {
        None
    }

    /// Whether the class of an event decides the values of a field.
    fn decided_by_class(_extractor: &Self::Extractor) -> bool {
        false
    }

    /// A number for what an event is about: the values of all fields whose lifetime is that of
    /// the subject, or longer, are the same for events of equal numbers, of whatever class. `None`
    /// where that cannot be said.
    fn subject(_event: &Self::Event<'_>, _subject: Subject) -> Option<SubjectId> {
        None
    }

    /// How outputs show a number of this field.
    fn format(_extractor: &Self::Extractor, _event: &Self::Event<'_>) -> Format {
        Format::Decimal
    }

    /// Why a field is absent from an event, where there is more to say than that it is: for the
    /// text of alerts.
    fn absence<'a>(_extractor: &Self::Extractor, _event: &'a Self::Event<'_>) -> Option<&'a str> {
        None
    }

    /// The event's time, in nanoseconds since the Unix epoch.
    fn time_ns(event: &Self::Event<'_>) -> u64;
}
