//! Field names → where the values come from.

use super::Way;
use super::containers::{PathPattern, container_field};
use super::generic::generic_field;
use super::jevt::Pointer;
use crate::event::Key;

const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// The argument as an index: a number or nothing.
fn index(field: &str, argument: Option<&str>) -> Result<Option<usize>, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match argument {
        None => Ok(None),
        Some(text) if digits(text) => match text.parse() {
            Ok(index) => Ok(Some(index)),
            Err(_) => Err(format!("the index of {field} is too large: {text}")),
        },
        Some(text) => Err(format!(
            "the argument of {field} must be an index, not '{text}'"
        )),
    }
}

/// The argument as a key, which must be there.
fn key<'a>(field: &str, argument: Option<&'a str>) -> Result<&'a str, String> {
    argument.ok_or_else(|| format!("{field} needs an argument: {field}[…]"))
}

/// Resolves a field with its argument.
pub(super) fn way(field: &str, argument: Option<&str>) -> Result<Way, String> {
    if let Some(found) = plain(field).or_else(|| generic_field(field).map(Way::Generic)) {
        return match argument {
            None => Ok(found),
            Some(_) => Err(format!("{field} takes no argument")),
        };
    }
    for list in CONTAINER_LISTS {
        let name = field
            .strip_prefix("ka.req.pod.")
            .and_then(|rest| rest.strip_prefix(list));
        // The plugin lists no host ports of ephemeral containers: the API
        // does not let them have any.
        let known = |name: &str| (list, name) != ("ephemeralContainers", "host_port");
        if let Some(name) = name.and_then(|rest| rest.strip_prefix('.'))
            && let Some(found) = container_field(name).filter(|_| known(name))
        {
            return Ok(Way::Container(list, found, index(field, argument)?));
        }
    }
    Ok(match field {
        "ka.uri.param" => Way::UriParameter(key(field, argument)?.into()),
        "ka.req.binding.subject.has_name" => {
            key(field, argument)?;
            Way::True
        }
        "ka.req.volume.hostpath" => Way::HostPath(PathPattern::new(key(field, argument)?)),
        "json.value" | "jevt.value" => Way::Pointer(Pointer::new(key(field, argument)?)),
        "ka.req.role.rules.apiGroups" => Way::Rules("apiGroups", index(field, argument)?),
        "ka.req.role.rules.nonResourceURLs" => {
            Way::Rules("nonResourceURLs", index(field, argument)?)
        }
        "ka.req.role.rules.verbs" => Way::Rules("verbs", index(field, argument)?),
        "ka.req.role.rules.resources" => Way::Rules("resources", index(field, argument)?),
        "ka.req.service.ports" => Way::ServicePorts(index(field, argument)?),
        "ka.req.pod.volumes.hostpath" => Way::Below(
            &["spec", "volumes", "hostPath", "path"],
            index(field, argument)?,
        ),
        "ka.req.pod.volumes.flexvolume_driver" => Way::Below(
            &["spec", "volumes", "flexVolume", "driver"],
            index(field, argument)?,
        ),
        "ka.req.pod.volumes.volume_type" => Way::VolumeTypes(index(field, argument)?),
        "ka.sourceips" => Way::List(Key::SourceIps, &[], index(field, argument)?),
        _ => return Err(format!("no such field of audit events: {field}")),
    })
}

