//! Python bindings: one file per class, no logic.

use pyo3::prelude::*;

mod batch;
mod capture;
mod catalog;
mod engine;
mod errors;
mod input;
mod intake;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod known;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod live;
mod logs;
mod map_engine;
mod output;
mod parse_only;
mod pattern;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod rule_capture;
mod scan;
mod simulate;
mod tally;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod told;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod watch;
mod writing;

/// The compiled half of Lanner. Private: use the `lanner` package.
#[pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use super::batch::Batch;
    #[pymodule_export]
    use super::catalog::{catalog, watchable_calls};
    #[pymodule_export]
    use super::engine::Engine;
    #[pymodule_export]
    use super::intake::{AuditIntake, Taken};
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[pymodule_export]
    use super::live::{Live, check_probe};
    #[pymodule_export]
    use super::map_engine::MapEngine;
    #[pymodule_export]
    use super::parse_only::parse_only;
    #[pymodule_export]
    use super::pattern::Pattern;
    #[pymodule_export]
    use super::scan::{Scan, first_event_time};
    #[pymodule_export]
    use super::simulate::Simulation;
    #[pymodule_export]
    use super::tally::Tally;
}
