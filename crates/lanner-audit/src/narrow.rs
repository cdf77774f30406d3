//! Events as another policy would have recorded them.

use lanner_kube::AuditEvent;
use lanner_kube::event::Key;
use lanner_kube::json::compact;

use crate::policy::{Decision, Level, Stage};
use crate::sink::Sink;
use crate::strip::{plain, push_without_managed_fields};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrowed {
    /// The policy records nothing of the request, or not at this stage.
    Dropped,
    /// A line was appended.
    Kept {
        /// How much of the request it has.
        level: Level,
        /// The policy wants bodies that the event does not have.
        lacks_bodies: bool,
    },
}

/// What became of an event that may be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// See [`Narrowed::Dropped`].
    Dropped,
    /// It is too large, also without bodies.
    Discarded,
    /// A line was appended.
    Kept {
        /// How much of the request it has, or would have.
        level: Level,
        /// It has no bodies because it was too large.
        truncated: bool,
    },
}

/// Like [`narrow`], but of events with more than `max_bytes`, the newline counted, the bodies are
/// left out, and an annotation says so; if that is not enough, nothing is kept (kube-apiserver's
/// `plugin/pkg/audit/truncate`).
pub fn record(
    event: &AuditEvent<'_>,
    decision: Decision<'_>,
    max_bytes: usize,
    out: &mut Vec<u8>,
) -> Recorded {
    let start = out.len();
    let fits = |out: &Vec<u8>| out.len() - start <= max_bytes;
    let Narrowed::Kept { level, .. } = narrow(event, decision, out) else {
        return Recorded::Dropped;
    };
    let truncated = !fits(out);
    if truncated && level >= Level::Request {
        out.truncate(start);
        let form = Form {
            level,
            has_bodies: false,
            omit_managed_fields: false,
        };
        write(event, form, out);
    }
    if fits(out) {
        Recorded::Kept { level, truncated }
    } else {
        out.truncate(start);
        Recorded::Discarded
    }
}

/// How an event is written.
#[derive(Clone, Copy)]
struct Form {
    level: Level,
    /// Otherwise they were too large, which an annotation says.
    has_bodies: bool,
    omit_managed_fields: bool,
}

/// Appends the line that a policy with this decision writes of an event, as far as the event has
/// it: what was not recorded does not come back.
pub fn narrow(event: &AuditEvent<'_>, decision: Decision<'_>, out: &mut dyn Sink) -> Narrowed {
    let stage = event.get(Key::Stage).and_then(|stage| stage.string());
    let stage = stage.map_or(Some(Stage::ResponseComplete), |name| Stage::of(&name));
    let is_omitted = stage.is_some_and(|stage| decision.omit_stages.contains(&stage));
    if decision.level == Level::None || is_omitted {
        return Narrowed::Dropped;
    }
    let recorded = level_of(event);
    let level = decision.level.min(recorded);
    let form = Form {
        level,
        has_bodies: true,
        omit_managed_fields: decision.omit_managed_fields,
    };
    write(event, form, out);
    Narrowed::Kept {
        level,
        lacks_bodies: decision.level > recorded && may_have_bodies(event),
    }
}

/// The level of an event; of those that do not say, what is there tells.
fn level_of(event: &AuditEvent<'_>) -> Level {
    let said = event.get(Key::Level).and_then(|level| level.string());
    let named = |name: &[u8]| {
        let mut levels = Level::ALL.into_iter();
        levels.find(|level| level.name().as_bytes() == name)
    };
    let found = || match (
        event.get(Key::RequestObject),
        event.get(Key::ResponseObject),
    ) {
        (_, Some(_)) => Level::RequestResponse,
        (Some(_), None) => Level::Request,
        (None, None) => Level::Metadata,
    };
    said.and_then(|name| named(&name)).unwrap_or_else(found)
}

/// Whether there are bodies at any level: not of watches, of what is no resource, nor before the
/// answer.
fn may_have_bodies(event: &AuditEvent<'_>) -> bool {
    let text = |key| event.get(key).and_then(|node| node.string());
    event.get(Key::ObjectRef).is_some()
        && text(Key::Verb).is_none_or(|verb| *verb != *b"watch")
        && text(Key::Stage).is_none_or(|stage| *stage == *b"ResponseComplete")
}

fn write(event: &AuditEvent<'_>, form: Form, out: &mut dyn Sink) {
    if memchr::memchr2(b'\n', b'\r', event.root().raw()).is_some() {
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        write_object(event, form, &mut lines);
        compact(&lines, &mut line);
        // What is left stands in strings, where it must not be; the reader does not mind.
        for part in line.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            match part {
                [text @ .., b'\n'] => [text, b"\\n"].into_iter().for_each(|part| out.put(part)),
                [text @ .., b'\r'] => [text, b"\\r"].into_iter().for_each(|part| out.put(part)),
                text => out.put(text),
            }
        }
    } else {
        write_object(event, form, out);
    }
    out.put(b"\n");
}

fn write_object(event: &AuditEvent<'_>, form: Form, out: &mut dyn Sink) {
    let is_patch = || {
        let verb = event.get(Key::Verb).and_then(|verb| verb.string());
        verb.is_some_and(|verb| *verb == *b"patch")
    };
    out.put(b"{\"kind\":\"Event\",\"apiVersion\":");
    match event.get(Key::ApiVersion) {
        Some(version) => out.put(version.raw()),
        None => out.put(b"\"audit.k8s.io/v1\""),
    }
    out.put(b",\"level\":\"");
    out.put(form.level.name().as_bytes());
    out.put(b"\"");
    let may_have_escapes = event.has_foreign_members();
    for (key, value) in event.root().members() {
        let name = match may_have_escapes {
            true => plain(key),
            false => key.into(),
        };
        let (is_kept, is_body) = match &*name {
            b"kind" | b"apiVersion" | b"level" => (false, false),
            b"requestObject" => (form.has(Level::Request), !is_patch()),
            b"responseObject" => (form.has(Level::RequestResponse), true),
            b"annotations" => (form.has_bodies, false),
            _ => (true, false),
        };
        if !is_kept {
            continue;
        }
        out.put(b",\"");
        out.put(key);
        out.put(b"\":");
        if is_body && form.omit_managed_fields {
            push_without_managed_fields(value, out);
        } else {
            out.put(value.raw());
        }
    }
    if !form.has_bodies {
        out.put(b",\"annotations\":{");
        write_truncated_annotations(event, out);
        out.put(b"}");
    }
    out.put(b"}");
}

/// The annotations of an event, and the one that says that it has no bodies, in the order of keys,
/// as kube-apiserver writes them.
fn write_truncated_annotations(event: &AuditEvent<'_>, out: &mut dyn Sink) {
    let truncated: (&[u8], &[u8]) = (b"audit.k8s.io/truncated", b"\"true\"");
    let annotations = event.get(Key::Annotations);
    let mut members: Vec<_> = annotations
        .iter()
        .flat_map(|node| node.members())
        .map(|(key, value)| (key, value.raw()))
        .filter(|(key, _)| *key != truncated.0)
        .collect();
    let place = members.partition_point(|(key, _)| *key < truncated.0);
    members.insert(place, truncated);
    for (number, (key, value)) in members.into_iter().enumerate() {
        out.put(if number == 0 { b"\"" } else { b",\"" });
        out.put(key);
        out.put(b"\":");
        out.put(value);
    }
}

impl Form {
    /// Whether the bodies of a level are written.
    fn has(self, level: Level) -> bool {
        self.has_bodies && self.level >= level
    }
}
