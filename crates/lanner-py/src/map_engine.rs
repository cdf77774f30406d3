//! `MapEngine`: the engine on events given as JSON maps, for tests of rules.

use bumpalo::Bump;
use lanner_engine::{Alerts, MapEvent, MapSource, Matcher};
use pyo3::prelude::*;

use crate::errors::invalid;

/// Runs a plan on events given as JSON maps of field to values.
#[pyclass(module = "lanner._native", name = "MapEngine")]
pub struct MapEngine {
    matcher: Matcher<MapSource>,
}

#[pymethods]
impl MapEngine {
    #[new]
    fn new(plan: &[u8]) -> PyResult<Self> {
        Ok(Self {
            matcher: Matcher::new(plan).map_err(invalid)?,
        })
    }

    /// Ids of the rules that the event matches.
    #[pyo3(name = "match")]
    fn match_(&mut self, event: &[u8]) -> PyResult<Vec<u64>> {
        let event = MapEvent::from_json(event).map_err(invalid)?;
        Ok(self.ids(&event))
    }

    /// The same for a JSON array of events.
    fn match_many(&mut self, events: &[u8]) -> PyResult<Vec<Vec<u64>>> {
        let events = MapEvent::many_from_json(events).map_err(invalid)?;
        Ok(events.iter().map(|event| self.ids(event)).collect())
    }

    /// The formatted outputs of the rules that the event matches.
    fn outputs(&mut self, event: &[u8]) -> PyResult<Vec<String>> {
        let event = MapEvent::from_json(event).map_err(invalid)?;
        Ok(self.batch(&event).messages())
    }

    /// The alerts of one event as a JSON array, for `Alert` objects.
    fn alerts(&mut self, event: &[u8]) -> PyResult<Vec<u8>> {
        let event = MapEvent::from_json(event).map_err(invalid)?;
        let mut json = Vec::new();
        self.batch(&event).write_json_array(&mut json);
        Ok(json)
    }
}

impl MapEngine {
    fn batch(&mut self, event: &MapEvent) -> Alerts {
        let mut alerts = self.matcher.batch();
        self.matcher.alerts(&event, &Bump::new(), &mut alerts);
        alerts
    }

    fn ids(&mut self, event: &MapEvent) -> Vec<u64> {
        let mut matched = Vec::new();
        self.matcher
            .matches(&event, &Bump::new(), |rule| matched.push(rule));
        matched
            .into_iter()
            .map(|rule| self.matcher.rules()[rule].id)
            .collect()
    }
}
