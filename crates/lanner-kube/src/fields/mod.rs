//! Fields out of audit events: `ka.*`, `jevt.*`, `json.*` and the generic
//! `evt.*`.
//!
//! Names, paths and values are those of Falco's plugins k8saudit 0.18.0 and
//! json 0.7.4. Text of a value that is not a string is its JSON, compact, with
//! escapes as written; `null` is the text `null`. `ka.*` fields need an
//! `auditID`.
//!
//! Kept as the plugin has it, because rules are written against it:
//! - `add_capabilities` has one JSON text for each container
//!   (`["SYS_ADMIN"]`), not its members; `ka.req.service.ports` without an
//!   index is one JSON text of all ports.
//! - `…image.repository` is cut at the first `:`, so `localhost:5000/x` gives
//!   `localhost`.
//! - `name`, `image` and `image.repository` of containers are absent as a
//!   whole when one container has none; the other container fields leave such
//!   a container out. One `command` or `args` that is not an array of strings
//!   makes the field absent.
//! - `host_port` falls back to `containerPort`.
//! - `ka.req.pod.volumes.volume_type` is every key of a volume but `name`.
//! - `ka.req.binding.subject.has_name[x]` is always `true`.
//! - `ka.target.pod.name` comes from the response, for pods without a
//!   subresource.
//! - `ka.req.container.image` and `.image.repository` are the first
//!   container's; `ka.req.container.privileged` is any container's.
//!
//! Changed knowingly, where the plugin is broken and no rule can depend on it:
//! - `ka.sourceips` is `sourceIPs` (the plugin reads
//!   `requestObject.rules[].sourceIPs`, which does not exist).
//! - `eff_run_as_user` and `eff_run_as_group` are the container's
//!   `securityContext`, then the pod's, then `0` (the plugin looks beside
//!   `securityContext`, and always finds `0`).
//! - `ka.req.volume.hostpath[x]` looks at every volume (the plugin only at the
//!   first).
//! - `ka.req.service.ports[0]` is that port (the plugin ignores the index).
//! - `ka.uri.param[x]` passes over undecodable parameters, as the API server
//!   does (in the plugin one of them makes all absent).
//! - Events over 256 KiB are read (the plugin drops them).

mod containers;
mod generic;
mod jevt;
mod table;
mod uri;
mod walk;

use bumpalo::Bump;
use lanner_event::schema::Format;
use lanner_event::{EventSource, ExtractorError, Value, Values};

use crate::event::{AuditEvent, Key};
use crate::json::{Kind, Node};
use containers::{ContainerField, PathPattern};
use generic::Generic;
use jevt::Pointer;
use walk::{elements, follow, is_text, push, push_some, text_of};

/// Kubernetes audit events as a source of the engine (`k8s_audit`).
#[derive(Clone, Copy, Debug)]
pub struct KubeSource;

/// A field with its argument, resolved. Made by [`KubeSource::compile`].
#[derive(Clone, Debug)]
pub struct Extractor(Way);

/// Where a field's values come from.
#[derive(Clone, Debug)]
enum Way {
    /// The text of one value.
    Text(Key, &'static [&'static str]),
    /// The texts of an array's elements.
    List(Key, &'static [&'static str], Option<usize>),
    /// Values found through the arrays of the request's object.
    Below(&'static [&'static str], Option<usize>),
    /// The elements of a member of all rules of a role.
    Rules(&'static str, Option<usize>),
    ServicePorts(Option<usize>),
    Subjects {
        kind: &'static str,
        namespaced: bool,
    },
    Container(&'static str, ContainerField, Option<usize>),
    FirstImage {
        repository: bool,
    },
    AnyPrivileged,
    HostPath(PathPattern),
    VolumeTypes(Option<usize>),
    TargetPod,
    UriParameter(Vec<u8>),
    True,
    Pointer(Pointer),
    Object,
    RawTime,
    Generic(Generic),
}

impl EventSource for KubeSource {
    type Event<'e> = AuditEvent<'e>;
    type Extractor = Extractor;

    fn compile(field: &str, argument: Option<&str>) -> Result<Extractor, ExtractorError> {
        table::way(field, argument)
            .map(Extractor)
            .map_err(|message| ExtractorError { message })
    }

    #[inline]
    fn extract<'a>(
        extractor: &Extractor,
        event: &'a AuditEvent<'_>,
        arena: &'a Bump,
        out: &mut Values<'a>,
    ) {
        // `None` only says that the field is absent.
        let _ = extract(&extractor.0, event, arena, out);
    }

    fn format(extractor: &Self::Extractor, _event: &Self::Event<'_>) -> Format {
        match &extractor.0 {
            Way::Generic(Generic::Shared(shared)) => shared.format(),
            _ => Format::Decimal,
        }
    }

    fn time_ns(event: &AuditEvent<'_>) -> u64 {
        event.time_ns()
    }
}

