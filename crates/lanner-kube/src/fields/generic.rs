//! The `evt.*` fields that every source has, for audit events.

use bumpalo::Bump;
use lanner_event::Value;
use lanner_event::generic::{Generic as Shared, Moment};

use super::walk::text_of;
use crate::event::AuditEvent;

/// A field of the class `evt`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Generic {
    /// Number and times.
    Shared(Shared),
    PluginName,
    PluginInfo,
    Source,
    IsAsync,
    AsyncType,
    HostName,
}

/// The generic fields by name.
pub(super) fn generic_field(name: &str) -> Option<Generic> {
    Some(match name {
        "evt.pluginname" => Generic::PluginName,
        "evt.plugininfo" => Generic::PluginInfo,
        "evt.source" => Generic::Source,
        "evt.is_async" => Generic::IsAsync,
        "evt.asynctype" => Generic::AsyncType,
        "evt.hostname" => Generic::HostName,
        _ => return Shared::named(name).map(Generic::Shared),
    })
}

/// The value of one generic field.
pub(super) fn extract<'e>(
    field: Generic,
    event: &AuditEvent<'e>,
    arena: &'e Bump,
) -> Option<Value<'e>> {
    Some(match field {
        Generic::Shared(shared) => {
            let moment = Moment {
                number: event.context.number,
                time_ns: event.time_ns(),
                first_ns: event.context.first_ns,
                utc_offset: event.context.utc_offset,
            };
            shared.value(moment, arena)
        }
        Generic::PluginName => Value::Str(b"k8saudit"),
        Generic::PluginInfo => Value::Str(text_of(event.root(), arena)),
        Generic::Source => Value::Str(b"k8s_audit"),
        Generic::IsAsync => Value::Bool(false),
        Generic::AsyncType => return None,
        Generic::HostName => Value::Str(event.context.hostname?.as_bytes()),
    })
}
