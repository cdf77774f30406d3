//! `k8s.*` and `k8smeta.*`: the pod of an event's container.
//!
//! Source of values: `caps/extract/extract.cpp` of the container plugin 0.7.1
//! (falcosecurity/plugins). What the API server would have to be asked for is
//! absent: the deprecated `k8s.*` fields, and `k8smeta.*`.

use std::collections::BTreeMap;

use bumpalo::Bump;
use bumpalo::collections::Vec;
use lanner_event::{ExtractorError, Value, Values};
use lanner_state::container::Metadata;

use super::container::container;
use crate::SyscallEvent;

/// How much of a container's id is shown.
const SHORT_ID: usize = 12;

/// Objects of which only the API server knows.
const OBJECTS: [&str; 6] = ["rc", "svc", "ns", "rs", "deployment", "pod"];

/// A field whose name begins with `k8s.` or `k8smeta.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum K8sField {
    /// A label of the container that tells of its pod.
    OfLabel(&'static str),
    /// `k8s.pod.sandbox_id`.
    SandboxId,
    /// `k8s.pod.full_sandbox_id`.
    FullSandboxId,
    /// `k8s.pod.label[…]`.
    PodLabel(Box<str>),
    /// `k8s.pod.labels`.
    PodLabels,
    /// `k8s.pod.ip`.
    PodIp,
    /// `k8s.pod.cni.json`.
    PodCni,
    /// What only the API server knows.
    Absent,
}

impl K8sField {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        if field.ends_with(".label") && argument.is_none() {
            return known_label(field).then(|| Err(super::missing_argument(field)));
        }
        if let Some(name) = field.strip_prefix("k8smeta.") {
            let is_known = name == "pod.ip" || is_of(name, &["name", "uid", "label", "labels"]);
            return is_known.then_some(Ok(Self::Absent));
        }
        Some(Ok(match field.strip_prefix("k8s.")? {
            "pod.name" => Self::OfLabel("io.kubernetes.pod.name"),
            "ns.name" => Self::OfLabel("io.kubernetes.pod.namespace"),
            "pod.id" | "pod.uid" => Self::OfLabel("io.kubernetes.pod.uid"),
            "pod.sandbox_id" => Self::SandboxId,
            "pod.full_sandbox_id" => Self::FullSandboxId,
            "pod.label" => Self::PodLabel(argument?.into()),
            "pod.labels" => Self::PodLabels,
            "pod.ip" => Self::PodIp,
            "pod.cni.json" => Self::PodCni,
            name if is_of(name, &["name", "id", "label", "labels"]) => Self::Absent,
            _ => return None,
        }))
    }

    /// Whether the value is what the container's runtime tells.
    pub(super) fn is_told(&self) -> bool {
        *self != Self::Absent
    }

    /// Appends the value; nothing when the field is absent.
    pub fn extract<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        out.extend(self.value(event, arena).map(Value::Str));
    }

    fn value<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump) -> Option<&'a [u8]> {
        let known = container(event)?.metadata.as_deref()?;
        let sandbox = || sandbox(event, known);
        Some(match self {
            Self::OfLabel(label) => known.labels.get(*label)?.as_bytes(),
            Self::SandboxId => short(&known.pod_sandbox_id).as_bytes(),
            Self::FullSandboxId => known.pod_sandbox_id.as_bytes(),
            Self::PodLabel(name) => {
                let of_sandbox = sandbox().and_then(|pod| pod.pod_sandbox_labels.get(&**name));
                let label = of_sandbox.or_else(|| known.pod_sandbox_labels.get(&**name));
                label?.as_bytes()
            }
            Self::PodLabels => {
                let pod = sandbox().unwrap_or(known);
                shown_labels(&pod.pod_sandbox_labels, arena)
            }
            Self::PodIp if known.cni_json.is_empty() => sandbox()?.ip.as_bytes(),
            Self::PodIp => known.ip.as_bytes(),
            Self::PodCni if known.cni_json.is_empty() => sandbox()?.cni_json.as_bytes(),
            Self::PodCni => known.cni_json.as_bytes(),
            Self::Absent => return None,
        })
    }
}

/// Whether a field gives a label of something in a cluster.
fn known_label(field: &str) -> bool {
    let names = ["k8s.", "k8smeta."].into_iter();
    let mut names = names.filter_map(|class| field.strip_prefix(class));
    names.any(|name| is_of(name, &["label"]))
}

fn is_of(name: &str, attributes: &[&str]) -> bool {
    name.split_once('.').is_some_and(|(object, attribute)| {
        OBJECTS.contains(&object) && attributes.contains(&attribute)
    })
}

/// The sandbox that says what the container does not say itself. Containers
/// without one have the host in its place.
fn sandbox<'a>(event: &SyscallEvent<'a>, known: &Metadata) -> Option<&'a Metadata> {
    if !known.cni_json.is_empty() {
        return None;
    }
    let containers = &event.state.containers;
    let sandbox = containers.find(short(&known.pod_sandbox_id))?;
    containers.get(sandbox)?.metadata.as_deref()
}

fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// Labels as one text, without those that runtimes keep for themselves.
pub(super) fn shown_labels<'a>(labels: &BTreeMap<String, String>, arena: &'a Bump) -> &'a [u8] {
    let mut text = Vec::new_in(arena);
    for (name, value) in labels {
        if name.starts_with("annotation.") || name.starts_with("io.kubernetes.") {
            continue;
        }
        if !text.is_empty() {
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(name.as_bytes());
        if !value.is_empty() {
            text.push(b':');
            text.extend_from_slice(value.as_bytes());
        }
    }
    text.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_shown() {
        let labels = [
            ("app", "web"),
            ("io.kubernetes.pod.name", "x"),
            ("annotation.a", "b"),
            ("flag", ""),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let arena = Bump::new();
        assert_eq!(shown_labels(&labels.into(), &arena), b"app:web, flag");
        assert_eq!(shown_labels(&BTreeMap::new(), &arena), b"");
    }

    #[test]
    fn knows_its_fields() {
        for (field, is_known) in [
            ("k8s.rc.name", true),
            ("k8s.rc.uid", false),
            ("k8smeta.pod.ip", true),
            ("k8smeta.svc.ip", false),
            ("k8smeta.deployment.uid", true),
            ("k8s.cluster", false),
        ] {
            let found = K8sField::compile(field, None);
            assert_eq!(found, is_known.then_some(Ok(K8sField::Absent)), "{field}");
        }
        for (field, is_known) in [
            ("k8s.pod.label", true),
            ("k8s.rc.label", true),
            ("k8smeta.ns.label", true),
            ("k8s.label", false),
            ("ka.label", false),
        ] {
            assert_eq!(
                K8sField::compile(field, None).is_some(),
                is_known,
                "{field}"
            );
            let with = K8sField::compile(field, Some("app"));
            assert_eq!(with.is_some_and(|found| found.is_ok()), is_known, "{field}");
        }
    }
}