fn extract<'e>(
    way: &Way,
    event: &AuditEvent<'e>,
    arena: &'e Bump,
    out: &mut Values<'e>,
) -> Option<()> {
    match way {
        Way::Generic(field) => out.push(generic::extract(*field, event, arena)?),
        Way::Pointer(pointer) => push(pointer.find(event.root())?, arena, out),
        Way::Object => out.push(Value::Str(jevt::indented(event.root(), arena))),
        Way::RawTime => {
            out.push(Value::Str(
                arena.alloc_str(&event.time_ns().to_string()).as_bytes(),
            ));
        }
        _ => {
            event.get(Key::AuditId)?;
            extract_ka(way, event, arena, out)?;
        }
    }
    Some(())
}

/// The `ka.*` fields of an event that has an `auditID`.
fn extract_ka<'e>(
    way: &Way,
    event: &AuditEvent<'e>,
    arena: &'e Bump,
    out: &mut Values<'e>,
) -> Option<()> {
    match way {
        Way::Text(key, path) => push(event.get(*key)?.path(path)?, arena, out),
        Way::List(key, path, index) => {
            elements(event.get(*key)?.path(path)?, *index).for_each(|node| push(node, arena, out));
        }
        Way::Below(path, index) => {
            push_some(
                follow(event.get(Key::RequestObject)?, *index, path, arena)?,
                arena,
                out,
            );
        }
        Way::Rules(member, index) => {
            let path = ["rules", *member];
            let found = follow(event.get(Key::RequestObject)?, *index, &path, arena)?;
            for node in found.into_iter().flatten().flat_map(|list| list.elements()) {
                push(node, arena, out);
            }
        }
        Way::ServicePorts(index) => {
            let ports = event.get(Key::RequestObject)?.path(&["spec", "ports"])?;
            push(
                if let Some(index) = index {
                    ports.elements().nth(*index)?
                } else {
                    ports
                },
                arena,
                out,
            );
        }
        Way::Subjects { kind, namespaced } => subjects(event, kind, *namespaced, arena, out)?,
        Way::Container(list, field, index) => {
            containers::extract((list, *field, *index), event, arena, out)?;
        }
        Way::FirstImage { repository } => {
            let containers = event
                .get(Key::RequestObject)?
                .path(&["spec", "containers"])?;
            let image = text_of(containers.elements().next()?.get(b"image")?, arena);
            out.push(Value::Str(if *repository {
                containers::repository(image)
            } else {
                image
            }));
        }
        Way::AnyPrivileged => out.push(Value::Str(containers::any_privileged(event, arena)?)),
        Way::HostPath(pattern) => out.push(Value::Str(pattern.test(event, arena)?)),
        Way::VolumeTypes(index) => containers::volume_types(event, *index, arena, out)?,
        Way::TargetPod => {
            let target = event.get(Key::ObjectRef)?;
            let subresource = target.get(b"subresource").and_then(|node| node.string());
            if is_text(target.get(b"resource"), "pods") && subresource.is_none_or(|s| s.is_empty())
            {
                push(
                    event
                        .get(Key::ResponseObject)?
                        .path(&["metadata", "name"])?,
                    arena,
                    out,
                );
            }
        }
        Way::UriParameter(key) => {
            let uri = text_of(event.get(Key::RequestUri)?, arena);
            let value = uri::query_parameter(uri, key)?;
            out.push(Value::Str(arena.alloc_slice_copy(&value)));
        }
        Way::True => out.push(Value::Str(b"true")),
        Way::Generic(_) | Way::Pointer(_) | Way::Object | Way::RawTime => {}
    }
    Some(())
}

/// Names of the subjects of one kind in a binding.
fn subjects<'e>(
    event: &AuditEvent<'e>,
    kind: &str,
    namespaced: bool,
    arena: &'e Bump,
    out: &mut Values<'e>,
) -> Option<()> {
    let subjects = event.get(Key::RequestObject)?.get(b"subjects")?;
    if subjects.kind() != Kind::Array {
        return None;
    }
    let of_kind = |node: &Node<'_>| {
        node.get(b"kind")
            .is_some_and(|k| text_of(k, arena) == kind.as_bytes())
    };
    for subject in subjects.elements().filter(of_kind) {
        let Some(name) = subject.get(b"name") else {
            continue;
        };
        if !namespaced {
            push(name, arena, out);
        } else if let Some(namespace) = subject.get(b"namespace") {
            let parts = [text_of(namespace, arena), text_of(name, arena)];
            out.push(Value::Str(arena.alloc_slice_copy(&parts.join(&b':'))));
        }
    }
    Some(())
}
