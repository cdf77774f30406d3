//! `Batch`: what one step of a scan found.

use lanner_engine::{Alerts, JsonOptions, TimeStyle};
use lanner_kube::Scanner;
use lanner_kube::reader::{InputError, OnEvent, Skipped};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use serde::Serialize;

/// Alerts and findings of one step.
#[pyclass(module = "lanner._native", frozen)]
pub struct Batch {
    alerts: Alerts,
    findings: Findings,
}

/// What a step tells besides alerts.
#[derive(Default)]
pub struct Findings {
    /// Events in this step.
    pub events: u64,
    /// Bytes taken from the input, before decompression.
    pub bytes_read: u64,
    /// Malformed records.
    pub skipped: Vec<Skipped>,
    /// Inputs that failed.
    pub errors: Vec<InputError>,
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

impl Findings {
    /// Reads on in audit logs for about so many bytes, and notes what there is to tell. Whether
    /// the log is over: read to its end, or as far as it could be.
    pub fn of_audit_log(
        &mut self,
        logs: &mut Scanner,
        bytes: usize,
        on_event: OnEvent<'_>,
    ) -> bool {
        let before = logs.stats().total;
        let is_over = match logs.step(bytes, on_event) {
            Ok(progress) => progress.finished,
            Err(error) => {
                self.errors.push(error);
                true
            }
        };
        let after = logs.stats().total;
        self.events = after.events - before.events;
        self.bytes_read = after.stored_bytes - before.stored_bytes;
        self.skipped = logs.take_skipped();
        is_over
    }
}

impl Batch {
    pub fn new(alerts: Alerts, findings: Findings) -> Self {
        Self { alerts, findings }
    }

    /// A step that has no rules.
    pub fn without_alerts(findings: Findings) -> Self {
        Self::new(Alerts::default(), findings)
    }
}

fn json(py: Python<'_>, value: impl Serialize) -> Bound<'_, PyBytes> {
    // plain text and numbers always serialise
    PyBytes::new(py, &serde_json::to_vec(&value).unwrap_or_default())
}

#[pymethods]
impl Batch {
    /// Events in this step.
    #[getter]
    fn events(&self) -> u64 {
        self.findings.events
    }

    /// Bytes taken from the input, before decompression.
    #[getter]
    fn bytes_read(&self) -> u64 {
        self.findings.bytes_read
    }

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

    /// The alerts as they are stored: tuples of time, priority, rule, source, JSON and text.
    #[pyo3(signature = (hostname, iso_time, utc_offset))]
    fn rows<'py>(
        &self,
        py: Python<'py>,
        hostname: Option<&str>,
        iso_time: bool,
        utc_offset: i32,
    ) -> PyResult<Bound<'py, PyList>> {
        let time = TimeStyle {
            iso: iso_time,
            utc_offset_seconds: utc_offset,
        };
        let rows = PyList::empty(py);
        let mut result = Ok(());
        self.alerts.each(JsonOptions { hostname, time }, |alert| {
            let text = |bytes| String::from_utf8_lossy(bytes);
            let row = (
                alert.time_ns,
                alert.priority,
                alert.rule,
                alert.source,
                text(alert.json),
                text(alert.text),
            );
            if result.is_ok() {
                result = rows.append(row);
            }
        });
        result.map(|()| rows)
    }

    /// The messages alone, a line each.
    fn message_lines<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.alerts.write_messages(&mut out);
        PyBytes::new(py, &out)
    }

    /// The output fields alone, a JSON object a line.
    fn fields_lines<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.alerts.write_fields(&mut out);
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
            .findings
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
            .findings
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
