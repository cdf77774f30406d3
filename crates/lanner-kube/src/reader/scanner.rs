//! The scan: one input after the other, in bounded steps.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::decode::{Decoder, Filter, OnEvent};
use super::dedup::Dedup;
use super::report::{Skipped, Stats};
use super::source::{Input, InputError, open};
use super::stream::Stream;
use super::window::Window;

/// What a scan should do.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Hand out an event only once (see [`Stats::dedup_overflowed`]).
    pub dedup: bool,
    /// Only events at or after this time, in nanoseconds since the epoch.
    pub since_ns: Option<u64>,
    /// Only events before this time.
    pub until_ns: Option<u64>,
    /// Larger records are passed over, reported, and not held in memory.
    pub max_record_bytes: usize,
    /// `evt.hostname`.
    pub hostname: Option<String>,
    /// Seconds that local time is ahead of UTC, for `evt.time`.
    pub utc_offset: i32,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            dedup: false,
            since_ns: None,
            until_ns: None,
            max_record_bytes: 64 << 20,
            hostname: None,
            utc_offset: 0,
        }
    }
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read in this step, as they are stored (compressed).
    pub stored_bytes: u64,
    /// Bytes dealt with in this step, decompressed.
    pub bytes: u64,
    /// Events handed out in this step.
    pub events: u64,
    /// There is nothing more.
    pub finished: bool,
    /// The input that comes next or is being read.
    pub path: Option<String>,
}

/// Reads audit events from inputs, one after the other.
///
/// Memory is bounded by the largest record within `max_record_bytes`, however
/// large the inputs are.
pub struct Scanner {
    inputs: VecDeque<Input>,
    current: Option<(Stream, String)>,
    decoder: Decoder,
    buffer: Vec<u8>,
    max_record: usize,
}

impl Scanner {
    /// A scan of `inputs` in this order.
    #[must_use]
    pub fn new(inputs: Vec<Input>, options: ScanOptions) -> Self {
        let filter = Filter {
            dedup: options.dedup.then(Dedup::new),
            since_ns: options.since_ns,
            until_ns: options.until_ns,
            hostname: options.hostname,
            utc_offset: options.utc_offset,
            first_ns: None,
            number: 0,
        };
        Self {
            inputs: inputs.into(),
            current: None,
            decoder: Decoder::new(filter),
            buffer: Vec::new(),
            max_record: options.max_record_bytes.max(1),
        }
    }

    /// Adds an input behind the others, also after the scan was finished:
    /// numbers, duplicates and counts go on.
    pub fn push(&mut self, input: Input) {
        self.inputs.push_back(input);
    }

    /// Goes on for about `budget_bytes` (decompressed, at least one record)
    /// and hands every event to `on_event`.
    ///
    /// # Errors
    /// When an input cannot be opened or read on. The scan goes on with the
    /// next input in the next step; events of this step were handed out.
    pub fn step(
        &mut self,
        budget_bytes: usize,
        on_event: OnEvent<'_>,
    ) -> Result<Progress, InputError> {
        let before = self.decoder.report.total();
        let budget = (budget_bytes as u64).max(1);
        let mut bytes = 0;
        while bytes < budget {
            let Some((stream, path)) = &mut self.current else {
                if self.open_next()? {
                    continue;
                }
                break;
            };
            let offset = stream.window.place.offset;
            let end = offset.saturating_add(budget - bytes);
            let mut failed = None;
            while !stream.is_finished() && (stream.window.place.offset < end || failed.is_some()) {
                if let Err(error) = stream.advance(&mut self.decoder, on_event) {
                    failed.get_or_insert(InputError::new(path, &error));
                    // What came until here is still dealt with.
                    stream.window.at_end = true;
                }
            }
            let read = stream.window.place.offset - offset;
            bytes += read;
            let counters = self.decoder.report.counters();
            counters.bytes += read;
            counters.stored_bytes = stream.window.stored_bytes();
            if stream.is_finished() {
                self.close();
            }
            if let Some(error) = failed {
                return self.fail(error);
            }
        }
        let after = self.decoder.report.total();
        let next = self.inputs.front().map(Input::name);
        let path = self.current.as_ref().map(|(_, path)| path.clone());
        let path = path.or(next);
        Ok(Progress {
            stored_bytes: after.stored_bytes - before.stored_bytes,
            bytes,
            events: after.events - before.events,
            finished: path.is_none(),
            path,
        })
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// See [`Scanner::step`]; call again to go on with the other inputs.
    pub fn run(&mut self, on_event: OnEvent<'_>) -> Result<(), InputError> {
        while !self.step(1 << 20, on_event)?.finished {}
        Ok(())
    }

    fn open_next(&mut self) -> Result<bool, InputError> {
        let Some(input) = self.inputs.pop_front() else {
            return Ok(false);
        };
        let path = input.name();
        self.decoder.report.begin(&path);
        match open(input) {
            Ok(opened) => {
                let window = Window::new(opened, std::mem::take(&mut self.buffer));
                self.current = Some((Stream::new(window, self.max_record), path));
                Ok(true)
            }
            Err(error) => self.fail(InputError::new(&path, &error)),
        }
    }

    fn close(&mut self) {
        if let Some((stream, _)) = self.current.take() {
            self.buffer = stream.window.into_buffer();
        }
    }

    fn fail<T>(&mut self, error: InputError) -> Result<T, InputError> {
        if let Some(input) = self.decoder.report.inputs.last_mut() {
            input.error = Some(error.clone());
        }
        Err(error)
    }

    /// The records that were passed over since the last call; at most a
    /// thousand are kept, all are counted in [`Scanner::stats`].
    pub fn take_skipped(&mut self) -> Vec<Skipped> {
        self.decoder.report.take()
    }

    /// Counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let overflowed = self
            .decoder
            .filter
            .dedup
            .as_ref()
            .is_some_and(Dedup::overflowed);
        self.decoder.report.stats(overflowed)
    }
}

/// Time of the first event of a file, to put the files of a directory in
/// order; `None` when the first 16 MiB have none.
///
/// # Errors
/// When the file cannot be read.
pub fn first_event_time(path: &Path) -> Result<Option<u64>, InputError> {
    const LOOKED_AT: u64 = 16 << 20;
    let mut scanner = Scanner::new(vec![Input::Path(path.into())], ScanOptions::default());
    let (mut first, mut bytes) = (None, 0);
    while first.is_none() && bytes < LOOKED_AT {
        let progress = scanner.step(1, &mut |event| {
            first.get_or_insert(event.time_ns());
        });
        match progress {
            Ok(progress) if progress.finished => break,
            Ok(progress) => bytes += progress.bytes,
            Err(_) if first.is_some() => break,
            Err(error) if error.kind == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(first)
}
