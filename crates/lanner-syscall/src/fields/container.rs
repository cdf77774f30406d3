//! `container.*`: the container of an event.
//!
//! Source of values: `caps/extract/extract.cpp` of the container plugin 0.7.1
//! (falcosecurity/plugins), which has these fields since Falco 0.41. Without
//! knowledge of a container all fields but its id and times are absent.

use bumpalo::Bump;
use lanner_event::{ExtractorError, Value, Values};
use lanner_state::container::{Container, Metadata};

use super::join::join;
use super::mounts::{Mounts, shown};
use crate::SyscallEvent;

/// A field whose name begins with `container.`.
#[derive(Clone, Debug)]
pub enum ContainerField {
    /// `container.id`.
    Id,
    /// `container.full_id`.
    FullId,
    /// `container.type`.
    Type,
    /// A text that the runtime told.
    Text(fn(&Metadata) -> &str),
    /// A property that the runtime told.
    Flag(fn(&Metadata) -> bool),
    /// `container.mounts`.
    AllMounts,
    /// `container.mount…[…]`.
    Mount(Mounts),
    /// `container.label[…]`.
    Label(Box<str>),
    /// `container.labels`.
    Labels,
    /// `container.start_ts`.
    Start,
    /// `container.duration`.
    Duration,
    /// Deprecated fields, which Falco has without values.
    Absent,
}

impl ContainerField {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        let name = field.strip_prefix("container.")?;
        if let Some(part) = name.strip_prefix("mount")
            && part != "s"
        {
            let mounts = Mounts::compile(part, field, argument)?;
            return Some(mounts.map(Self::Mount));
        }
        Some(Ok(match name {
            "id" => Self::Id,
            "full_id" => Self::FullId,
            "type" => Self::Type,
            "name" => Self::Text(|known| &known.name),
            "image" => Self::Text(|known| &known.image),
            "image.id" => Self::Text(|known| &known.image_id),
            "image.repository" => Self::Text(|known| &known.image_repository),
            "image.tag" => Self::Text(|known| &known.image_tag),
            "image.digest" => Self::Text(|known| &known.image_digest),
            "ip" => Self::Text(|known| &known.ip),
            "cni.json" => Self::Text(|known| &known.cni_json),
            "privileged" => Self::Flag(|known| known.privileged),
            "host_pid" => Self::Flag(|known| known.host_pid),
            "host_network" => Self::Flag(|known| known.host_network),
            "host_ipc" => Self::Flag(|known| known.host_ipc),
            "mounts" => Self::AllMounts,
            "label" => match argument {
                Some(name) => Self::Label(name.into()),
                None => return Some(Err(super::missing_argument(field))),
            },
            "labels" => Self::Labels,
            "start_ts" => Self::Start,
            "duration" => Self::Duration,
            "healthcheck" | "liveness_probe" | "readiness_probe" => Self::Absent,
            _ => return None,
        }))
    }

    /// Whether the value is what the container's runtime tells.
    pub(super) fn is_told(&self) -> bool {
        !matches!(self, Self::Id | Self::Start | Self::Duration | Self::Absent)
    }

    /// Appends the value; nothing when the field is absent.
    pub fn extract<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        out.extend(self.value(event, arena));
    }

    fn value<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump) -> Option<Value<'a>> {
        let container = container(event)?;
        let known = container.metadata.as_deref();
        Some(match self {
            Self::Id => Value::Str(container.id.as_bytes()),
            Self::FullId => known.map(|_| Value::Str(container.full_id.as_bytes()))?,
            Self::Type => known.map(|_| Value::Str(container.kind.name().as_bytes()))?,
            Self::Text(text) => Value::Str(text(known?).as_bytes()),
            Self::Flag(flag) => Value::Bool(flag(known?)),
            Self::AllMounts => {
                let mounts = known?.mounts.iter().map(|mount| shown(mount, arena));
                let mounts = bumpalo::collections::Vec::from_iter_in(mounts, arena);
                Value::Str(join(mounts.iter().copied(), b",", arena))
            }
            Self::Mount(mounts) => Value::Str(mounts.text(&known?.mounts, arena)?),
            Self::Label(name) => Value::Str(known?.labels.get(&**name)?.as_bytes()),
            Self::Labels => Value::Str(super::k8s::shown_labels(&known?.labels, arena)),
            Self::Start => Value::U64(start(event)?),
            Self::Duration => Value::U64(event.raw.time_ns.wrapping_sub(start(event)?)),
            Self::Absent => return None,
        })
    }
}

/// The container that an event tells of, or that its thread is in.
pub(super) fn container<'a>(event: &SyscallEvent<'a>) -> Option<&'a Container> {
    if let Some(told) = &event.context.container {
        return Some(told);
    }
    // Also of events that have no thread as far as other fields go.
    let of_tid = || event.state.thread(event.raw.tid);
    let thread = event.thread.or_else(of_tid)?;
    event.state.containers.get(thread.container)
}

/// When the first process of the thread's pid namespace began; not of events
/// that tell of a container.
fn start(event: &SyscallEvent<'_>) -> Option<u64> {
    if event.context.container.is_some() {
        return None;
    }
    let of_tid = || event.state.thread(event.raw.tid);
    let start = event.thread.or_else(of_tid)?.pidns_init_start_ts;
    (start != 0).then_some(start)
}
