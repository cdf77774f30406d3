//! The `evt.*` fields about number and time that every source has. Values and
//! types are those of `sinsp_filtercheck_gen_event.cpp` in libs 0.25.4.

use bumpalo::Bump;

use crate::Value;
use crate::schema::Format;
use crate::time::{write_clock, write_nanos};

const NANOS: u64 = 1_000_000_000;

/// When an event happened, and which one it is.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Its number.
    pub number: u64,
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// Time of the first event.
    pub first_ns: u64,
    /// Seconds that local time is ahead of UTC.
    pub utc_offset: i32,
}

/// A field about number or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generic {
    /// `evt.num`.
    Number,
    /// Clock, with the date or not, with nanoseconds or not.
    Time {
        /// With the date.
        date: bool,
        /// With nanoseconds.
        nanos: bool,
    },
    /// `evt.time.iso8601`.
    Iso8601,
    /// The event's time, or its distance from the first event.
    Raw {
        /// Which part of it.
        unit: Unit,
        /// The distance.
        relative: bool,
    },
}

/// A part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    All,
    /// Whole seconds.
    Seconds,
    /// The nanoseconds within the second.
    Fraction,
}

impl Unit {
    /// The part of `ns`.
    #[must_use]
    pub fn of(self, ns: u64) -> u64 {
        match self {
            Self::All => ns,
            Self::Seconds => ns / NANOS,
            Self::Fraction => ns % NANOS,
        }
    }
}

impl Generic {
    /// How outputs show it.
    #[must_use]
    pub fn format(self) -> Format {
        match self {
            Self::Raw {
                unit: Unit::Fraction,
                ..
            }
            | Self::Raw {
                unit: Unit::All,
                relative: true,
            } => Format::Padded,
            _ => Format::Decimal,
        }
    }

    /// A field by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        use Generic::{Iso8601, Number, Raw, Time};
        use Unit::{All, Fraction, Seconds};
        Some(match name {
            "evt.num" => Number,
            "evt.time" => Time {
                date: false,
                nanos: true,
            },
            "evt.time.s" => Time {
                date: false,
                nanos: false,
            },
            "evt.time.iso8601" => Iso8601,
            "evt.datetime" => Time {
                date: true,
                nanos: true,
            },
            "evt.datetime.s" => Time {
                date: true,
                nanos: false,
            },
            "evt.rawtime" => Raw {
                unit: All,
                relative: false,
            },
            "evt.rawtime.s" => Raw {
                unit: Seconds,
                relative: false,
            },
            "evt.rawtime.ns" => Raw {
                unit: Fraction,
                relative: false,
            },
            "evt.reltime" => Raw {
                unit: All,
                relative: true,
            },
            "evt.reltime.s" => Raw {
                unit: Seconds,
                relative: true,
            },
            "evt.reltime.ns" => Raw {
                unit: Fraction,
                relative: true,
            },
            _ => return None,
        })
    }

    /// Its value.
    #[must_use]
    pub fn value<'e>(self, moment: Moment, arena: &'e Bump) -> Value<'e> {
        let ns = moment.time_ns;
        let text = |write: &dyn Fn(&mut String)| {
            let mut text = String::with_capacity(40);
            write(&mut text);
            Value::Str(arena.alloc_str(&text).as_bytes())
        };
        match self {
            Self::Number => Value::U64(moment.number),
            Self::Time { date, nanos } => text(&|out| {
                write_clock(ns, moment.utc_offset, date.then_some(' '), out);
                if nanos {
                    write_nanos(ns, out);
                }
            }),
            Self::Iso8601 => text(&|out| {
                write_clock(ns, 0, Some('T'), out);
                write_nanos(ns, out);
                out.push_str("+0000");
            }),
            // Wraps as in libs when events come out of order.
            Self::Raw { unit, relative } => {
                let first = if relative { moment.first_ns } else { 0 };
                Value::U64(unit.of(ns.wrapping_sub(first)))
            }
        }
    }
}
