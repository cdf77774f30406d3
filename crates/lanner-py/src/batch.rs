//! `Batch`: what one step of a scan found.

use lanner_engine::{Alerts, JsonOptions, TimeStyle};
use lanner_kube::Scanner;
use lanner_kube::reader::{InputError, Skipped};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

/// Alerts and findings of one step.
#[pyclass(module = "lanner._native", frozen)]
pub struct Batch {
    alerts: Alerts,
    /// Events in this step.
    #[pyo3(get)]
    events: u64,
    /// Bytes taken from the input, before decompression.
    #[pyo3(get)]
    bytes_read: u64,
    skipped: Vec<Skipped>,
    errors: Vec<InputError>,
}

#[derive(Serialize)]
struct SkippedJson<'a> {
    path: &'a str,
    line: u64,
    offset: u64,
    reason: &'a str,
    excerpt: &'a str,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    path: &'a str,
    reason: &'a str,
}

impl Batch {
    pub fn new(
        alerts: Alerts,
        events: u64,
        bytes_read: u64,
        scanner: &mut Scanner,
        errors: Vec<InputError>,
    ) -> Self {
        Self {
            alerts,
            events,
            bytes_read,
            skipped: scanner.take_skipped(),
            errors,
        }
    }
}

fn json(py: Python<'_>, value: impl Serialize) -> Bound<'_, PyBytes> {
    // plain text and numbers always serialise
    PyBytes::new(py, &serde_json::to_vec(&value).unwrap_or_default())
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.alerts.len()
    }

    /// Falco's text lines.
    fn text<'py>(&self, py: Python<'py>, iso_time: bool, utc_offset: i32) -> Bound<'py, PyBytes> {
        let time = TimeStyle {
            iso: iso_time,
            utc_offset_seconds: utc_offset,
        };
        let mut out = Vec::new();
        self.alerts.write_text(time, &mut out);
        PyBytes::new(py, &out)
    }

    /// Falco's JSON, one alert a line.
    #[pyo3(signature = (hostname, iso_time, utc_offset))]
    fn json_lines<'py>(
        &self,
        py: Python<'py>,
        hostname: Option<&str>,
        iso_time: bool,
        utc_offset: i32,
    ) -> Bound<'py, PyBytes> {
        let time = TimeStyle {
            iso: iso_time,
            utc_offset_seconds: utc_offset,
        };
        let mut out = Vec::new();
        self.alerts
            .write_json_lines(JsonOptions { hostname, time }, &mut out);
        PyBytes::new(py, &out)
    }

    /// The alerts as a JSON array, for `Alert` objects.
    fn alerts<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.alerts.write_json_array(&mut out);
        PyBytes::new(py, &out)
    }

    /// Malformed records.
    fn skipped<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let rows: Vec<_> = self
            .skipped
            .iter()
            .map(|one| SkippedJson {
                path: &one.path,
                line: one.line,
                offset: one.offset,
                reason: &one.reason,
                excerpt: &one.excerpt,
            })
            .collect();
        json(py, rows)
    }

    /// Inputs that failed.
    fn input_errors<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let rows: Vec<_> = self
            .errors
            .iter()
            .map(|error| ErrorJson {
                path: &error.path,
                reason: &error.message,
            })
            .collect();
        json(py, rows)
    }
}