/// The fields without an argument.
fn plain(field: &str) -> Option<Way> {
    use Way::{List, Subjects, Text};
    Some(match field {
        "ka.auditid" => Text(Key::AuditId, &[]),
        "ka.stage" => Text(Key::Stage, &[]),
        "ka.auth.decision" => Text(Key::Annotations, &["authorization.k8s.io/decision"]),
        "ka.auth.reason" => Text(Key::Annotations, &["authorization.k8s.io/reason"]),
        "ka.auth.openshift.decision" => {
            Text(Key::Annotations, &["authentication.openshift.io/decision"])
        }
        "ka.auth.openshift.username" => {
            Text(Key::Annotations, &["authentication.openshift.io/username"])
        }
        "ka.validations.admission.policy.failure" => Text(
            Key::Annotations,
            &["validation.policy.admission.k8s.io/validation_failure"],
        ),
        "ka.security.pod.violations" => Text(
            Key::Annotations,
            &["pod-security.kubernetes.io/audit-violations"],
        ),
        "ka.cluster.name" => Text(Key::Annotations, &["cluster_name"]),
        "ka.user.name" => Text(Key::User, &["username"]),
        "ka.user.groups" => List(Key::User, &["groups"], None),
        "ka.impuser.name" => Text(Key::ImpersonatedUser, &["username"]),
        "ka.verb" => Text(Key::Verb, &[]),
        "ka.uri" => Text(Key::RequestUri, &[]),
        "ka.useragent" => Text(Key::UserAgent, &[]),
        "ka.target.name" | "ka.req.configmap.name" => Text(Key::ObjectRef, &["name"]),
        "ka.target.namespace" => Text(Key::ObjectRef, &["namespace"]),
        "ka.target.resource" => Text(Key::ObjectRef, &["resource"]),
        "ka.target.subresource" => Text(Key::ObjectRef, &["subresource"]),
        "ka.target.pod.name" => Way::TargetPod,
        "ka.resp.name" => Text(Key::ResponseObject, &["metadata", "name"]),
        "ka.response.code" => Text(Key::ResponseStatus, &["code"]),
        "ka.response.reason" => Text(Key::ResponseStatus, &["reason"]),
        "ka.req.binding.subjects" => List(Key::RequestObject, &["subjects"], None),
        "ka.req.binding.subjects.user_names" => Subjects {
            kind: "User",
            namespaced: false,
        },
        "ka.req.binding.subjects.group_names" => Subjects {
            kind: "Group",
            namespaced: false,
        },
        "ka.req.binding.subjects.serviceaccount_names" => Subjects {
            kind: "ServiceAccount",
            namespaced: false,
        },
        "ka.req.binding.subjects.serviceaccount_ns_names" => Subjects {
            kind: "ServiceAccount",
            namespaced: true,
        },
        "ka.req.binding.role" => Text(Key::RequestObject, &["roleRef", "name"]),
        "ka.req.role.rules" => List(Key::RequestObject, &["rules"], None),
        "ka.req.configmap.obj" => Text(Key::RequestObject, &["data"]),
        "ka.req.service.type" => Text(Key::RequestObject, &["spec", "type"]),
        "ka.req.container.image" => Way::FirstImage { repository: false },
        "ka.req.container.image.repository" => Way::FirstImage { repository: true },
        "ka.req.container.privileged" => Way::AnyPrivileged,
        "ka.req.pod.host_ipc" => Text(Key::RequestObject, &["spec", "hostIPC"]),
        "ka.req.pod.host_pid" => Text(Key::RequestObject, &["spec", "hostPID"]),
        "ka.req.pod.host_network" | "ka.req.container.host_network" => {
            Text(Key::RequestObject, &["spec", "hostNetwork"])
        }
        "ka.req.pod.run_as_user" => Text(
            Key::RequestObject,
            &["spec", "securityContext", "runAsUser"],
        ),
        "ka.req.pod.run_as_group" => Text(
            Key::RequestObject,
            &["spec", "securityContext", "runAsGroup"],
        ),
        "ka.req.pod.fs_group" => Text(Key::RequestObject, &["spec", "securityContext", "fsGroup"]),
        "ka.req.pod.supplemental_groups" => List(
            Key::RequestObject,
            &["spec", "securityContext", "supplementalGroups"],
            None,
        ),
        "json.obj" | "jevt.obj" => Way::Object,
        "json.rawtime" | "jevt.rawtime" => Way::RawTime,
        _ => return None,
    })
}
