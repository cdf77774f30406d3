//! A batch of alerts, compact, and what it is printed as.
//!
//! Facts: `formats.cpp` of Falco 0.44.1. JSON objects have their keys sorted.
//! Falco 0.45 escapes what could forge a line or drive a terminal in text; so
//! does this, except that quotes and backslashes stay as they are in 0.44.

use std::sync::Arc;

use crate::format::{Rendered, push_json_string};
use crate::matcher::RuleInfo;
use crate::time::{TimeStyle, push_utc};

/// Falco's names of the priorities.
const PRIORITIES: [&str; 8] = [
    "Emergency",
    "Alert",
    "Critical",
    "Error",
    "Warning",
    "Notice",
    "Informational",
    "Debug",
];

/// What the alerts of a plan have in common.
#[derive(Default)]
pub(crate) struct RuleOutputs {
    pub source: String,
    pub rules: Vec<RuleInfo>,
    /// By rule, the names of its output fields, sorted.
    pub keys: Vec<Vec<String>>,
}

/// How Falco's JSON looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonOptions<'a> {
    /// Left out when `None`.
    pub hostname: Option<&'a str>,
    /// The time in `output`.
    pub time: TimeStyle,
}

/// Alerts, in the order in which they came.
#[derive(Clone, Default)]
pub struct Alerts {
    outputs: Arc<RuleOutputs>,
    records: Vec<Record>,
    rendered: Rendered,
}

#[derive(Clone, Copy)]
struct Record {
    time_ns: u64,
    rule: u32,
    message_end: usize,
    values_end: usize,
}

/// An alert as it is written: Falco's JSON and Falco's text, without an end of line.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// When its event was, in nanoseconds since the epoch.
    pub time_ns: u64,
    /// 0, emergency, to 7, debug.
    pub priority: u8,
    /// The rule's name.
    pub rule: &'a str,
    /// The event source.
    pub source: &'a str,
    /// A JSON object, in UTF-8.
    pub json: &'a [u8],
    /// Text, in UTF-8.
    pub text: &'a [u8],
}

/// One alert of a batch.
#[derive(Clone, Copy)]
struct Alert<'a> {
    time_ns: u64,
    rule: &'a RuleInfo,
    message: &'a [u8],
    keys: &'a [String],
    /// Where each value lies in `values`.
    first_value: usize,
    batch: &'a Alerts,
}

impl Alerts {
    pub(crate) fn new(outputs: Arc<RuleOutputs>) -> Self {
        Self {
            outputs,
            records: Vec::new(),
            rendered: Rendered::default(),
        }
    }

    /// Appends an alert; `render` appends its message and its output fields.
    pub(crate) fn push(&mut self, time_ns: u64, rule: usize, render: impl FnOnce(&mut Rendered)) {
        render(&mut self.rendered);
        self.records.push(Record {
            time_ns,
            rule: rule as u32,
            message_end: self.rendered.messages.len(),
            values_end: self.rendered.value_ends.len(),
        });
    }

    /// How many alerts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The rules of the alerts behind the first `start`, by their places in the plan.
    pub fn rules_from(&self, start: usize) -> impl Iterator<Item = usize> {
        let records = self.records.get(start..).unwrap_or_default();
        records.iter().map(|record| record.rule as usize)
    }

