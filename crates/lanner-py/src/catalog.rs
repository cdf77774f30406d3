//! The catalogue, as JSON.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The field catalogue and the event types, as JSON.
#[pyfunction]
pub fn catalog(py: Python<'_>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &lanner_event::catalog::catalog_json())
}
