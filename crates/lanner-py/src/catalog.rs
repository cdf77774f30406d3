//! The catalogue, as JSON.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The field catalogue and the event types, as JSON.
#[pyfunction]
pub fn catalog(py: Python<'_>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &lanner_event::catalog::catalog_json())
}

/// The system calls that can be watched, as JSON: names, with the event type of each or null.
#[pyfunction]
pub fn watchable_calls(py: Python<'_>) -> Bound<'_, PyBytes> {
    let json = serde_json::to_vec(&lanner_probe::calls::all());
    // Plain strings always serialise.
    PyBytes::new(py, &json.unwrap_or_default())
}
