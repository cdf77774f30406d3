//! What managed clusters wrap their audit events in.

mod azure;
mod google;

use std::borrow::Cow;

use crate::event::RecordError;
use crate::json::{Kind, Node, compact};

/// What is inside of an object that is not an event itself.
pub(super) enum Unwrapped {
    /// JSON that should be an event (or a list of them).
    Event {
        /// The event.
        json: Vec<u8>,
        /// Its time, where the envelope knows it finer than the event.
        time_ns: Option<u64>,
    },
    /// A record of another log that comes in the same stream.
    Other,
    /// An envelope, but not a whole one.
    Broken(RecordError),
    /// Not an envelope.
    No,
}

impl Unwrapped {
    fn event(json: Vec<u8>) -> Self {
        Self::Event {
            json,
            time_ns: None,
        }
    }
}

/// What Amazon's and other collectors end a message with that they cut.
pub(super) const CUT_MARK: &[u8] = b"[Truncated...]";

/// Looks into an object that is not an event.
pub(super) fn unwrap(object: Node<'_>) -> Unwrapped {
    if object.kind() != Kind::Object {
        return Unwrapped::No;
    }
    // CloudWatch events ({message}), and rows of Logs Insights ({@message}).
    let message = object.get(b"message").or_else(|| object.get(b"@message"));
    if let Some(message) = message {
        return text_event(message, "message");
    }
    if object.get(b"protoPayload").is_some() {
        return google::unwrap(object);
    }
    azure::unwrap(object)
}

/// An event that is the text of a member, or the member itself.
fn text_event(node: Node<'_>, name: &str) -> Unwrapped {
    if node.kind() == Kind::Object {
        return Unwrapped::event(node.raw().to_vec());
    }
    let Some(text) = node.string() else {
        let found = node.kind().name();
        return Unwrapped::Broken(RecordError::new(format!(
            "not an audit event: {name} is {found}"
        )));
    };
    let text = text.trim_ascii();
    if text.ends_with(CUT_MARK) {
        let mut error = RecordError::new(format!("{name} was truncated before it came here"));
        error.truncated = true;
        return Unwrapped::Broken(error);
    }
    match text.first() {
        Some(b'{' | b'[') => Unwrapped::event(text.to_vec()),
        // Text of other components (klog) in the same log group.
        _ => Unwrapped::Other,
    }
}

/// Writes one JSON object, member after member.
struct Writer {
    json: Vec<u8>,
}

impl Writer {
    fn new() -> Self {
        Self {
            json: b"{".to_vec(),
        }
    }

    fn key(&mut self, key: &[u8]) {
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        crate::json::quote(key, &mut self.json);
        self.json.push(b':');
    }

    fn text(&mut self, key: &str, text: &[u8]) {
        self.key(key.as_bytes());
        crate::json::quote(text, &mut self.json);
    }

    /// A member that is JSON already.
    fn json(&mut self, key: &str, json: &[u8]) {
        self.key(key.as_bytes());
        compact(json, &mut self.json);
    }

    fn finish(mut self) -> Vec<u8> {
        self.json.push(b'}');
        self.json
    }
}

/// A member's text, when it is a string.
fn string<'e>(object: Node<'e>, path: &[&str]) -> Option<Cow<'e, [u8]>> {
    object.path(path)?.string()
}
