//! Audit logs, read one after the other.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use lanner_kube::reader::{InputError, OnEvent};
use lanner_kube::{Input, ScanOptions, Scanner};
use serde::{Deserialize, Serialize};

use crate::batch::Findings;
use crate::errors::reason;
use crate::input::{self, Opened};

/// What is to be read, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `None` is standard input.
    pub paths: Vec<Option<PathBuf>>,
    dedup: bool,
    since_ns: Option<i64>,
    until_ns: Option<i64>,
    max_record_bytes: usize,
    batch_bytes: usize,
}

/// Counts of what was read.
#[derive(Serialize)]
pub struct Counters {
    events: u64,
    bytes: u64,
    read: u64,
    skipped: u64,
    truncated: u64,
    duplicates: u64,
    out_of_window: u64,
    ignored: u64,
}

/// Reads logs in constant memory.
pub struct Logs {
    inputs: VecDeque<Option<PathBuf>>,
    scanner: Scanner,
    /// An input is being read.
    reads: bool,
    batch_bytes: usize,
}

impl Logs {
    pub fn new(options: Options) -> Self {
        let time = |ns: Option<i64>| ns.map(|ns| u64::try_from(ns).unwrap_or(0));
        Self {
            inputs: options.paths.into(),
            scanner: Scanner::new(
                Vec::new(),
                ScanOptions {
                    dedup: options.dedup,
                    since_ns: time(options.since_ns),
                    until_ns: time(options.until_ns),
                    max_record_bytes: options.max_record_bytes,
                    ..ScanOptions::default()
                },
            ),
            reads: false,
            batch_bytes: options.batch_bytes.max(1),
        }
    }

    /// Reads on for some megabytes; what is found on the way. None when there is nothing more.
    pub fn step(&mut self, on_event: OnEvent<'_>) -> Option<Findings> {
        let mut findings = Findings::default();
        while !self.reads {
            let Some(path) = self.inputs.pop_front() else {
                return (!findings.errors.is_empty()).then_some(findings);
            };
            self.open(path, &mut findings);
        }
        let is_over = findings.of_audit_log(&mut self.scanner, self.batch_bytes, on_event);
        self.reads = !is_over;
        Some(findings)
    }

    fn open(&mut self, path: Option<PathBuf>, findings: &mut Findings) {
        let name = match &path {
            Some(path) => path.display().to_string(),
            None => "<stdin>".into(),
        };
        let message = match input::open(path.as_deref()) {
            Ok(Opened::Audit(reader)) => {
                self.scanner.push(Input::Reader { name, reader });
                self.reads = true;
                return;
            }
            Ok(Opened::Capture(_)) => "is a capture of system calls, not an audit log".into(),
            Err(error) => reason(&error),
        };
        findings.errors.push(InputError {
            path: name,
            kind: io::ErrorKind::Other,
            message,
        });
    }

    /// Counts so far.
    pub fn counters(&self) -> Counters {
        let total = self.scanner.stats().total;
        Counters {
            events: total.events,
            bytes: total.bytes,
            read: total.stored_bytes,
            skipped: total.skipped,
            truncated: total.truncated,
            duplicates: total.duplicates,
            out_of_window: total.filtered,
            ignored: total.ignored,
        }
    }
}
