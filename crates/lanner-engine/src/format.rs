//! The output of a rule: its message, and the values of its fields.
//!
//! Facts: `eventformatter.cpp` of libs 0.25.4. A field that is absent prints
//! `<NA>` and is `null` among the output fields; a list prints `(a,b)`.

use std::collections::BTreeMap;

use lanner_event::schema::Format;
use lanner_event::{EventSource, Value};

use crate::evaluate::Evaluation;
use crate::operand::Shape;
use crate::plan::{OutputPart, RulePlan};
use crate::value::{push_formatted, push_text};

/// What an absent value prints.
const NOT_AVAILABLE: &[u8] = b"<NA>";
/// libsinsp prints lists and byte buffers through a buffer of 1 KiB, and cuts
/// off what does not fit. The output fields hold the whole list.
const MAX_PRINTED: usize = 1023;
/// Fields of the event's time are numbers among the output fields, whatever
/// they print.
const TIMES: [&str; 5] = [
    "evt.time",
    "evt.time.s",
    "evt.time.iso8601",
    "evt.datetime",
    "evt.datetime.s",
];

/// Outputs that were filled in, one after the other.
#[derive(Clone, Default)]
pub(crate) struct Rendered {
    pub messages: Vec<u8>,
    /// The values of the output fields, as JSON.
    pub values: Vec<u8>,
    /// Where each of them ends.
    pub value_ends: Vec<usize>,
}

/// The output of a rule, ready to be filled in.
pub(crate) struct Output {
    parts: Vec<Part>,
    /// Sorted by name, without repeats.
    fields: Vec<OutputField>,
}

enum Part {
    Text(Box<[u8]>),
    Operand { operand: u32, width: Option<usize> },
}

struct OutputField {
    name: String,
    operand: u32,
    is_time: bool,
}

impl Output {
    pub(crate) fn new(rule: &RulePlan) -> Self {
        let parts = rule.output.iter().map(|part| match part {
            OutputPart::Text { text } => Part::Text(text.as_bytes().into()),
            OutputPart::Field { operand, width } => Part::Operand {
                operand: *operand,
                width: width.map(|width| width as usize).filter(|&width| width > 0),
            },
        });
        let fields: BTreeMap<_, _> = rule.fields.iter().cloned().collect();
        let fields = fields.into_iter().map(|(name, operand)| OutputField {
            is_time: TIMES.contains(&name.as_str()),
            name,
            operand,
        });
        Self {
            parts: parts.collect(),
            fields: fields.collect(),
        }
    }

    /// The names of the output fields, sorted.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.fields.iter().map(|field| field.name.clone())
    }

    /// Appends the message and, in the order of the names, the values of the
    /// output fields.
    pub(crate) fn render<S: EventSource>(
        &self,
        time_ns: u64,
        evaluation: &mut Evaluation<'_, '_, S>,
        out: &mut Rendered,
    ) {
        let message = &mut out.messages;
        for part in &self.parts {
            match part {
                Part::Text(text) => message.extend_from_slice(text),
                Part::Operand { operand, width } => {
                    let start = message.len();
                    let shape = evaluation.shape(*operand);
                    let (format, absence) = evaluation.shown(*operand);
                    let values = evaluation.values(*operand).filter(|some| !some.is_empty());
                    match (values, absence) {
                        (None, Some(reason)) => push_absence(reason, message),
                        (values, _) => print(values, shape, format, message),
                    }
                    if let Some(width) = width {
                        message.resize(start + width, b' ');
                    }
                }
            }
        }
        for field in &self.fields {
            let shape = evaluation.shape(field.operand);
            let (format, _) = evaluation.shown(field.operand);
            let values = evaluation.values(field.operand);
            if field.is_time {
                push_json(&Value::U64(time_ns), &mut out.values);
            } else {
                push_values(values, shape, format, &mut out.values);
            }
            out.value_ends.push(out.values.len());
        }
    }
}

/// `<NA>`, with why.
fn push_absence(reason: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<NA: ");
    out.extend_from_slice(reason.as_bytes());
    out.push(b'>');
}

/// Prints an operand.
fn print(values: Option<&[Value<'_>]>, shape: Shape, format: Format, out: &mut Vec<u8>) {
    let start = out.len();
    match values {
        None => out.extend_from_slice(NOT_AVAILABLE),
        Some(values) if shape.list => {
            out.push(b'(');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_text(value, out);
                if out.len() - start > MAX_PRINTED {
                    break;
                }
            }
            out.push(b')');
            out.truncate(start + MAX_PRINTED);
        }
        Some(values) => match values.first() {
            None => out.extend_from_slice(NOT_AVAILABLE),
            Some(value) => {
                if !push_formatted(value, format, out) {
                    push_text(value, out);
                }
                if matches!(value, Value::Bytes(_)) {
                    out.truncate(start + MAX_PRINTED);
                }
            }
        },
    }
}

/// Appends the values of an operand as JSON; a number that is not in decimal is text.
fn push_values(values: Option<&[Value<'_>]>, shape: Shape, format: Format, out: &mut Vec<u8>) {
    match values {
        None | Some([]) => out.extend_from_slice(b"null"),
        Some(values) if shape.list => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_json(value, out);
            }
            out.push(b']');
        }
        Some([value, ..]) => {
            let mut text = Vec::new();
            if push_formatted(value, format, &mut text) {
                push_json_string(&text, out);
            } else {
                push_json(value, out);
            }
        }
    }
}

/// Appends a value as JSON: numbers and booleans as such, the rest as text.
fn push_json(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::U64(_) | Value::I64(_) | Value::Bool(_) => push_text(value, out),
        Value::F64(number) => {
            // JSON has no infinity and no NaN; they become null.
            let _ = serde_json::to_writer(out, number);
        }
        Value::Str(text) => push_json_string(text, out),
        Value::Bytes(_) | Value::Ip(_) => {
            let mut text = Vec::new();
            push_text(value, &mut text);
            text.truncate(MAX_PRINTED);
            push_json_string(&text, out);
        }
    }
}

/// Appends text as a JSON string; what is not UTF-8 becomes U+FFFD.
pub(crate) fn push_json_string(text: &[u8], out: &mut Vec<u8>) {
    // Nearly all text is like this; looking at it costs less than what comes below.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') & !matches!(byte, b'"' | b'\\');
    if text.iter().all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
        return;
    }
    // Writing to a vector cannot fail.
    let _ = serde_json::to_writer(out, &String::from_utf8_lossy(text));
}
