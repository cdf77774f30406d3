//! Errors on their way to Python.

use std::io;

use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyValueError};

/// What was handed over is not valid.
pub fn invalid(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A file cannot be used.
pub fn file(name: &str, error: &io::Error) -> PyErr {
    PyOSError::new_err((error.raw_os_error(), reason(error), name.to_owned()))
}

/// What the system says, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.into(),
        None => text,
    }
}
