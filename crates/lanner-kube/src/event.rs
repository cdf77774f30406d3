//! One audit event: its top-level members, found in one pass.

use std::borrow::Cow;
use std::fmt;

use crate::json::{Index, Kind, Node, Slot, SyntaxError};
use crate::time::parse_rfc3339;

macro_rules! keys {
    ($($name:ident = $text:literal,)*) => {
        /// A top-level member of an audit event (audit.k8s.io v1, and the
        /// members that only v1alpha1 and v1beta1 had).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Key { $($name,)* }

        impl Key {
            const COUNT: usize = [$(Key::$name),*].len();

            #[inline(always)]
            #[allow(non_upper_case_globals, reason = "patterns must be constants")]
            fn of(raw: &[u8]) -> Option<Self> {
                $(const $name: &[u8] = $text.as_bytes();)*
                match raw {
                    $($name => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// As written in JSON.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

keys! {
    Kind = "kind",
    ApiVersion = "apiVersion",
    Level = "level",
    AuditId = "auditID",
    Stage = "stage",
    RequestUri = "requestURI",
    Verb = "verb",
    User = "user",
    ImpersonatedUser = "impersonatedUser",
    SourceIps = "sourceIPs",
    UserAgent = "userAgent",
    ObjectRef = "objectRef",
    ResponseStatus = "responseStatus",
    RequestObject = "requestObject",
    ResponseObject = "responseObject",
    RequestReceivedTimestamp = "requestReceivedTimestamp",
    StageTimestamp = "stageTimestamp",
    Annotations = "annotations",
    AuthenticationMetadata = "authenticationMetadata",
    Timestamp = "timestamp",
    Metadata = "metadata",
}

/// Why a record is not an audit event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// For people: "stageTimestamp is missing", "truncated JSON at byte 812".
    pub reason: Cow<'static, str>,
    /// Offset in the record, where there is one to tell.
    pub at: Option<usize>,
    /// The record ends too early.
    pub truncated: bool,
}

impl RecordError {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            at: None,
            truncated: false,
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<SyntaxError> for RecordError {
    fn from(error: SyntaxError) -> Self {
        Self {
            reason: error.to_string().into(),
            at: Some(error.at),
            truncated: error.incomplete,
        }
    }
}

/// What an event's surroundings know and the event does not: for the generic
/// `evt.*` fields.
#[derive(Clone, Copy, Debug)]
pub struct Context<'e> {
    /// Number of the event in its stream, from 1 (`evt.num`).
    pub number: u64,
    /// Time of the stream's first event (`evt.reltime`).
    pub first_ns: u64,
    /// Name of the machine, where it is known (`evt.hostname`).
    pub hostname: Option<&'e str>,
    /// Seconds that local time is ahead of UTC (`evt.time`); Falco, too, uses
    /// one offset for all events.
    pub utc_offset: i32,
}

impl Context<'_> {
    /// For an event that stands alone.
    pub const NONE: Context<'static> = Context {
        number: 1,
        first_ns: 0,
        hostname: None,
        utc_offset: 0,
    };
}

/// An audit event over the bytes of its record.
#[derive(Clone, Copy)]
pub struct AuditEvent<'e> {
    root: Node<'e>,
    members: [Slot; Key::COUNT],
    /// It has members that are none of [`Key`].
    foreign: bool,
    time_ns: u64,
    /// What the stream knows about the event.
    pub context: Context<'e>,
}

impl fmt::Debug for AuditEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

/// Whether a record must say of itself that it is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindRule {
    /// `kind` must be `Event`.
    Required,
    /// `kind` may be missing: the items of an `EventList` need none.
    Optional,
}

/// Reads one record: a single JSON object that is an audit event.
///
/// Required is what Falco's k8saudit plugin requires (`ParseAuditEventsJSON`
/// in its source.go): kind `Event`, and `stageTimestamp` as an RFC 3339 time,
/// which becomes the event's time. `index` is space for the structure, and may
/// be used again once the event is gone.
///
/// # Errors
/// When the record is not JSON or not an audit event, with the reason.
pub fn parse<'e>(record: &'e [u8], index: &'e mut Index) -> Result<AuditEvent<'e>, RecordError> {
    AuditEvent::from_node(index.read(record)?, KindRule::Required)
}

impl<'e> AuditEvent<'e> {
    /// See [`parse`]; for an object that is indexed already.
    ///
    /// # Errors
    /// When the object is not an audit event, with the reason.
    pub fn from_node(root: Node<'e>, kind_rule: KindRule) -> Result<Self, RecordError> {
        if root.kind() != Kind::Object {
            let found = root.kind().name();
            return Err(RecordError::new(format!(
                "not an audit event: it is {found}"
            )));
        }
        let mut members = [Slot::default(); Key::COUNT];
        let (mut foreign, mut escaped) = (false, false);
        for (raw, value) in root.members() {
            match Key::of(raw) {
                // First of two equal keys, as in fastjson.
                Some(key) if members[key as usize].is_empty() => {
                    members[key as usize] = value.slot()
                }
                Some(_) => {}
                None => {
                    foreign = true;
                    escaped |= raw.contains(&b'\\');
                }
            }
        }
        if escaped {
            find_escaped_keys(root, &mut members);
        }
        check_kind(root.at(members[Key::Kind as usize]), kind_rule)?;
        let time_ns = event_time(root.at(members[Key::StageTimestamp as usize]))?;
        Ok(Self {
            root,
            members,
            foreign,
            time_ns,
            context: Context::NONE,
        })
    }

    /// A top-level member.
    #[inline]
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Node<'e>> {
        self.root.at(self.members[key as usize])
    }

    /// The whole record.
    #[must_use]
    pub fn root(&self) -> Node<'e> {
        self.root
    }

    /// Time of the event (`stageTimestamp`) in nanoseconds since the epoch.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// Whether the record has members that audit events do not have, or with escapes in their names.
    #[must_use]
    pub fn has_foreign_members(&self) -> bool {
        self.foreign
    }

    /// The same event with what the stream knows about it.
    pub(crate) fn with_context<'c>(self, context: Context<'c>) -> AuditEvent<'c>
    where
        'e: 'c,
    {
        AuditEvent { context, ..self }
    }

    /// Replaces the time by a finer one that an envelope knows.
    pub(crate) fn set_time_ns(&mut self, time_ns: u64) {
        self.time_ns = time_ns;
    }
}