    /// Removes all alerts, keeps the memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.rendered.messages.clear();
        self.rendered.values.clear();
        self.rendered.value_ends.clear();
    }

    /// How many bytes the alerts take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rendered.messages.len()
            + self.rendered.values.len()
            + size_of::<usize>() * self.rendered.value_ends.len()
            + size_of::<Record>() * self.records.len()
    }

    /// Appends the alerts as Falco's text, a line each.
    pub fn write_text(&self, time: TimeStyle, out: &mut Vec<u8>) {
        let mut output = Vec::new();
        for alert in self.iter() {
            output.clear();
            alert.push_output(time, &mut output);
            push_printable(&output, out);
            out.push(b'\n');
        }
    }

    /// Appends the alerts as Falco's JSON, a line each.
    pub fn write_json_lines(&self, options: JsonOptions<'_>, out: &mut Vec<u8>) {
        let mut output = Vec::new();
        for alert in self.iter() {
            output.clear();
            alert.push_output(options.time, &mut output);
            alert.push_json(&output, options, out);
            out.push(b'\n');
        }
    }

    /// Hands out the alerts one by one.
    pub fn each(&self, options: JsonOptions<'_>, mut take: impl FnMut(Written<'_>)) {
        let (mut output, mut text, mut json) = (Vec::new(), Vec::new(), Vec::new());
        for alert in self.iter() {
            output.clear();
            text.clear();
            json.clear();
            alert.push_output(options.time, &mut output);
            push_printable(&output, &mut text);
            alert.push_json(&output, options, &mut json);
            take(Written {
                time_ns: alert.time_ns,
                priority: alert.rule.priority,
                rule: &alert.rule.name,
                source: &self.outputs.source,
                json: &json,
                text: &text,
            });
        }
    }

    /// Appends the alerts as a JSON array for `lanner.outputs.alert.Alert`.
    pub fn write_json_array(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, alert) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"time_ns\":");
            out.extend_from_slice(alert.time_ns.to_string().as_bytes());
            out.extend_from_slice(b",\"rule\":");
            push_json_string(alert.rule.name.as_bytes(), out);
            out.extend_from_slice(b",\"priority\":");
            out.push(b'0' + alert.rule.priority);
            out.extend_from_slice(b",\"source\":");
            push_json_string(self.outputs.source.as_bytes(), out);
            out.extend_from_slice(b",\"tags\":");
            alert.push_tags(out);
            out.extend_from_slice(b",\"message\":");
            push_json_string(alert.message, out);
            out.extend_from_slice(b",\"output_fields\":");
            alert.push_fields(None, out);
            out.push(b'}');
        }
        out.push(b']');
    }

    /// Appends the messages alone, a line each.
    pub fn write_messages(&self, out: &mut Vec<u8>) {
        for alert in self.iter() {
            push_printable(alert.message, out);
            out.push(b'\n');
        }
    }

    /// Appends the output fields alone, a JSON object a line.
    pub fn write_fields(&self, out: &mut Vec<u8>) {
        for alert in self.iter() {
            alert.push_fields(None, out);
            out.push(b'\n');
        }
    }

    /// Of each alert its rule, by its place in the plan, and the values of its output fields, as
    /// JSON, in the order of their names.
    pub fn rows(&self) -> impl Iterator<Item = (usize, impl Iterator<Item = &[u8]>)> {
        self.records.iter().zip(self.iter()).map(|(record, alert)| {
            let values = (0..alert.keys.len()).map(move |index| alert.value(index));
            (record.rule as usize, values)
        })
    }

    /// The messages alone: the outputs without time and priority. What is not
    /// UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.iter()
            .map(|alert| String::from_utf8_lossy(alert.message).into_owned())
            .collect()
    }

    fn iter(&self) -> impl Iterator<Item = Alert<'_>> {
        let mut message = 0;
        let mut first_value = 0;
        self.records.iter().map(move |record| {
            let alert = Alert {
                time_ns: record.time_ns,
                rule: &self.outputs.rules[record.rule as usize],
                message: &self.rendered.messages[message..record.message_end],
                keys: &self.outputs.keys[record.rule as usize],
                first_value,
                batch: self,
            };
            message = record.message_end;
            first_value = record.values_end;
            alert
        })
    }
}

impl<'a> Alert<'a> {
    fn priority(&self) -> &'static str {
        PRIORITIES[usize::from(self.rule.priority & 7)]
    }

    /// Time, priority and message.
    fn push_output(&self, time: TimeStyle, out: &mut Vec<u8>) {
        time.push(self.time_ns, out);
        out.extend_from_slice(b": ");
        out.extend_from_slice(self.priority().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.message);
    }

    /// A JSON object; `output` is what [`Self::push_output`] gives.
    fn push_json(&self, output: &[u8], options: JsonOptions<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        if let Some(hostname) = options.hostname {
            push_member("hostname", out);
            push_json_string(hostname.as_bytes(), out);
            out.push(b',');
        }
        push_member("output", out);
        push_json_string(output, out);
        out.push(b',');
        push_member("output_fields", out);
        self.push_fields(Some(options.time.key()), out);
        out.push(b',');
        push_member("priority", out);
        push_json_string(self.priority().as_bytes(), out);
        out.push(b',');
        push_member("rule", out);
        push_json_string(self.rule.name.as_bytes(), out);
        out.push(b',');
        push_member("source", out);
        push_json_string(self.batch.outputs.source.as_bytes(), out);
        out.push(b',');
        push_member("tags", out);
        self.push_tags(out);
        out.push(b',');
        push_member("time", out);
        out.push(b'"');
        push_utc(self.time_ns, out);
        out.extend_from_slice(b"\"}");
    }

    fn push_tags(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, tag) in self.rule.tags.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_json_string(tag.as_bytes(), out);
        }
        out.push(b']');
    }

    /// The output fields, with the event's time at its place among them.
    fn push_fields(&self, time_key: Option<&str>, out: &mut Vec<u8>) {
        let mut time_key = time_key;
        let mut separator = b'{';
        let mut begin = |key: &str, out: &mut Vec<u8>| {
            out.push(separator);
            separator = b',';
            push_member(key, out);
        };
        for (index, key) in self.keys.iter().enumerate() {
            if let Some(time) = time_key.take_if(|time| *time <= key.as_str()) {
                begin(time, out);
                out.extend_from_slice(self.time_ns.to_string().as_bytes());
                if time == key {
                    continue;
                }
            }
            begin(key, out);
            out.extend_from_slice(self.value(index));
        }
        if let Some(time) = time_key {
            begin(time, out);
            out.extend_from_slice(self.time_ns.to_string().as_bytes());
        }
        if separator == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
    }

    fn value(&self, index: usize) -> &'a [u8] {
        let at = self.first_value + index;
        let ends = &self.batch.rendered.value_ends;
        let start = at.checked_sub(1).map_or(0, |before| ends[before]);
        &self.batch.rendered.values[start..ends[at]]
    }
}

fn push_member(name: &str, out: &mut Vec<u8>) {
    push_json_string(name.as_bytes(), out);
    out.push(b':');
}

/// Appends text as a line: control characters are escaped as in JSON, what is
/// not UTF-8 becomes U+FFFD.
fn push_printable(text: &[u8], out: &mut Vec<u8>) {
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            _ if character.is_control() => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
