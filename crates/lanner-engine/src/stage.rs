//! Indices whose answers stay true for the same time: for an event, or for what it is about.

use std::hash::Hasher;

use lanner_event::{EventSource, Subject, SubjectId};
use rustc_hash::FxHasher;

use crate::evaluate::Evaluation;
use crate::index::{ValueIndex, intersects};

/// So many subjects are remembered; others take their places.
const PLACES: usize = 4096;

/// Indices that are asked one after the other.
pub(crate) struct Stage {
    /// What the answer is about, if it outlives the event.
    subject: Option<Subject>,
    indices: Box<[ValueIndex]>,
    /// The rules that one of the indices may take away.
    concerned: Box<[u64]>,
}

/// What stages said of subjects.
pub(crate) struct Memory {
    /// A power of two of them, or none: then nothing is remembered.
    places: Box<[Place]>,
    /// The rules that were left, for each place.
    rules: Box<[u64]>,
    words: usize,
}

/// A subject that was seen.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    subject: SubjectId,
    /// The stage, by class and number.
    stage: (u32, u32),
    /// Whether its rules are known. They are looked for when it comes back: many subjects, like
    /// processes that start, are seen once.
    known: bool,
}

impl Memory {
    /// Room for sets of rules of so many words; without, to forget at once.
    pub(crate) fn new(words: usize, remembers: bool) -> Self {
        let places = if remembers { PLACES } else { 0 };
        Self {
            places: vec![Place::default(); places].into(),
            rules: vec![0; places * words].into(),
            words,
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
            for (all, more) in concerned.iter_mut().zip(index.concerned()) {
                *all |= more;
            }
        }
        Self {
            subject,
            indices: indices.into(),
            concerned,
        }
    }

    /// Takes the rules away of which no need is met; whether any is left. `name` tells the stage
    /// from others; `scratch` is as long as `candidates`.
    pub(crate) fn narrow<S: EventSource>(
        &self,
        name: (u32, u32),
        evaluation: &mut Evaluation<'_, '_, S>,
        memory: &mut Memory,
        candidates: &mut [u64],
        scratch: &mut [u64],
    ) -> bool {
        if !intersects(candidates, &self.concerned) {
            return true;
        }
        let subject = self.subject.and_then(|subject| evaluation.subject(subject));
        let place = subject.and_then(|subject| Some((subject, memory.place(&subject, name)?)));
        if let Some((subject, at)) = place {
            let place = &mut memory.places[at];
            let rules = &mut memory.rules[at * memory.words..][..memory.words];
            if place.subject == subject && place.stage == name {
                if !place.known {
                    place.known = true;
                    rules.fill(u64::MAX);
                    self.ask(evaluation, rules, scratch);
                }
                let mut left = 0;
                for (candidate, rules) in candidates.iter_mut().zip(rules) {
                    *candidate &= *rules;
                    left |= *candidate;
                }
                return left != 0;
            }
            *place = Place {
                subject,
                stage: name,
                known: false,
            };
        }
        self.ask(evaluation, candidates, scratch)
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
