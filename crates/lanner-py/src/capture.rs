//! A capture, being scanned.

use std::io::{self, Read};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_event::input::Counting;
use lanner_scap::{Counters, Item, Options, Reader};
use lanner_syscall::{Pipeline, SyscallEvent};

use crate::writing::{Fate, OutputCapture};

/// So many items are read before the budget is looked at.
const ITEMS_A_TURN: u32 = 4096;

fn unknown(counters: Counters) -> u64 {
    counters.unknown_blocks + counters.unknown_events
}

/// Counts of all captures of a scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Events matched.
    pub events: u64,
    /// Events outside of the wanted time.
    pub out_of_window: u64,
    /// Blocks and events of kinds that are not known.
    pub unknown: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Bytes read as they are stored.
    pub stored_bytes: u64,
    /// Events written because they were chosen.
    pub written: u64,
    /// Events written because others are not the same without them.
    pub written_for_state: u64,
}

/// What a scan says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not of the wanted time.
    OutOfWindow,
    /// Rules have seen it; whether it is to be written.
    Scanned(bool),
}

/// Why a capture is not read on.
#[derive(Debug)]
pub enum Fault {
    /// It is damaged here, for people; everything before was handed out.
    Input(String),
    /// What is written cannot be.
    Output(io::Error),
}

/// A capture and the state of its machine.
pub struct Capture {
    name: String,
    reader: Reader,
    stored_bytes: Arc<AtomicU64>,
    /// What the totals have already.
    told: Counters,
    told_stored: u64,
    pipeline: Pipeline,
}

impl Capture {
    /// Reads the beginning.
    ///
    /// # Errors
    /// When it is no capture, for people.
    pub fn new(
        name: String,
        input: Box<dyn Read + Send>,
        utc_offset: i32,
        is_file: bool,
    ) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let options = Options {
            // A pipe may be written slowly, and what comes should be seen at once.
            thread: is_file && cores > 1,
            ..Options::default()
        };
        let stored_bytes = Arc::default();
        let counting = Box::new(Counting::new(input, Arc::clone(&stored_bytes)));
        let reader = Reader::new(counting, options).map_err(|error| error.to_string())?;
        Ok(Self {
            name,
            reader,
            stored_bytes,
            told: Counters::default(),
            told_stored: 0,
            pipeline: Pipeline::new(utc_offset),
        })
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes on for about so many bytes; whether there is more. What `on_event` chooses goes into
    /// `output`.
    ///
    /// # Errors
    /// When it cannot go on.
    pub fn step(
        &mut self,
        budget_bytes: usize,
        totals: &mut Totals,
        mut output: Option<&mut OutputCapture>,
        mut on_event: impl FnMut(&SyscallEvent<'_>) -> Verdict,
    ) -> Result<bool, Fault> {
        let before = self.told;
        let mut more = Ok(true);
        while matches!(more, Ok(true))
            && self.reader.counters().bytes - before.bytes < budget_bytes as u64
        {
            more = self.turn(totals, output.as_deref_mut(), &mut on_event);
        }
        let after = self.reader.counters();
        totals.bytes += after.bytes - before.bytes;
        let stored = self.stored_bytes.load(Ordering::Relaxed);
        totals.stored_bytes += stored - self.told_stored;
        totals.unknown += unknown(after) - unknown(before);
        (self.told, self.told_stored) = (after, stored);
        more
    }

    fn turn(
        &mut self,
        totals: &mut Totals,
        mut output: Option<&mut OutputCapture>,
        on_event: &mut impl FnMut(&SyscallEvent<'_>) -> Verdict,
    ) -> Result<bool, Fault> {
        for _ in 0..ITEMS_A_TURN {
            let item = self.reader.next();
            let Some(item) = item.map_err(|error| Fault::Input(error.to_string()))? else {
                return Ok(false);
            };
            let Item::Event(raw) = item else {
                if let Some(output) = &mut output {
                    output.item(&item).map_err(Fault::Output)?;
                }
                self.pipeline.item(item, |_| {});
                continue;
            };
            let mut fate = Fate::Hidden;
            let is_needed = self.pipeline.event(&raw, |event| {
                fate = match on_event(event) {
                    Verdict::OutOfWindow => {
                        totals.out_of_window += 1;
                        Fate::Shown
                    }
                    Verdict::Scanned(is_chosen) => {
                        totals.events += 1;
                        if is_chosen { Fate::Chosen } else { Fate::Shown }
                    }
                };
            });
            if let Some(output) = &mut output {
                let written = output.event(&raw, fate, is_needed).map_err(Fault::Output)?;
                match fate {
                    Fate::Chosen => totals.written += 1,
                    _ => totals.written_for_state += u64::from(written),
                }
            }
        }
        Ok(true)
    }
}
