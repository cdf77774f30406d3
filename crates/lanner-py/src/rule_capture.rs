//! Captures of what follows alerts: Falco's `capture` of rules (`process_events.cpp`, 0.44).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_event::RawEvent;
use lanner_scap::{Compression, Copier, Writer};
use lanner_syscall::{SyscallEvent, snapshot};
use serde::{Deserialize, Serialize};

use crate::errors::reason;

const BUFFER: usize = 32 << 10;

/// After a failure nothing is tried for so long.
const PAUSE_NS: u64 = 1_000_000_000;

/// What is to be captured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// How paths begin; time and number of the first event follow.
    path_prefix: String,
    /// All rules begin a capture.
    all_rules: bool,
    default_duration_ns: u64,
    /// A capture ends when it has so many bytes; 0 for no limit.
    max_bytes: u64,
    /// In the order of the plan.
    rules: Vec<RuleOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleOptions {
    capture: bool,
    /// 0 for the default.
    duration_ns: u64,
}

/// A capture that ended, or could not begin.
#[derive(Serialize)]
pub struct Ended {
    path: String,
    events: u64,
    bytes: u64,
    why: Why,
    /// What failed, for people.
    error: Option<String>,
}

/// Why a capture ended.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Duration,
    Size,
    Stopped,
    Failed,
}

/// Begins captures, and goes on with the one that runs.
pub struct RuleCaptures {
    options: Options,
    running: Option<Running>,
    ended: Vec<Ended>,
    /// Time before which no capture begins.
    paused_until_ns: u64,
}

struct Running {
    path: String,
    copier: Copier<BufWriter<Counted>>,
    bytes: Arc<AtomicU64>,
    events: u64,
    deadline_ns: u64,
}

/// Counts what is stored.
struct Counted {
    file: File,
    bytes: Arc<AtomicU64>,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Creates a file that only its owner can read, where nothing is.
fn create(path: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

impl Running {
    fn begin(path: &str, event: &SyscallEvent<'_>, deadline_ns: u64) -> io::Result<Self> {
        let bytes = Arc::default();
        let output = Counted {
            file: create(path)?,
            bytes: Arc::clone(&bytes),
        };
        let output = BufWriter::with_capacity(BUFFER, output);
        let mut copier = Copier::new(Writer::new(output, Compression::Gzip)?);
        snapshot(event, &mut |item| copier.item(item))?;
        Ok(Self {
            path: path.to_owned(),
            copier,
            bytes,
            events: 0,
            deadline_ns,
        })
    }

    fn finish(self) -> io::Result<()> {
        let output = self.copier.finish()?;
        output.into_inner().map_err(IntoInnerError::into_error)?;
        Ok(())
    }
}

impl RuleCaptures {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            running: None,
            ended: Vec::new(),
            paused_until_ns: 0,
        }
    }

    /// Captures otherwise from now on, or not at all; the one that runs goes on as it began.
    pub fn change(&mut self, options: Option<Options>) {
        match options {
            Some(options) => self.options = options,
            None => {
                self.stop();
                self.options.all_rules = false;
                self.options.rules.clear();
            }
        }
    }

    /// Rules fired for an event, which [`RuleCaptures::event`] gets next: a capture begins, or goes
    /// on for longer.
    pub fn fired(&mut self, rules: impl Iterator<Item = usize>, event: &SyscallEvent<'_>) {
        let (mut is_wanted, mut duration_ns) = (self.options.all_rules, 0);
        for rule in rules.filter_map(|rule| self.options.rules.get(rule)) {
            is_wanted |= rule.capture;
            duration_ns = duration_ns.max(match rule.duration_ns {
                0 => self.options.default_duration_ns,
                own => own,
            });
        }
        let time_ns = event.raw.time_ns;
        let deadline_ns = time_ns.saturating_add(duration_ns);
        if let Some(running) = &mut self.running {
            running.deadline_ns = running.deadline_ns.max(deadline_ns);
        } else if is_wanted && time_ns >= self.paused_until_ns {
            let prefix = &self.options.path_prefix;
            let path = format!("{prefix}_{time_ns:020}_{:020}.scap", event.number);
            match Running::begin(&path, event, deadline_ns) {
                Ok(running) => self.running = Some(running),
                Err(error) => self.fail(path, time_ns, &error),
            }
        }
    }

    /// Any event: it is written while a capture runs.
    pub fn event(&mut self, raw: &RawEvent<'_>) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Err(error) = running.copier.event(raw) {
            let path = std::mem::take(&mut running.path);
            self.running = None;
            return self.fail(path, raw.time_ns, &error);
        }
        running.events += 1;
        let limit = self.options.max_bytes;
        if raw.time_ns >= running.deadline_ns {
            self.end(Why::Duration);
        } else if limit > 0 && running.bytes.load(Ordering::Relaxed) >= limit {
            self.end(Why::Size);
        }
    }

    /// Nothing happens any more, and it is `now_ns`.
    pub fn idle(&mut self, now_ns: u64) {
        if matches!(&self.running, Some(running) if now_ns >= running.deadline_ns) {
            self.end(Why::Duration);
        }
    }

    /// No more events will come.
    pub fn stop(&mut self) {
        self.end(Why::Stopped);
    }

    /// What ended since the last time.
    pub fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    fn end(&mut self, why: Why) {
        let Some(running) = self.running.take() else {
            return;
        };
        let (path, events, deadline_ns) =
            (running.path.clone(), running.events, running.deadline_ns);
        let bytes = Arc::clone(&running.bytes);
        match running.finish() {
            Ok(()) => self.ended.push(Ended {
                path,
                events,
                bytes: bytes.load(Ordering::Relaxed),
                why,
                error: None,
            }),
            Err(error) => self.fail(path, deadline_ns, &error),
        }
    }

    fn fail(&mut self, path: String, time_ns: u64, error: &io::Error) {
        self.paused_until_ns = time_ns.saturating_add(PAUSE_NS);
        self.ended.push(Ended {
            path,
            events: 0,
            bytes: 0,
            why: Why::Failed,
            error: Some(reason(error)),
        });
    }
}
