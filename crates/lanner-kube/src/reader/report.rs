//! What a scan tells besides events: what was passed over, and counts.

use std::sync::Arc;

use super::source::InputError;
use super::window::Place;
use crate::event::RecordError;

/// How many passed-over records are kept until somebody takes them.
const MAX_KEPT: usize = 1000;

/// A record, or a piece of input, that gave no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Name of the input.
    pub path: Arc<str>,
    /// Line where the trouble was noticed, from 1.
    pub line: u64,
    /// Column (bytes, from 1), where there is one to tell.
    pub column: Option<u64>,
    /// Offset of the record's first byte in the (decompressed) input.
    pub offset: u64,
    /// Why, for people.
    pub reason: String,
    /// The beginning of the record; at most 120 characters, control
    /// characters escaped.
    pub excerpt: String,
}

/// Counts of one input, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events handed out.
    pub events: u64,
    /// Events outside of the wanted time.
    pub filtered: u64,
    /// Events that were seen before.
    pub duplicates: u64,
    /// Records that gave no event (each was in a [`Skipped`], unless there
    /// were too many to keep).
    pub skipped: u64,
    /// Those of the skipped that end too early.
    pub truncated: u64,
    /// Records of other logs in the same stream (other AKS categories, other
    /// Google services).
    pub ignored: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Bytes read as they are stored.
    pub stored_bytes: u64,
}

impl Counters {
    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.filtered += other.filtered;
        self.duplicates += other.duplicates;
        self.skipped += other.skipped;
        self.truncated += other.truncated;
        self.ignored += other.ignored;
        self.bytes += other.bytes;
        self.stored_bytes += other.stored_bytes;
    }
}

/// Counts of one input.
#[derive(Clone, Debug)]
pub struct InputStats {
    /// Name of the input.
    pub path: Arc<str>,
    /// Its counts.
    pub counters: Counters,
    /// Why it was not read to its end.
    pub error: Option<InputError>,
}

/// Counts of a scan so far.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Of all inputs.
    pub total: Counters,
    /// Of each input that was opened, in order.
    pub inputs: Vec<InputStats>,
    /// The window for duplicates was full: some may have been missed.
    pub dedup_overflowed: bool,
}

/// Collects all that.
pub(super) struct Report {
    /// Of the inputs before, and the current one last.
    pub inputs: Vec<InputStats>,
    kept: Vec<Skipped>,
}

impl Report {
    pub fn new() -> Self {
        Self {
            inputs: Vec::new(),
            kept: Vec::new(),
        }
    }

    pub fn begin(&mut self, path: &str) {
        let counters = Counters::default();
        self.inputs.push(InputStats {
            path: path.into(),
            counters,
            error: None,
        });
    }

    /// Counts of the current input.
    pub fn counters(&mut self) -> &mut Counters {
        // Only called between `begin` and the end of an input; a stray call
        // would count for an input without a name.
        if self.inputs.is_empty() {
            self.begin("");
        }
        let last = self.inputs.len() - 1;
        &mut self.inputs[last].counters
    }

    /// Notes a record `text` at `place` that gave no event.
    #[cold]
    pub fn skip(&mut self, text: &[u8], place: Place, error: &RecordError) {
        self.skip_shown(excerpt(text, 120), text, place, error);
    }

    /// The same with the excerpt made already; `text` may be cut anywhere
    /// behind the error.
    pub fn skip_shown(&mut self, excerpt: String, text: &[u8], place: Place, error: &RecordError) {
        let counters = self.counters();
        counters.skipped += 1;
        counters.truncated += u64::from(error.truncated);
        if self.kept.len() >= MAX_KEPT {
            return;
        }
        let before = &text[..error.at.unwrap_or(0).min(text.len())];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let line_start = memchr::memrchr(b'\n', before)
            .map_or(place.line_start, |at| place.offset + at as u64 + 1);
        let column = error.at.map(|at| place.offset + at as u64 - line_start + 1);
        let path = self
            .inputs
            .last()
            .map_or_else(|| "".into(), |input| Arc::clone(&input.path));
        self.kept.push(Skipped {
            path,
            line: place.line + lines,
            column,
            offset: place.offset,
            reason: error.reason.to_string(),
            excerpt,
        });
    }

    pub fn take(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.kept)
    }

    /// Counts of all inputs.
    pub fn total(&self) -> Counters {
        let mut total = Counters::default();
        self.inputs
            .iter()
            .for_each(|input| total.add(&input.counters));
        total
    }

    pub fn stats(&self, dedup_overflowed: bool) -> Stats {
        let total = self.total();
        Stats {
            total,
            inputs: self.inputs.clone(),
            dedup_overflowed,
        }
    }
}

/// The first `limit` characters of `text`, on one line, control characters
/// and what is not UTF-8 escaped; `…` when there is more.
pub(crate) fn excerpt(text: &[u8], limit: usize) -> String {
    // One byte more than can be shown, so that a cut is noticed.
    let head = &text[..text.len().min(limit * 4 + 4)];
    let mut pieces = Vec::new();
    for chunk in head.utf8_chunks() {
        for ch in chunk.valid().chars() {
            pieces.push(if ch.is_control() {
                ch.escape_default().to_string()
            } else {
                ch.into()
            });
        }
        pieces.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    let length = |pieces: &[String]| pieces.iter().map(|p| p.chars().count()).sum::<usize>();
    if length(&pieces) <= limit {
        return pieces.concat();
    }
    while length(&pieces) >= limit {
        pieces.pop();
    }
    pieces.concat() + "…"
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt(b"a\tb\x00\xff\n", 120), "a\\tb\\u{0}\\xff\\n");
        assert_eq!(excerpt(b"", 120), "");
        let long = "\u{e9}".repeat(500);
        assert_eq!(excerpt(long.as_bytes(), 120).chars().count(), 120);
        assert!(excerpt(long.as_bytes(), 120).ends_with('…'));
        assert!(excerpt(&[0; 4000], 120).chars().count() <= 120);
        assert_eq!(excerpt(&[b'x'; 120], 120).len(), 120);
    }
}
