//! Events given as maps of fields to values, for tests of rules and of the
//! engine: `{"time_ns": 0, "fields": {"proc.name": [{"s": "bash"}]}}`. A field
//! with an argument has the key `name[argument]`; a field that is not there, or
//! has no values, is absent.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hasher as _;

use bumpalo::Bump;
use lanner_event::schema::event_types;
use lanner_event::{EventSource, ExtractorError, Subject, SubjectId, Value, Values};
use rustc_hash::FxHasher;
use serde::Deserialize;

use crate::plan::Scalar;
use crate::value::Owned;

const TYPE: &str = "evt.type";

/// A source of events that are maps. It takes any field.
pub struct MapSource;

/// An event that is a map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEvent {
    time_ns: u64,
    fields: HashMap<String, Vec<Owned>>,
}

/// A field and its argument, as a key of the map.
pub struct MapExtractor {
    key: String,
}

/// Why something is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEventError {
    message: String,
}

impl fmt::Display for MapEventError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for MapEventError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    time_ns: u64,
    fields: HashMap<String, Vec<Scalar>>,
}

impl MapEvent {
    /// Reads an event.
    ///
    /// # Errors
    /// When the JSON has another form.
    pub fn from_json(json: &[u8]) -> Result<Self, MapEventError> {
        Self::from_raw(serde_json::from_slice(json).map_err(not_an_event)?)
    }

    /// Reads a JSON array of events.
    ///
    /// # Errors
    /// When the JSON has another form.
    pub fn many_from_json(json: &[u8]) -> Result<Vec<Self>, MapEventError> {
        let raw: Vec<Raw> = serde_json::from_slice(json).map_err(not_an_event)?;
        raw.into_iter().map(Self::from_raw).collect()
    }

    fn from_raw(raw: Raw) -> Result<Self, MapEventError> {
        let fields = raw.fields.into_iter().map(|(key, scalars)| {
            let values = scalars.iter().map(Owned::from_scalar);
            let values = values.collect::<Result<_, _>>().map_err(not_an_event)?;
            Ok((key, values))
        });
        Ok(Self {
            time_ns: raw.time_ns,
            fields: fields.collect::<Result<_, _>>()?,
        })
    }
}

fn not_an_event(error: impl fmt::Display) -> MapEventError {
    MapEventError {
        message: format!("not an event: {error}"),
    }
}

impl EventSource for MapSource {
    type Event<'e> = &'e MapEvent;
    type Extractor = MapExtractor;

    fn compile(field: &str, argument: Option<&str>) -> Result<MapExtractor, ExtractorError> {
        Ok(MapExtractor {
            key: match argument {
                Some(argument) => format!("{field}[{argument}]"),
                None => field.to_owned(),
            },
        })
    }

    fn extract<'e>(
        extractor: &MapExtractor,
        event: &&'e MapEvent,
        _: &'e Bump,
        out: &mut Values<'e>,
    ) {
        let event: &'e MapEvent = event;
        let values = event.fields.get(&extractor.key);
        out.extend(values.into_iter().flatten().filter_map(|value| {
            Some(match value {
                Owned::Str(text) => Value::Str(text),
                Owned::Bytes(bytes) => Value::Bytes(bytes),
                Owned::U64(number) => Value::U64(*number),
                Owned::I64(number) => Value::I64(*number),
                Owned::F64(number) => Value::F64(*number),
                Owned::Bool(truth) => Value::Bool(*truth),
                Owned::Ip(address) => Value::Ip(*address),
                Owned::Net(_) => return None,
            })
        }));
    }

    /// As for system calls: `evt.type` has a class of its own for every type that there is.
    fn class(event: &&MapEvent) -> Option<u16> {
        match event.fields.get(TYPE)?.as_slice() {
            [Owned::Str(name)] => event_types()
                .position(|known| known.name.as_bytes() == &**name)
                .and_then(|class| class.try_into().ok()),
            _ => None,
        }
    }

    fn decided_by_class(extractor: &MapExtractor) -> bool {
        extractor.key == TYPE
    }

    /// Events that differ in nothing but their type and time are about the same.
    fn subject(event: &&MapEvent, subject: Subject) -> Option<SubjectId> {
        let fields = event.fields.iter().filter(|(key, _)| *key != TYPE);
        let fields: BTreeMap<_, _> = fields.collect();
        let mut hasher = FxHasher::default();
        hasher.write(format!("{fields:?}").as_bytes());
        Some([hasher.finish(), fields.len() as u64, 0, subject as u64])
    }

    fn time_ns(event: &&MapEvent) -> u64 {
        event.time_ns
    }
}
