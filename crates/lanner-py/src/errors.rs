//! Errors on their way to Python.

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// What was handed over is not valid.
pub fn invalid(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}
