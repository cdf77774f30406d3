//! What the tests of the reader share.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod oracle;

use std::io::{self, Read};

use lanner_kube::reader::{Skipped, Stats};
use lanner_kube::{Input, ScanOptions, Scanner};

/// What a scan gave.
#[derive(Debug)]
pub struct Scanned {
    /// The text of each event.
    pub events: Vec<Vec<u8>>,
    pub skipped: Vec<Skipped>,
    pub stats: Stats,
}

impl Scanned {
    /// (line, reason) of everything that was passed over.
    pub fn reasons(&self) -> Vec<(u64, &str)> {
        self.skipped
            .iter()
            .map(|s| (s.line, s.reason.as_str()))
            .collect()
    }

    /// `auditID` of each event.
    pub fn ids(&self) -> Vec<String> {
        let id = |text: &Vec<u8>| {
            let json: serde_json::Value = serde_json::from_slice(text).unwrap();
            json["auditID"].as_str().unwrap_or("").to_owned()
        };
        self.events.iter().map(id).collect()
    }
}

pub fn scan(inputs: Vec<Input>, options: ScanOptions, budget: usize) -> Scanned {
    let mut scanner = Scanner::new(inputs, options);
    let mut events = Vec::new();
    let mut skipped = Vec::new();
    loop {
        let progress = scanner.step(budget, &mut |event| {
            events.push(event.root().raw().to_vec())
        });
        skipped.append(&mut scanner.take_skipped());
        // An input that fails is in the stats; the scan goes on with the next.
        if progress.is_ok_and(|progress| progress.finished) {
            break;
        }
    }
    Scanned {
        events,
        skipped,
        stats: scanner.stats(),
    }
}

pub fn bytes(data: &[u8]) -> Input {
    Input::Bytes {
        name: "mem".into(),
        data: data.to_vec(),
    }
}

pub fn scan_bytes(data: &[u8]) -> Scanned {
    scan(vec![bytes(data)], ScanOptions::default(), 1 << 20)
}

/// Gives bytes in pieces of the given sizes, over and over.
pub struct Pieces {
    pub data: Vec<u8>,
    pub sizes: Vec<usize>,
    pub at: usize,
    pub turn: usize,
}

impl Pieces {
    pub fn input(data: &[u8], sizes: &[usize]) -> Input {
        let reader = Self {
            data: data.to_vec(),
            sizes: sizes.to_vec(),
            at: 0,
            turn: 0,
        };
        Input::Reader {
            name: "mem".into(),
            reader: Box::new(reader),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let size = self
            .sizes
            .get(self.turn % self.sizes.len().max(1))
            .copied()
            .unwrap_or(1);
        self.turn += 1;
        let count = size.max(1).min(buf.len()).min(self.data.len() - self.at);
        buf[..count].copy_from_slice(&self.data[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// An event with this ID; `extra` goes in as further members.
pub fn event(id: &str, extra: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{id}","stage":"ResponseComplete","stageTimestamp":"2024-05-01T00:00:00.000000Z"{extra}}}"#
    )
}
