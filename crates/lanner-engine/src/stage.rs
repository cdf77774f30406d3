//! Indices whose answers stay true for the same time: for an event, or for what it is about.

use std::hash::Hasher;

use lanner_event::{EventSource, Subject, SubjectId};
use rustc_hash::FxHasher;

use crate::evaluate::Evaluation;
use crate::index::ValueIndex;
use crate::rule_set;

/// So many subjects are remembered; others take their places.
const PLACES: usize = 4096;
/// So many subjects tell whether they come back: files that are opened do not, files that are
/// written do.
const SAMPLE: u32 = 1024;
/// Where most do not, nothing is remembered of so many events.
const PAUSE: u32 = 64 * SAMPLE;

/// Indices that are asked one after the other.
pub(crate) struct Stage {
    /// What the answer is about, if it outlives the event.
    subject: Option<Subject>,
    indices: Box<[ValueIndex]>,
    /// The rules that one of the indices may take away.
    concerned: Box<[u64]>,
    /// How many of the last subjects were seen for the first time, and were known.
    new: u32,
    known: u32,
    /// So many events go by before it is tried to remember again.
    pause: u32,
}

/// What stages said of subjects.
pub(crate) struct Memory {
    /// A power of two of them, or none: then nothing is remembered.
    places: Box<[Place]>,
    /// For each place the rules that were asked about, and which of these were left.
    answers: Box<[u64]>,
    /// The rules that are being asked about.
    asking: Box<[u64]>,
}

/// A subject that was seen.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    subject: SubjectId,
    /// The stage, by class and number.
    stage: (u32, u32),
}

impl Memory {
    /// Room for sets of rules of so many words; without, to forget at once.
    pub(crate) fn new(words: usize, remembers: bool) -> Self {
        let places = if remembers { PLACES } else { 0 };
        Self {
            places: vec![Place::default(); places].into(),
            answers: vec![0; places * words * 2].into(),
            asking: vec![0; words].into(),
        }
    }

    fn place(&self, subject: &SubjectId, stage: (u32, u32)) -> Option<usize> {
        let mut hasher = FxHasher::default();
        for part in subject {
            hasher.write_u64(*part);
        }
        hasher.write_u32(stage.0);
        hasher.write_u32(stage.1);
        (hasher.finish() as usize).checked_rem(self.places.len())
    }
}

impl Stage {
    pub(crate) fn new(subject: Option<Subject>, indices: Vec<ValueIndex>, words: usize) -> Self {
        let mut concerned = vec![0; words].into_boxed_slice();
        for index in &indices {
            rule_set::extend(&mut concerned, index.concerned());
        }
        Self {
            subject,
            indices: indices.into(),
            concerned,
            new: 0,
            known: 0,
            pause: 0,
        }
    }

    /// Takes the rules away of which no need is met; whether any is left. `name` tells the stage
    /// from others; `scratch` is as long as `candidates`.
    pub(crate) fn narrow<S: EventSource>(
        &mut self,
        name: (u32, u32),
        evaluation: &mut Evaluation<'_, '_, S>,
        memory: &mut Memory,
        candidates: &mut [u64],
        scratch: &mut [u64],
    ) -> bool {
        if !rule_set::intersects(candidates, &self.concerned) {
            return true;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return self.ask(evaluation, candidates, scratch);
        }
        let subject = self.subject.and_then(|subject| evaluation.subject(subject));
        let place = subject.and_then(|subject| Some((subject, memory.place(&subject, name)?)));
        let Some((subject, at)) = place else {
            return self.ask(evaluation, candidates, scratch);
        };
        let words = memory.asking.len();
        let answers = &mut memory.answers[at * words * 2..][..words * 2];
        let (asked, left) = answers.split_at_mut(words);
        let here = Place {
            subject,
            stage: name,
        };
        if memory.places[at] == here {
            self.known += 1;
        } else {
            self.new += 1;
            memory.places[at] = here;
            asked.fill(0);
            left.fill(0);
        }
        if self.new + self.known == SAMPLE {
            self.pause = if self.new > self.known { PAUSE } else { 0 };
            (self.new, self.known) = (0, 0);
        }
        let asking = &mut memory.asking;
        let mut is_new = 0;
        for (word, asking) in asking.iter_mut().enumerate() {
            *asking = candidates[word] & self.concerned[word] & !asked[word];
            asked[word] |= *asking;
            is_new |= *asking;
        }
        if is_new != 0 {
            self.ask(evaluation, asking, scratch);
            rule_set::extend(left, asking);
        }
        rule_set::keep(candidates, &self.concerned, left)
    }

    fn ask<S: EventSource>(
        &self,
        evaluation: &mut Evaluation<'_, '_, S>,
        candidates: &mut [u64],
        scratch: &mut [u64],
    ) -> bool {
        let mut indices = self.indices.iter();
        indices.all(|index| index.narrow(evaluation, candidates, scratch))
    }
}
