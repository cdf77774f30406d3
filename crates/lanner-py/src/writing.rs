//! A capture that a scan writes: which events go into it, and how.

use std::collections::VecDeque;
use std::io::{self, BufWriter, IntoInnerError};
use std::path::PathBuf;

use lanner_event::RawEvent;
use lanner_scap::{Compression, Copier, Item, Writer};
use lanner_syscall::{SyscallEvent, SyscallSource};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::engine::Matching;
use crate::errors;
use crate::output::NewFile;

const BUFFER: usize = 256 << 10;

/// What is to be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `None` is standard output.
    path: Option<PathBuf>,
    /// With gzip.
    compress: bool,
    /// A plan with one rule: the filter.
    filter: Option<String>,
    /// Only events for which a rule fired.
    alerts_only: bool,
    /// At most so many events.
    limit: Option<u64>,
}

/// Chooses the events to write.
pub struct Choice {
    filter: Option<Matching<SyscallSource>>,
    alerts_only: bool,
    left: u64,
}

impl Choice {
    /// Whether an event, for which a rule fired or not, goes into the capture.
    pub fn takes(&mut self, event: &SyscallEvent<'_>, has_alert: bool) -> bool {
        let takes = self.left > 0
            && (has_alert || !self.alerts_only)
            && self
                .filter
                .as_mut()
                .is_none_or(|filter| filter.holds(event));
        self.left -= u64::from(takes);
        takes
    }

    /// Whether no more events are wanted.
    pub fn is_over(&self) -> bool {
        self.left == 0
    }
}

/// The capture being written. Events that nobody chose are in it where others would not be the
/// same without them: hidden, as sysdig hides them (its `--fatfile`).
pub struct OutputCapture {
    /// What messages call it.
    pub name: String,
    /// Until the first input begins.
    file: Option<NewFile>,
    /// From then on.
    copier: Option<Copier<BufWriter<NewFile>>>,
    compression: Compression,
    /// All events are chosen, so those that were hidden before stay, too.
    is_copy: bool,
}

/// Creates the output: from live events, it has its name from the beginning.
///
/// # Errors
/// When that is not possible, or the filter is no plan.
pub fn begin(
    options: Options,
    inputs: &VecDeque<Option<PathBuf>>,
    is_live: bool,
) -> PyResult<(Choice, OutputCapture)> {
    let filter = options.filter.as_deref().map(str::as_bytes);
    let choice = Choice {
        filter: filter.map(Matching::new).transpose()?,
        alerts_only: options.alerts_only,
        left: options.limit.unwrap_or(u64::MAX),
    };
    let path = options.path.as_deref();
    let name = path.map_or_else(|| "<stdout>".into(), |path| path.display().to_string());
    let inputs = inputs.iter().map(Option::as_deref);
    let file =
        NewFile::create(path, is_live, inputs).map_err(|error| errors::file(&name, &error))?;
    let capture = OutputCapture {
        name,
        file: Some(file),
        copier: None,
        compression: if options.compress {
            Compression::Gzip
        } else {
            Compression::None
        },
        is_copy: choice.filter.is_none() && !choice.alerts_only,
    };
    Ok((choice, capture))
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was chosen.
    Chosen,
    /// It was not, but rules saw it, or would have at another time.
    Shown,
    /// It is there for the state only.
    Hidden,
}

impl OutputCapture {
    /// An input begins.
    ///
    /// # Errors
    /// When the output fails, as for all that follows.
    pub fn section(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            let output = BufWriter::with_capacity(BUFFER, file);
            self.copier = Some(Copier::new(Writer::new(output, self.compression)?));
            return Ok(());
        }
        self.item(&Item::Section)
    }

    /// An item that is no event.
    pub fn item(&mut self, item: &Item<'_>) -> io::Result<()> {
        match &mut self.copier {
            Some(copier) => copier.item(item),
            None => Ok(()),
        }
    }

    /// An event; `is_needed` says that others are not the same without it. Returns whether it was
    /// written.
    pub fn event(&mut self, event: &RawEvent<'_>, fate: Fate, is_needed: bool) -> io::Result<bool> {
        let is_wanted = match fate {
            Fate::Chosen => true,
            Fate::Shown => is_needed,
            Fate::Hidden => is_needed || self.is_copy,
        };
        let Some(copier) = self.copier.as_mut().filter(|_| is_wanted) else {
            return Ok(false);
        };
        let mut event = *event;
        if fate != Fate::Chosen {
            event.flags |= RawEvent::STATE_ONLY;
        }
        copier.event(&event)?;
        Ok(true)
    }

    /// Ends it. Whether it is there: without any input it is not.
    pub fn finish(self) -> io::Result<bool> {
        match self.copier {
            Some(copier) => {
                let output = copier.finish()?;
                let file = output.into_inner().map_err(IntoInnerError::into_error)?;
                file.finish()?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
