//! Google (GKE): Cloud Logging entries with an `AuditLog` inside, converted as
//! the plugin k8saudit-gke converts them (its `ConvertLogEntry`).

use std::collections::BTreeMap;

use super::{Unwrapped, Writer, string};
use crate::event::RecordError;
use crate::json::{Kind, Node};
use crate::time::{format_micro_time, parse_rfc3339};

pub(super) fn unwrap(entry: Node<'_>) -> Unwrapped {
    let Some(log) = entry
        .get(b"protoPayload")
        .filter(|log| log.kind() == Kind::Object)
    else {
        return Unwrapped::No;
    };
    let name = string(entry, &["logName"]).unwrap_or_default();
    let is_audit = [
        &b"cloudaudit.googleapis.com%2Factivity"[..],
        b"cloudaudit.googleapis.com%2Fdata_access",
    ]
    .iter()
    .any(|suffix| name.ends_with(suffix));
    let is_cluster = string(entry, &["resource", "type"]).as_deref() == Some(b"k8s_cluster");
    let is_kubernetes = string(log, &["serviceName"]).as_deref() == Some(b"k8s.io");
    if !is_audit || !is_cluster || !is_kubernetes {
        return Unwrapped::Other;
    }
    // Exports carry both times; the plugin takes the first.
    let time = string(entry, &["receiveTimestamp"]).or_else(|| string(entry, &["timestamp"]));
    match time.and_then(|time| parse_rfc3339(&time)) {
        Some(time_ns) => Unwrapped::Event {
            json: convert(entry, log, time_ns),
            time_ns: Some(time_ns),
        },
        None => Unwrapped::Broken(RecordError::new("the log entry has no receiveTimestamp")),
    }
}

/// What a resource name says: group/version[/namespaces/ns]/resource[/name[/subresource]].
#[derive(Default)]
struct Target<'t> {
    namespace: Option<&'t [u8]>,
    resource: &'t [u8],
    name: Option<&'t [u8]>,
    subresource: Option<&'t [u8]>,
}

fn target<'t>(parts: &[&'t [u8]]) -> Option<Target<'t>> {
    let namespaced = parts.get(2) == Some(&&b"namespaces"[..]);
    Some(match (parts.len(), namespaced) {
        (4, _) => Target {
            resource: parts[2],
            name: Some(parts[3]),
            ..Target::default()
        },
        (5, true) => Target {
            namespace: Some(parts[3]),
            resource: parts[4],
            ..Target::default()
        },
        (6.., true) => Target {
            namespace: Some(parts[3]),
            resource: parts[4],
            name: Some(parts[5]),
            subresource: parts.get(6).copied(),
        },
        (5.., false) => Target {
            resource: parts[2],
            name: Some(parts[3]),
            subresource: Some(parts[4]),
            namespace: None,
        },
        _ => return None,
    })
}

fn convert(entry: Node<'_>, log: Node<'_>, time_ns: u64) -> Vec<u8> {
    let resource_name = string(log, &["resourceName"]).unwrap_or_default();
    let method = string(log, &["methodName"]).unwrap_or_default();
    let verb = method.rsplit(|&b| b == b'.').next().unwrap_or_default();
    let parts: Vec<&[u8]> = resource_name.split(|&b| b == b'/').collect();
    let target = target(&parts);
    let switches = target
        .as_ref()
        .is_some_and(|t| matches!(t.subresource, Some(b"attach" | b"exec")));
    let (level, stage) = if switches {
        ("Request", "ResponseStarted")
    } else {
        ("RequestResponse", "ResponseComplete")
    };

    let mut event = Writer::new();
    event.text("kind", b"Event");
    event.text("apiVersion", b"audit.k8s.io/v1");
    event.text("level", level.as_bytes());
    event.text("auditID", &string(entry, &["insertId"]).unwrap_or_default());
    event.text("stage", stage.as_bytes());
    event.text("requestURI", &[b"/", &*resource_name].concat());
    event.text("verb", verb);
    let mut user = Writer::new();
    if let Some(email) = string(log, &["authenticationInfo", "principalEmail"]) {
        user.text("username", &email);
    }
    event.json("user", &user.finish());
    let ip = string(log, &["requestMetadata", "callerIp"])
        .or_else(|| string(log, &["requestMetadata", "callerIP"]));
    let mut ips = b"[".to_vec();
    crate::json::quote(&ip.unwrap_or_default(), &mut ips);
    ips.push(b']');
    event.json("sourceIPs", &ips);
    if let Some(agent) = string(log, &["requestMetadata", "callerSuppliedUserAgent"]) {
        event.text("userAgent", &agent);
    }
    if let Some(target) = target {
        event.json("objectRef", &object_ref(&target, &parts));
    }
    event.json("responseStatus", status(verb, switches).as_bytes());
    for (from, to) in [("request", "requestObject"), ("response", "responseObject")] {
        if let Some(object) = log
            .get(from.as_bytes())
            .filter(|node| node.kind() == Kind::Object)
        {
            event.json(to, object.raw());
        }
    }
    let time = format_micro_time(time_ns);
    event.text("requestReceivedTimestamp", time.as_bytes());
    event.text("stageTimestamp", time.as_bytes());
    event.json("annotations", &annotations(entry));
    event.finish()
}

fn object_ref(target: &Target<'_>, parts: &[&[u8]]) -> Vec<u8> {
    let mut object = Writer::new();
    let members = [
        ("resource", Some(target.resource)),
        ("namespace", target.namespace),
        ("name", target.name),
        ("apiGroup", Some(parts[0])),
        ("apiVersion", Some(parts[1])),
        ("subresource", target.subresource),
    ];
    for (key, value) in members {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            object.text(key, value);
        }
    }
    object.finish()
}

/// The entry does not say how the request ended; the plugin infers this.
fn status(verb: &[u8], switches: bool) -> String {
    let (text, code) = match verb {
        _ if switches => ("Switching Protocols (inferred)", 101),
        b"create" => ("Created (inferred)", 201),
        _ => ("OK (inferred)", 200),
    };
    format!(r#"{{"metadata":{{}},"status":"{text}","message":"{text}","code":{code}}}"#)
}

/// Labels of the entry, and those of the cluster, which win.
fn annotations(entry: Node<'_>) -> Vec<u8> {
    let mut labels = BTreeMap::new();
    for path in [&["labels"][..], &["resource", "labels"]] {
        for (key, value) in entry
            .path(path)
            .into_iter()
            .flat_map(|labels| labels.members())
        {
            if let Some(value) = value.string() {
                labels.insert(key, value);
            }
        }
    }
    let mut object = Writer::new();
    for (raw, value) in labels {
        let mut key = Vec::new();
        crate::json::unescape(raw, &mut key);
        object.key(&key);
        crate::json::quote(&value, &mut object.json);
    }
    object.finish()
}
