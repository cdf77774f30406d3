//! `parse_only`: the floor that the benchmarks compare a scan with.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use lanner_kube::json::Index;
use pyo3::prelude::*;

/// Parses every line of a file with the JSON reader that scans use, and does nothing else.
/// Returns how many were valid.
#[pyfunction]
pub fn parse_only(py: Python<'_>, path: PathBuf) -> PyResult<u64> {
    py.detach(|| {
        let mut lines = BufReader::with_capacity(256 * 1024, File::open(path)?);
        let mut line = Vec::new();
        let mut index = Index::new();
        let mut valid = 0;
        while lines.read_until(b'\n', &mut line)? > 0 {
            valid += u64::from(index.read(&line).is_ok());
            line.clear();
        }
        Ok(valid)
    })
}
