//! Python bindings: one file per class, no logic.

use pyo3::prelude::*;

/// The compiled half of Lanner. Private: use the `lanner` package.
#[pymodule]
mod _native {
    #[pymodule_export]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
