//! Events of older schemas become today's.
//!
//! Older libraries recorded an event when a system call was entered and
//! another when it returned. Today there is one for both: the enter event of a
//! thread is remembered, and its parameters go into the exit event. Parameters
//! and codes that came later are filled in. `rules` has the table, this file
//! applies it (facts: libs 0.25.4, `engine/savefile/converter`).

mod build;
mod memory;
mod rules;

use std::sync::LazyLock;

use lanner_event::RawEvent;
use lanner_event::schema::{self, EventType, Flags};

use build::{Built, Target};
use memory::Memory;
use rules::{FORGOTTEN, Part, RETURNED, RULES, Rule};

/// What is to be done with events of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Class {
    /// They are as they should be.
    #[default]
    Pass,
    /// Nothing needs them any longer.
    Drop,
    /// They are as they should be, if no parameter is missing.
    Exit,
    /// It depends on their parameters.
    Convert,
}

impl Class {
    /// The class of an event type.
    pub(crate) fn of(kind: &EventType) -> Self {
        let has = |flag| kind.flags.has(flag);
        if has(Flags::UNUSED) {
            Self::Drop
        } else if has(Flags::CONVERTER_MANAGED) {
            if kind.is_enter || has(Flags::OLD_VERSION) {
                Self::Convert
            } else {
                Self::Exit
            }
        } else if has(Flags::OLD_VERSION) {
            Self::Drop
        } else {
            Self::Pass
        }
    }
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be returned as it is.
    Pass,
    /// [`Converter::event`] is to be returned.
    Converted,
    /// It is not to be returned; what is needed of it has been taken.
    Drop,
}

/// No event goes through more generations.
const ROUNDS: usize = 16;

/// Applies the table to one event after the other.
#[derive(Default)]
pub(crate) struct Converter {
    memory: Memory,
    /// The event as it is after the last row, and as it was before.
    now: Built,
    before: Built,
}

/// What the event table says of a code, and the rows for it.
struct Known {
    target: Target,
    is_enter: bool,
    /// It is an older version of another code.
    is_old: bool,
    class: Class,
    rules: Box<[Rule]>,
    returned: bool,
    remembered: bool,
}

static KNOWN: LazyLock<Box<[Known]>> = LazyLock::new(|| {
    let all = || RULES.iter().copied().flatten();
    (0..)
        .map_while(schema::event_type)
        .map(|kind| Known {
            target: Target::new(kind),
            is_enter: kind.is_enter,
            is_old: kind.flags.has(Flags::OLD_VERSION),
            class: Class::of(kind),
            rules: all()
                .filter(|rule| rule.code == kind.code)
                .copied()
                .collect(),
            returned: RETURNED.contains(&kind.code),
            remembered: !FORGOTTEN.contains(&kind.code),
        })
        .collect()
});

impl Known {
    /// Whether events with so many parameters are as they should be.
    fn is_complete(&self, params: usize) -> bool {
        params >= self.target.len()
    }

    fn rule(&self, params: usize) -> Option<&Rule> {
        let fits = |rule: &&Rule| (rule.params.0..=rule.params.1).contains(&params);
        self.rules.iter().find(fits)
    }
}

impl Converter {
    /// Brings an event into its newest shape, or takes what is needed of it.
    pub(crate) fn convert(&mut self, event: &RawEvent<'_>) -> Verdict {
        let mut verdict = Verdict::Pass;
        for _ in 0..ROUNDS {
            let current = match verdict {
                Verdict::Converted => self.now.event(),
                _ => Some(*event),
            };
            let Some(current) = current else {
                return Verdict::Drop;
            };
            let Some(known) = KNOWN.get(usize::from(current.code)) else {
                return verdict;
            };
            match known.class {
                Class::Drop => return Verdict::Drop,
                Class::Pass => return verdict,
                Class::Exit | Class::Convert => {}
            }
            if let Some(rule) = known.rule(current.len()) {
                let becomes = KNOWN
                    .get(usize::from(rule.becomes))
                    .map(|known| &known.target);
                let Some(becomes) = becomes else {
                    return Verdict::Drop;
                };
                let entered = self.memory.of(current.tid, current.code);
                self.before.apply(&current, rule.parts, becomes, entered);
            } else if !known.is_complete(current.len()) {
                self.before.apply(
                    &current,
                    &[Part::All, Part::UpTo(known.target.len())],
                    &known.target,
                    None,
                );
            } else if known.is_enter {
                if known.remembered {
                    self.memory.keep(&current);
                }
                return if known.returned {
                    verdict
                } else {
                    Verdict::Drop
                };
            } else {
                return if known.is_old { Verdict::Drop } else { verdict };
            }
            std::mem::swap(&mut self.now, &mut self.before);
            verdict = Verdict::Converted;
        }
        Verdict::Drop
    }

    /// The event of the last verdict [`Verdict::Converted`].
    pub(crate) fn event(&self) -> Option<RawEvent<'_>> {
        self.now.event()
    }
}

#[cfg(test)]
mod tests;
