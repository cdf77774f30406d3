//! Azure (AKS): diagnostic records of the categories `kube-audit` and
//! `kube-audit-admin`, from Event Hubs or storage, and rows of the tables
//! `AKSAudit` and `AKSAuditAdmin`.

use super::{Unwrapped, Writer, text_event};
use crate::json::{Kind, Node};

/// Columns of the tables and the members that they hold.
const COLUMNS: [(&str, &str); 15] = [
    ("Level", "level"),
    ("AuditId", "auditID"),
    ("Stage", "stage"),
    ("RequestUri", "requestURI"),
    ("Verb", "verb"),
    ("User", "user"),
    ("ImpersonatedUser", "impersonatedUser"),
    ("SourceIps", "sourceIPs"),
    ("UserAgent", "userAgent"),
    ("ObjectRef", "objectRef"),
    ("ResponseStatus", "responseStatus"),
    ("RequestObject", "requestObject"),
    ("ResponseObject", "responseObject"),
    ("RequestReceivedTime", "requestReceivedTimestamp"),
    ("Annotations", "annotations"),
];

pub(super) fn unwrap(object: Node<'_>) -> Unwrapped {
    let log = object.path(&["properties", "log"]);
    let category = object.get(b"category").or_else(|| object.get(b"Category"));
    if let Some(category) = category {
        let name = category.string().unwrap_or_default();
        // Some collectors leave out what the category is; the text tells.
        let is_audit = name.starts_with(b"kube-audit") || name.is_empty();
        return match log {
            Some(log) if is_audit => text_event(log, "properties.log"),
            None if is_audit => Unwrapped::No,
            _ => Unwrapped::Other,
        };
    }
    if let Some(log) = log {
        return text_event(log, "properties.log");
    }
    match (object.get(b"AuditId"), object.get(b"Stage")) {
        (Some(_), Some(_)) => Unwrapped::event(row(object)),
        _ => Unwrapped::No,
    }
}

/// A row of a table as an event.
fn row(row: Node<'_>) -> Vec<u8> {
    let mut event = Writer::new();
    event.text("kind", b"Event");
    event.text("apiVersion", b"audit.k8s.io/v1");
    for (column, member) in COLUMNS {
        if let Some(value) = row.get(column.as_bytes()) {
            put(&mut event, member, value);
        }
    }
    let stage_time = row
        .get(b"StageReceivedTime")
        .or_else(|| row.get(b"TimeGenerated"));
    if let Some(time) = stage_time {
        put(&mut event, "stageTimestamp", time);
    }
    event.finish()
}

/// Columns of type dynamic come as JSON or as text of JSON, by the way they
/// were exported.
fn put(event: &mut Writer, member: &str, value: Node<'_>) {
    let structured = matches!(
        member,
        "user"
            | "impersonatedUser"
            | "sourceIPs"
            | "objectRef"
            | "responseStatus"
            | "requestObject"
            | "responseObject"
            | "annotations"
    );
    if !structured || value.kind() != Kind::String {
        if value.kind() != Kind::Null {
            event.json(member, value.raw());
        }
        return;
    }
    let text = value.string().unwrap_or_default();
    // Anything else is a note in its place ("skipped-too-big-size-object").
    if matches!(text.first(), Some(b'{' | b'[')) && crate::json::Index::new().read(&text).is_ok() {
        event.json(member, &text);
    }
}
