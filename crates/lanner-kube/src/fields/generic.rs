//! The `evt.*` fields that every source has, for audit events. Values and
//! types are those of `sinsp_filtercheck_gen_event.cpp` in libs 0.25.4.

use bumpalo::Bump;
use lanner_event::Value;

use super::walk::text_of;
use crate::event::AuditEvent;
use crate::time::{write_clock, write_nanos};

const NANOS: u64 = 1_000_000_000;

/// A field of the class `evt`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Generic {
    Number,
    /// Clock, with the date or not, with nanoseconds or not.
    Time {
        date: bool,
        nanos: bool,
    },
    Iso8601,
    /// Nanoseconds, seconds, or the nanoseconds within the second, of the
    /// event's time or of its distance from the first event.
    Raw {
        unit: Unit,
        relative: bool,
    },
    PluginName,
    PluginInfo,
    Source,
    IsAsync,
    AsyncType,
    HostName,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    All,
    Seconds,
    Fraction,
}

/// The generic fields by name.
pub(super) fn generic_field(name: &str) -> Option<Generic> {
    use Generic::{
        AsyncType, HostName, IsAsync, Iso8601, Number, PluginInfo, PluginName, Raw, Source, Time,
    };
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
        "evt.pluginname" => PluginName,
        "evt.plugininfo" => PluginInfo,
        "evt.source" => Source,
        "evt.is_async" => IsAsync,
        "evt.asynctype" => AsyncType,
        "evt.hostname" => HostName,
        _ => return None,
    })
}

/// The value of one generic field.
pub(super) fn extract<'e>(
    field: Generic,
    event: &AuditEvent<'e>,
    arena: &'e Bump,
) -> Option<Value<'e>> {
    let ns = event.time_ns();
    let text = |write: &dyn Fn(&mut String)| {
        let mut text = String::with_capacity(40);
        write(&mut text);
        Value::Str(arena.alloc_str(&text).as_bytes())
    };
    Some(match field {
        Generic::Number => Value::U64(event.context.number),
        Generic::Time { date, nanos } => text(&|out| {
            write_clock(ns, event.context.utc_offset, date.then_some(' '), out);
            if nanos {
                write_nanos(ns, out);
            }
        }),
        Generic::Iso8601 => text(&|out| {
            write_clock(ns, 0, Some('T'), out);
            write_nanos(ns, out);
            out.push_str("+0000");
        }),
        Generic::Raw { unit, relative } => {
            // Wraps as in libs when events come out of order.
            let first = if relative { event.context.first_ns } else { 0 };
            let ns = ns.wrapping_sub(first);
            Value::U64(match unit {
                Unit::All => ns,
                Unit::Seconds => ns / NANOS,
                Unit::Fraction => ns % NANOS,
            })
        }
        Generic::PluginName => Value::Str(b"k8saudit"),
        Generic::PluginInfo => Value::Str(text_of(event.root(), arena)),
        Generic::Source => Value::Str(b"k8s_audit"),
        Generic::IsAsync => Value::Bool(false),
        Generic::AsyncType => return None,
        Generic::HostName => Value::Str(event.context.hostname?.as_bytes()),
    })
}
