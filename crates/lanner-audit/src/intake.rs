//! What a webhook is sent, as lines of a log.

use lanner_kube::event::Key;
use lanner_kube::reader::Skipped;
use lanner_kube::recent::{Fingerprint, Recent};
use lanner_kube::{AuditEvent, Input, ScanOptions, Scanner};

use crate::attributes::Attributes;
use crate::narrow::{Recorded, record};
use crate::policy::{Decision, Policy};

/// How many events are remembered, against batches that are sent again.
const REMEMBERED: usize = 1 << 18;

/// What is made of events.
pub struct Intake {
    policy: Option<Policy>,
    /// Larger events are cut, as kube-apiserver's `truncate` does it.
    max_event_bytes: usize,
    fingerprint: Fingerprint,
    recorded: Recent,
}

/// Counts of what was made of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were sent.
    pub events: u64,
    /// Those that were taken before.
    pub duplicates: u64,
    /// Those that the policy does not want.
    pub dropped: u64,
    /// Those that lost their bodies, because they were too large.
    pub truncated: u64,
    /// Those that were too large without bodies.
    pub discarded: u64,
    /// Records that are no events.
    pub skipped: u64,
    /// Lines of each level.
    pub levels: [u64; 4],
}

/// Lines, to be written.
#[derive(Debug, Default)]
pub struct Taken {
    /// Each ended by a newline.
    pub lines: Vec<u8>,
    /// Where each line ends.
    pub ends: Vec<usize>,
    /// What was counted.
    pub counts: Counts,
    /// Records that are no events: the first ones.
    pub skipped: Vec<Skipped>,
    /// What the lines are known by.
    numbers: Vec<u64>,
}

impl Intake {
    /// For a policy, or for all that comes.
    #[must_use]
    pub fn new(policy: Option<Policy>, max_event_bytes: Option<usize>) -> Self {
        Self {
            policy,
            max_event_bytes: max_event_bytes.unwrap_or(usize::MAX),
            fingerprint: Fingerprint::default(),
            recorded: Recent::new(REMEMBERED),
        }
    }

    /// The lines of a body: an `EventList`, or events in any other framing. Never fails: what is no
    /// event is told of in the result. Events that come again are duplicates from now on, unless
    /// they are given to [`Self::forget`].
    #[must_use]
    pub fn take(&mut self, body: Vec<u8>) -> Taken {
        let mut taken = Taken::default();
        let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if !matches!(start, Some(b'{' | b'[')) {
            // Nothing else is unpacked: a few bytes can become very many.
            taken.counts.skipped = 1;
            return taken;
        }
        let mut scanner = scan(body, &mut |event| self.event(event, &mut taken));
        taken.counts.skipped += scanner.stats().total.skipped;
        taken.skipped.append(&mut scanner.take_skipped());
        taken
    }

    /// Lines could not be stored: their events may come again.
    pub fn forget(&mut self, taken: &Taken) {
        self.recorded.forget(&taken.numbers);
    }

    /// Lines were stored before this process began: their events are duplicates, too.
    pub fn remember(&mut self, lines: Vec<u8>) {
        scan(lines, &mut |event| {
            self.recorded.insert(self.number_of(event));
        });
    }

    /// What an event is known by. The audit ID alone is the client's to choose.
    fn number_of(&self, event: &AuditEvent<'_>) -> u64 {
        let members = [Key::AuditId, Key::Stage, Key::Verb, Key::RequestUri];
        let time = Some(event.time_ns());
        self.fingerprint.of(event, &members, time)
    }

    fn event(&mut self, event: &AuditEvent<'_>, taken: &mut Taken) {
        let number = self.number_of(event);
        let counts = &mut taken.counts;
        counts.events += 1;
        if self.recorded.contains(number) {
            counts.duplicates += 1;
            return;
        }
        let decision = match &self.policy {
            Some(policy) => policy.decide(&Attributes::of(event)),
            None => Decision::EVERYTHING,
        };
        match record(event, decision, self.max_event_bytes, &mut taken.lines) {
            Recorded::Dropped => counts.dropped += 1,
            Recorded::Discarded => counts.discarded += 1,
            Recorded::Kept { level, truncated } => {
                counts.levels[level as usize] += 1;
                counts.truncated += u64::from(truncated);
                taken.ends.push(taken.lines.len());
                taken.numbers.push(number);
                self.recorded.insert(number);
            }
        }
    }
}

/// Goes through the events of bytes.
fn scan(data: Vec<u8>, event: &mut dyn FnMut(&AuditEvent<'_>)) -> Scanner {
    let name = "body".into();
    let input = Input::Bytes { name, data };
    let mut scanner = Scanner::new(vec![input], ScanOptions::default());
    // Bytes in memory cannot fail to be read.
    while let Ok(progress) = scanner.step(usize::MAX, event) {
        if progress.finished {
            break;
        }
    }
    scanner
}

impl Taken {
    /// Where the last line ends that ends within `limit` bytes; `None` when not even the line from
    /// `start` on does.
    #[must_use]
    pub fn end_within(&self, start: usize, limit: usize) -> Option<usize> {
        let count = self.ends.partition_point(|end| *end <= limit);
        let end = *self.ends.get(count.checked_sub(1)?)?;
        (end > start).then_some(end)
    }

    /// Where the line ends that begins at `start`.
    #[must_use]
    pub fn end_of_line(&self, start: usize) -> Option<usize> {
        let count = self.ends.partition_point(|end| *end <= start);
        self.ends.get(count).copied()
    }
}
