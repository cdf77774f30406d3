//! Event blocks.

use std::sync::LazyLock;

use lanner_event::schema::{self, Flags};
use lanner_event::{Header, Lengths, RawEvent, codes};

use crate::block::{EventBlock, HEADER, TRAILER};
use crate::convert::Class;

/// What a code's events look like, from the event table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Parameters that are known here.
    pub params: u32,
    /// Lengths take 32 bits.
    pub large: bool,
    /// Whether they are of today's schema.
    pub class: Class,
    /// How much too long blocks without a count say that the event is.
    excess: usize,
}

/// The shapes of all codes, by code.
pub(crate) static SHAPES: LazyLock<Box<[Shape]>> = LazyLock::new(|| {
    (0..)
        .map_while(schema::event_type)
        .map(|kind| Shape {
            params: u32::try_from(kind.params.len()).unwrap_or(u32::MAX),
            class: Class::of(kind),
            large: kind.flags.has(Flags::LARGE_PAYLOAD),
            // These two were written with a length that is wrong by 3.
            excess: match kind.code {
                codes::NOTIFICATION_E | codes::INFRASTRUCTURE_EVENT_E => 3,
                _ => 0,
            },
        })
        .collect()
});

/// Where the parts of an event stand: positions in its block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub header: Header,
    /// Parameters that were recorded.
    params: u32,
    /// Parameters that are known here.
    known: u32,
    /// Lengths take 32 bits.
    large: bool,
    /// Whether it is of today's schema.
    pub class: Class,
    /// Where the lengths begin.
    lengths: usize,
    /// Where the event ends.
    end: usize,
}

/// Why there is no event in an event block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// The code is not in the table.
    NewCode,
    /// The block is shorter than any event.
    TooShort,
    /// The number of parameters, which old blocks do not say, cannot be found.
    Uncountable,
}

/// How long an event's header is with the number of parameters.
const EVENT_HEADER: usize = 26;
/// And without.
const OLD_EVENT_HEADER: usize = 22;

impl Layout {
    /// Finds the parts of the event in a whole block.
    #[inline]
    pub(crate) fn of(block: &[u8], form: EventBlock, shapes: &[Shape]) -> Result<Self, Absent> {
        let start = HEADER + if form.flags { 6 } else { 2 };
        let lengths = start
            + if form.counted {
                EVENT_HEADER
            } else {
                OLD_EVENT_HEADER
            };
        let content = block.len().saturating_sub(TRAILER);
        if content < lengths {
            return Err(Absent::TooShort);
        }
        let fixed: &[u8; OLD_EVENT_HEADER] = part(block, start).ok_or(Absent::TooShort)?;
        let code = number(fixed, 20, u16::from_le_bytes);
        let shape = shapes.get(usize::from(code)).ok_or(Absent::NewCode)?;
        let length = number(fixed, 16, u32::from_le_bytes) as usize;
        let flags = if form.flags {
            number(block, HEADER + 2, u32::from_le_bytes)
        } else {
            0
        };
        let mut layout = Self {
            header: Header {
                code,
                cpu: number(block, HEADER, u16::from_le_bytes),
                flags,
                time_ns: number(fixed, 0, u64::from_le_bytes),
                tid: number(fixed, 8, i64::from_le_bytes),
            },
            params: 0,
            known: shape.params,
            large: shape.large,
            class: shape.class,
            lengths,
            end: content.min(start + length),
        };
        if form.counted {
            layout.params = number(block, start + OLD_EVENT_HEADER, u32::from_le_bytes);
        } else {
            layout.count(block, start + length, shape)?;
        }
        Ok(layout)
    }

    /// Whether it has all parameters of today's schema.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.params >= self.known
    }

    /// Finds the number of parameters from the length of the event: lengths are
    /// added until they fill it.
    fn count(&mut self, block: &[u8], end: usize, shape: &Shape) -> Result<(), Absent> {
        let width = if shape.large { 4 } else { 2 };
        let end = end.checked_sub(shape.excess).ok_or(Absent::Uncountable)?;
        let bytes = block.get(self.lengths..end).ok_or(Absent::Uncountable)?;
        let mut filled = 0_usize;
        while filled < bytes.len() {
            let at = self.params as usize * width;
            let length = if shape.large {
                number(bytes, at, u32::from_le_bytes) as usize
            } else {
                usize::from(number(bytes, at, u16::from_le_bytes))
            };
            filled = filled.saturating_add(width + length);
            self.params += 1;
            if self.params > shape.params {
                return Err(Absent::Uncountable);
            }
        }
        self.end = end;
        if filled == bytes.len() {
            Ok(())
        } else {
            Err(Absent::Uncountable)
        }
    }

    /// The event, in the block in which it was found. `None` when its lengths
    /// do not fit. Parameters that are not in the table are left out.
    #[inline]
    pub(crate) fn event<'b>(&self, block: &'b [u8]) -> Option<RawEvent<'b>> {
        let bytes = block.get(self.lengths..self.end)?;
        let width = if self.large { 4 } else { 2 };
        let recorded = usize::try_from(self.params).ok()?;
        let (lengths, data) = bytes.split_at_checked(recorded.checked_mul(width)?)?;
        let lengths = lengths.get(..recorded.min(self.known as usize) * width)?;
        let lengths = if self.large {
            Lengths::Long(lengths.as_chunks().0)
        } else {
            Lengths::Short(lengths.as_chunks().0)
        };
        RawEvent::new(self.header, lengths, data)
    }
}

/// `N` bytes from a place.
#[inline]
fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

/// A number at a place that is known to be inside; 0 outside.
#[inline]
fn number<const N: usize, T: Default>(bytes: &[u8], at: usize, decode: fn([u8; N]) -> T) -> T {
    part(bytes, at).map_or_else(T::default, |bytes| decode(*bytes))
}
