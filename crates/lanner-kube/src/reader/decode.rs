//! A complete JSON text → its events: an event as it is, the items of lists,
//! what is wrapped in an envelope; then the filters.

use super::dedup::Dedup;
use super::envelope::{Unwrapped, unwrap};
use super::report::Report;
use super::window::Place;
use crate::event::{AuditEvent, Context, KindRule, RecordError};
use crate::json::{Index, Kind, Node, SyntaxError};

/// How many lists and envelopes may lie within each other.
pub(super) const MAX_WRAPPED: usize = 8;

/// Gets every event. It must not keep the reference.
pub type OnEvent<'f> = &'f mut dyn FnMut(&AuditEvent<'_>);

/// Members that hold a list of records, with what their elements must be: an
/// `EventList`, an AKS diagnostic blob, a CloudWatch subscription, the output
/// of `aws logs`, an answer of Google's `entries.list`.
const LISTS: [(&[u8], KindRule); 5] = [
    (b"items", KindRule::Optional),
    (b"records", KindRule::Required),
    (b"logEvents", KindRule::Required),
    (b"events", KindRule::Required),
    (b"entries", KindRule::Required),
];

/// What the elements of the array below `key` must be, if they are records.
pub(super) fn list_rule(key: &[u8]) -> Option<KindRule> {
    LISTS
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, rule)| *rule)
}

/// Whether an object is a list of records: it has one of [`LISTS`] before it
/// says that it is an event. The framer decides the same while reading.
fn is_list(object: Node<'_>) -> bool {
    object
        .members()
        .find_map(|(key, value)| match key {
            b"kind" if value.raw() == b"\"Event\"" => Some(false),
            _ => (list_rule(key).is_some() && value.kind() == Kind::Array).then_some(true),
        })
        .unwrap_or(false)
}

/// Filters and the context of events.
#[derive(Default)]
pub(super) struct Filter {
    pub dedup: Option<Dedup>,
    pub since_ns: Option<u64>,
    pub until_ns: Option<u64>,
    pub hostname: Option<String>,
    pub utc_offset: i32,
    pub first_ns: Option<u64>,
    pub number: u64,
}

/// The record that is being decoded.
#[derive(Clone, Copy)]
pub(super) struct Record<'t> {
    /// Its bytes.
    pub text: &'t [u8],
    /// Where it starts.
    pub place: Place,
    /// What it must be.
    pub rule: KindRule,
}

/// Where the decoder is within a record.
#[derive(Clone, Copy)]
struct Level {
    depth: usize,
    rule: KindRule,
    /// A finer time than the event's own.
    time_ns: Option<u64>,
}

/// Decodes one record after the other.
pub(super) struct Decoder {
    /// Space for indexes, one for each level of wrapping.
    spare: Vec<Index>,
    pub filter: Filter,
    pub report: Report,
}

impl Decoder {
    pub fn new(filter: Filter) -> Self {
        Self {
            spare: Vec::new(),
            filter,
            report: Report::new(),
        }
    }

    /// Hands out the events of a record. What is wrong inside goes to the
    /// report.
    ///
    /// # Errors
    /// When the text as a whole is not JSON; nothing was handed out or
    /// reported then.
    pub fn record(
        &mut self,
        record: &Record<'_>,
        on_event: OnEvent<'_>,
    ) -> Result<(), SyntaxError> {
        let level = Level {
            depth: 0,
            rule: record.rule,
            time_ns: None,
        };
        self.text(record.text, record, level, on_event)
    }

    fn text(
        &mut self,
        text: &[u8],
        record: &Record<'_>,
        level: Level,
        on_event: OnEvent<'_>,
    ) -> Result<(), SyntaxError> {
        let mut index = self.spare.pop().unwrap_or_default();
        let result = index
            .read(text)
            .map(|root| self.value(root, record, level, on_event));
        self.spare.push(index);
        result
    }

    fn value(&mut self, node: Node<'_>, record: &Record<'_>, level: Level, on_event: OnEvent<'_>) {
        if node.kind() == Kind::Array {
            return self.list(node, record, level, on_event);
        }
        let error = match AuditEvent::from_node(node, level.rule) {
            Ok(event) if !event.has_foreign_members() || !is_list(node) => {
                return self.emit(event, level, on_event);
            }
            Ok(_) => RecordError::new("not an audit event"),
            Err(error) => error,
        };
        if node.kind() == Kind::Object && is_list(node) {
            for (key, value) in node.members() {
                if let Some(rule) = list_rule(key)
                    && value.kind() == Kind::Array
                {
                    self.list(value, record, Level { rule, ..level }, on_event);
                }
            }
            return;
        }
        match unwrap(node) {
            Unwrapped::Event { json, time_ns } => {
                if level.depth == MAX_WRAPPED {
                    return self.skip(record, RecordError::new("too many envelopes in each other"));
                }
                let inner = Level {
                    depth: level.depth + 1,
                    rule: KindRule::Required,
                    time_ns,
                };
                if let Err(error) = self.text(&json, record, inner, on_event) {
                    let mut error = RecordError::from(error);
                    error.reason = format!("in the wrapped event: {}", error.reason).into();
                    // Offsets of the inner text are of no use outside.
                    error.at = None;
                    self.skip(record, error);
                }
            }
            Unwrapped::Other => self.report.counters().ignored += 1,
            Unwrapped::Broken(error) => self.skip(record, error),
            Unwrapped::No => self.skip(record, error),
        }
    }

    fn list(&mut self, list: Node<'_>, record: &Record<'_>, level: Level, on_event: OnEvent<'_>) {
        if level.depth == MAX_WRAPPED {
            return self.skip(record, RecordError::new("too many lists in each other"));
        }
        let level = Level {
            depth: level.depth + 1,
            ..level
        };
        for element in list.elements() {
            // Only elements of the record's own text have a place in it.
            let text = element.raw();
            let offset = text
                .as_ptr()
                .addr()
                .wrapping_sub(record.text.as_ptr().addr());
            if offset < record.text.len() {
                let place = Place {
                    offset: record.place.offset + offset as u64,
                    ..record.place
                };
                let inner = Record {
                    text,
                    place,
                    rule: level.rule,
                };
                self.value(element, &inner, level, on_event);
            } else {
                self.value(element, record, level, on_event);
            }
        }
    }

    fn skip(&mut self, record: &Record<'_>, error: RecordError) {
        self.report.skip(record.text, record.place, &error);
    }

    #[inline]
    fn emit(&mut self, mut event: AuditEvent<'_>, level: Level, on_event: OnEvent<'_>) {
        if let Some(time_ns) = level.time_ns {
            event.set_time_ns(time_ns);
        }
        let filter = &mut self.filter;
        let time_ns = event.time_ns();
        if filter.since_ns.is_some_and(|since| time_ns < since)
            || filter.until_ns.is_some_and(|until| time_ns >= until)
        {
            self.report.counters().filtered += 1;
            return;
        }
        if filter
            .dedup
            .as_mut()
            .is_some_and(|dedup| dedup.is_repeated(&event))
        {
            self.report.counters().duplicates += 1;
            return;
        }
        filter.number += 1;
        let context = Context {
            number: filter.number,
            first_ns: *filter.first_ns.get_or_insert(time_ns),
            hostname: filter.hostname.as_deref(),
            utc_offset: filter.utc_offset,
        };
        self.report.counters().events += 1;
        on_event(&event.with_context(context));
    }
}