/// Keys written with escapes are legal and never seen; they still count.
#[cold]
fn find_escaped_keys(root: Node<'_>, members: &mut [Slot; Key::COUNT]) {
    let mut plain = Vec::new();
    for (raw, value) in root.members() {
        plain.clear();
        crate::json::unescape(raw, &mut plain);
        if let Some(key) = Key::of(&plain)
            && members[key as usize].is_empty()
        {
            members[key as usize] = value.slot();
        }
    }
}

fn check_kind(kind: Option<Node<'_>>, rule: KindRule) -> Result<(), RecordError> {
    match kind {
        Some(kind) if kind.string_raw() == Some(b"Event") => Ok(()),
        Some(kind) if kind.string().as_deref() == Some(b"Event") => Ok(()),
        Some(kind) => {
            let shown = crate::reader::excerpt(kind.string_raw().unwrap_or(kind.raw()), 40);
            Err(RecordError::new(format!(
                "not an audit event: kind is {shown}"
            )))
        }
        None if rule == KindRule::Optional => Ok(()),
        None => Err(RecordError::new("not an audit event: it has no kind")),
    }
}

fn event_time(stamp: Option<Node<'_>>) -> Result<u64, RecordError> {
    let stamp = stamp.ok_or(RecordError::new("stageTimestamp is missing"))?;
    let time = stamp.string().and_then(|text| parse_rfc3339(&text));
    time.ok_or_else(|| {
        let shown = crate::reader::excerpt(stamp.raw(), 40);
        RecordError::new(format!("stageTimestamp is not an RFC 3339 time: {shown}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(record: &str) -> String {
        parse(record.as_bytes(), &mut Index::new())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn says_why_a_record_is_no_event() {
        for (record, why) in [
            (r#"{"kind":0}"#, "not an audit event: kind is 0"),
            (r#"{"kind":"Pod"}"#, "not an audit event: kind is Pod"),
            (r"{}", "not an audit event: it has no kind"),
            (r"[]", "not an audit event: it is an array"),
            (r#"{"kind":"Event"}"#, "stageTimestamp is missing"),
            (
                r#"{"kind":"Event","stageTimestamp":7}"#,
                "stageTimestamp is not an RFC 3339 time: 7",
            ),
            (r#"{"kind":"Event","stageTi"#, "truncated JSON at byte 24"),
            (
                r#"{"kind":"Event"} x"#,
                "something follows the JSON value at byte 17",
            ),
            (r#"{"kind":"\x"}"#, "a bad escape in a string at byte 9"),
        ] {
            assert_eq!(reason(record), why, "{record}");
        }
    }

    #[test]
    fn finds_members_and_time() {
        let record = br#" {"k\u0069nd":"Ev\u0065nt","verb":"get","verb":"list","stageTimestamp":"2018-10-25T14:09:12.000001Z","x":{"verb":"no"}} "#;
        let mut index = Index::new();
        let event = parse(record, &mut index).unwrap();
        assert_eq!(event.time_ns(), 1_540_476_552_000_001_000);
        assert_eq!(event.get(Key::Verb).unwrap().raw(), b"\"get\"");
        assert!(event.get(Key::User).is_none());
        assert_eq!(Key::Verb.name(), "verb");
    }
}
