//! Fields of the containers of a pod in the request, and of its volumes.

use bumpalo::Bump;
use lanner_event::{Value, Values};

use super::walk::{Found, elements, follow, push, push_some, text_of};
use crate::event::{AuditEvent, Key};
use crate::json::{Kind, Node};

/// A field below `ka.req.pod.containers`, `.initContainers` or
/// `.ephemeralContainers`.
#[derive(Clone, Copy, Debug)]
pub(super) enum ContainerField {
    /// One value below each container; containers without it are left out.
    Each(&'static [&'static str]),
    /// The same, but absent as a whole when one container is without it.
    All(&'static str),
    /// The image, cut at the first `:` and then at the first `@`.
    Repository,
    /// An array of strings below each container, joined by spaces.
    Joined(&'static str),
    /// Ports on the host; a port without one stands for itself.
    HostPort,
    /// The user or group that the container runs as.
    Effective(&'static str),
}

/// The container fields by name.
pub(super) fn container_field(name: &str) -> Option<ContainerField> {
    use ContainerField::{All, Each, Effective, HostPort, Joined, Repository};
    Some(match name {
        "name" => All("name"),
        "image" => All("image"),
        "image.repository" => Repository,
        "args" => Joined("args"),
        "command" => Joined("command"),
        "host_port" => HostPort,
        "privileged" => Each(&["securityContext", "privileged"]),
        "allow_privilege_escalation" => Each(&["securityContext", "allowPrivilegeEscalation"]),
        "read_only_fs" => Each(&["securityContext", "readOnlyRootFilesystem"]),
        "run_as_user" => Each(&["securityContext", "runAsUser"]),
        "run_as_group" => Each(&["securityContext", "runAsGroup"]),
        "proc_mount" => Each(&["securityContext", "procMount"]),
        "add_capabilities" => Each(&["securityContext", "capabilities", "add"]),
        "eff_run_as_user" => Effective("runAsUser"),
        "eff_run_as_group" => Effective("runAsGroup"),
        _ => return None,
    })
}

/// Values below the containers of the list `list`.
fn below<'e>(
    event: &AuditEvent<'e>,
    list: &str,
    index: Option<usize>,
    keys: &[&str],
    arena: &'e Bump,
) -> Option<Found<'e>> {
    let containers = event.get(Key::RequestObject)?.path(&["spec", list])?;
    follow(containers, index, keys, arena)
}

/// Appends the values of one container field.
pub(super) fn extract<'e>(
    (list, field, index): (&str, ContainerField, Option<usize>),
    event: &AuditEvent<'e>,
    arena: &'e Bump,
    out: &mut Values<'e>,
) -> Option<()> {
    match field {
        ContainerField::Each(keys) => {
            push_some(below(event, list, index, keys, arena)?, arena, out);
        }
        ContainerField::All(key) => {
            let found = below(event, list, index, &[key], arena)?;
            if found.iter().all(Option::is_some) {
                push_some(found, arena, out);
            }
        }
        ContainerField::Repository => {
            let found = below(event, list, index, &["image"], arena)?;
            if found.iter().all(Option::is_some) {
                let images = found.into_iter().flatten();
                out.extend(images.map(|node| Value::Str(repository(text_of(node, arena)))));
            }
        }
        ContainerField::Joined(key) => {
            let start = out.len();
            for list in below(event, list, index, &[key], arena)?
                .into_iter()
                .flatten()
            {
                let Some(text) = joined(list, arena) else {
                    out.truncate(start);
                    return None;
                };
                out.push(Value::Str(text));
            }
        }
        ContainerField::HostPort => host_ports(event, list, index, arena, out)?,
        ContainerField::Effective(key) => {
            let pod = event
                .get(Key::RequestObject)?
                .path(&["spec", "securityContext", key]);
            let keys = &["securityContext", key];
            for container in below(event, list, index, &[""], arena)?
                .into_iter()
                .flatten()
            {
                match container.path(keys).or(pod) {
                    Some(node) => push(node, arena, out),
                    None => out.push(Value::Str(b"0")),
                }
            }
        }
    }
    Some(())
}

