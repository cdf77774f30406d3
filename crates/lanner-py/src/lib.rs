//! Python bindings: one file per class, no logic.

use pyo3::prelude::*;

mod catalog;
mod map_engine;

/// The compiled half of Lanner. Private: use the `lanner` package.
#[pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use super::catalog::catalog;
    #[pymodule_export]
    use super::map_engine::MapEngine;
}