/// What the plugin takes for the repository of an image: `localhost:5000/x`
/// gives `localhost`.
pub(super) fn repository(image: &[u8]) -> &[u8] {
    let cut = |text: &[u8], at| memchr::memchr(at, text).unwrap_or(text.len());
    let image = &image[..cut(image, b':')];
    &image[..cut(image, b'@')]
}

/// Strings joined by spaces; `None` when it is not an array of strings.
fn joined<'e>(list: Node<'e>, arena: &'e Bump) -> Option<&'e [u8]> {
    if list.kind() != Kind::Array {
        return None;
    }
    let mut text = bumpalo::collections::Vec::new_in(arena);
    for (at, part) in list.elements().enumerate() {
        if at > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(&part.string()?);
    }
    Some(text.into_bump_slice())
}

fn host_ports<'e>(
    event: &AuditEvent<'e>,
    list: &str,
    index: Option<usize>,
    arena: &'e Bump,
    out: &mut Values<'e>,
) -> Option<()> {
    let lists = below(event, list, index, &["ports"], arena)?;
    if lists
        .iter()
        .flatten()
        .any(|ports| ports.kind() != Kind::Array)
    {
        return None;
    }
    for port in lists.iter().flatten().flat_map(Node::elements) {
        let host = port.get(b"hostPort").or_else(|| port.get(b"containerPort"));
        push_some([host], arena, out);
    }
    Some(())
}

/// `true` when one of the containers is privileged, `false` when none is.
pub(super) fn any_privileged(event: &AuditEvent<'_>, arena: &Bump) -> Option<&'static [u8]> {
    let object = event.get(Key::RequestObject)?;
    let keys = &["spec", "containers", "securityContext", "privileged"];
    let found = follow(object, None, keys, arena)?;
    let any = found.iter().flatten().any(|node| node.raw() == b"true");
    Some(if any { b"true" } else { b"false" })
}

/// What `ka.req.volume.hostpath[…]` asks of a path.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    text: Vec<u8>,
    prefix: bool,
}

impl PathPattern {
    /// `text`, or everything that starts with it when it ends in `*`.
    pub(super) fn new(text: &str) -> Self {
        let (text, prefix) = text
            .strip_suffix('*')
            .map_or((text, false), |text| (text, true));
        Self {
            text: text.into(),
            prefix,
        }
    }

    fn matches(&self, path: &[u8]) -> bool {
        if self.prefix {
            path.starts_with(&self.text)
        } else {
            path == self.text
        }
    }

    /// `true` when one of the pod's host paths matches, `false` when none
    /// does.
    pub(super) fn test<'e>(
        &self,
        event: &AuditEvent<'e>,
        arena: &'e Bump,
    ) -> Option<&'static [u8]> {
        let keys = &["spec", "volumes", "hostPath", "path"];
        let found = follow(event.get(Key::RequestObject)?, None, keys, arena)?;
        let any = found
            .iter()
            .flatten()
            .any(|node| self.matches(text_of(*node, arena)));
        Some(if any { b"true" } else { b"false" })
    }
}

/// The keys of each volume but `name`: what kind of volume it is.
pub(super) fn volume_types<'e>(
    event: &AuditEvent<'e>,
    index: Option<usize>,
    arena: &'e Bump,
    out: &mut Values<'e>,
) -> Option<()> {
    let volumes = event.get(Key::RequestObject)?.path(&["spec", "volumes"])?;
    for (raw, _) in elements(volumes, index).flat_map(|volume| volume.members()) {
        if raw != b"name" {
            let mut plain = Vec::with_capacity(raw.len());
            crate::json::unescape(raw, &mut plain);
            out.push(Value::Str(arena.alloc_slice_copy(&plain)));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_as_the_plugin_cuts_them() {
        for (image, expected) in [
            ("nginx", "nginx"),
            ("nginx:1.2", "nginx"),
            (
                "docker.io/library/nginx@sha256:00",
                "docker.io/library/nginx",
            ),
            ("localhost:5000/x", "localhost"),
        ] {
            assert_eq!(repository(image.as_bytes()), expected.as_bytes());
        }
    }

    #[test]
    fn path_patterns() {
        assert!(PathPattern::new("/proc*").matches(b"/proc/1"));
        assert!(!PathPattern::new("/proc").matches(b"/proc/1"));
        assert!(PathPattern::new("").matches(b""));
    }
}
