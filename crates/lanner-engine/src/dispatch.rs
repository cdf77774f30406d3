//! Dispatch: which rules could match at all.
//!
//! A key is an operand of few distinct values (the verb, the resource). For
//! each value the conditions that depend on it alone are evaluated once, and
//! the answer is kept as a set of rules. An event then costs a look-up and an
//! AND per key, however many rules there are.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use lanner_event::{EventSource, Value};

use crate::class::{ClassPlan, Condition};
use crate::evaluate::Evaluation;
use crate::node::Nodes;
use crate::plan::DispatchKey;
use crate::rule_set;
use crate::stage::Memory;

/// A key remembers so many values; then it forgets all and begins again.
/// Values come from events, so memory must be bounded.
const MAX_VALUES: usize = 4096;
/// Values longer than this are not remembered.
const MAX_VALUE_BYTES: usize = 1024;

/// The dispatch keys of a plan with what they have learnt.
pub(crate) struct Dispatch {
    /// The conditions of the rules, for looking at what the class of an event decides.
    conditions: Vec<Condition>,
    /// What rules require of operands that the class decides, for events without one.
    class_required: Vec<(u32, u32)>,
    /// What is left of the rules for each class that was seen; the first is for events that have
    /// none.
    classes: Vec<Option<ClassPlan>>,
    keys: Vec<Key>,
    /// What is remembered of the subjects of events.
    memory: Memory,
    /// All rules, 64 a word.
    all: Box<[u64]>,
    /// The rules that can match the current event.
    candidates: Box<[u64]>,
    /// An answer that is not remembered.
    scratch: Box<[u64]>,
}

struct Key {
    operand: u32,
    required: Vec<(u32, u32)>,
    /// The rules that require something of this key: where none of them is left, there is no need
    /// to look.
    concerned: Box<[u64]>,
    /// The answer for events that lack the operand.
    absent: Option<Box<[u64]>>,
    /// The answers for values.
    present: HashTable<Entry>,
    /// Seeded at random: values come from events, and may want to collide.
    hasher: DefaultHashBuilder,
    /// How often it had to forget.
    resets: u64,
}

struct Entry {
    hash: u64,
    value: Remembered,
    rules: Box<[u64]>,
}

/// A value of an earlier event.
enum Remembered {
    Str(Box<[u8]>),
    U64(u64),
    I64(i64),
    Bool(bool),
}

impl Remembered {
    /// A copy, of what is worth remembering.
    fn new(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Str(text) if text.len() <= MAX_VALUE_BYTES => Self::Str((*text).into()),
            Value::U64(number) => Self::U64(*number),
            Value::I64(number) => Self::I64(*number),
            Value::Bool(truth) => Self::Bool(*truth),
            _ => return None,
        })
    }

    fn is(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Str(one), Value::Str(other)) => **one == **other,
            (Self::U64(one), Value::U64(other)) => one == other,
            (Self::I64(one), Value::I64(other)) => one == other,
            (Self::Bool(one), Value::Bool(other)) => one == other,
            _ => false,
        }
    }
}

impl Dispatch {
    pub(crate) fn new(
        keys: &[DispatchKey],
        conditions: Vec<Condition>,
        decided_by_class: impl Fn(u32) -> bool,
    ) -> Self {
        let rules = conditions.len();
        let (class_keys, keys): (Vec<_>, Vec<_>) =
            keys.iter().partition(|key| decided_by_class(key.operand));
        let words = rules.div_ceil(64);
        let mut all = vec![u64::MAX; words].into_boxed_slice();
        if let Some(last) = all.last_mut() {
            *last >>= words * 64 - rules;
        }
        let keys = keys.into_iter().map(|key| Key {
            operand: key.operand,
            required: key.required.clone(),
            concerned: rule_set::of(key.required.iter().map(|&(rule, _)| rule), words),
            absent: None,
            present: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            resets: 0,
        });
        Self {
            conditions,
            class_required: class_keys
                .into_iter()
                .flat_map(|key| key.required.iter().copied())
                .collect(),
            classes: Vec::new(),
            keys: keys.collect(),
            memory: Memory::new(words, true),
            candidates: all.clone(),
            scratch: all.clone(),
            all,
        }
    }

    /// Remembers nothing of the subjects of events.
    pub(crate) fn forget(&mut self) {
        self.memory = Memory::new(self.all.len(), false);
    }

    /// How often a key was given more values than it remembers.
    pub(crate) fn resets(&self) -> u64 {
        self.keys.iter().map(|key| key.resets).sum()
    }

    /// The rules that can match the event, and what is left of their conditions.
    pub(crate) fn candidates<S: EventSource>(
        &mut self,
        evaluation: &mut Evaluation<'_, '_, S>,
    ) -> (&mut [u64], &Nodes) {
        let class = evaluation.class();
        let slot = class.map_or(0, |class| usize::from(class) + 1);
        if self.classes.len() <= slot {
            self.classes.resize_with(slot + 1, || None);
        }
        let plan =
            self.classes[slot].get_or_insert_with(|| evaluation.class_plan(&self.conditions));
        let candidates = &mut self.candidates;
        if class.is_none() {
            answer(&self.class_required, evaluation, &plan.rules, candidates);
        } else {
            candidates.copy_from_slice(&plan.rules);
        }
        let mut left = !rule_set::is_empty(candidates);
        for key in &mut self.keys {
            if !left {
                break;
            }
            if !rule_set::intersects(candidates, &key.concerned) {
                continue;
            }
            let rules = key.rules(evaluation, &self.all, &mut self.scratch);
            left = rule_set::keep(candidates, &self.all, rules);
        }
        for (number, stage) in (0..).zip(&mut plan.stages) {
            if !left {
                break;
            }
            let (name, scratch) = ((slot as u32, number), &mut self.scratch);
            left = stage.narrow(name, evaluation, &mut self.memory, candidates, scratch);
        }
        (candidates, &plan.nodes)
    }
}

impl Key {
    fn rules<'k, S: EventSource>(
        &'k mut self,
        evaluation: &mut Evaluation<'_, '_, S>,
        all: &[u64],
        scratch: &'k mut [u64],
    ) -> &'k [u64] {
        let values = evaluation.values(self.operand);
        let (hash, value) = match values {
            None => {
                return self.absent.get_or_insert_with(|| {
                    answer(&self.required, evaluation, all, scratch);
                    (*scratch).into()
                });
            }
            Some([value]) => {
                let hash = self.hash(value);
                // Found twice, because a borrow that is returned from one
                // branch would last through the other.
                if self
                    .present
                    .find(hash, |entry| entry.value.is(value))
                    .is_some()
                {
                    let found = self.present.find(hash, |entry| entry.value.is(value));
                    return found.map_or(scratch, |entry| &entry.rules);
                }
                (hash, Remembered::new(value))
            }
            Some(_) => (0, None),
        };
        answer(&self.required, evaluation, all, scratch);
        if let Some(value) = value {
            if self.present.len() >= MAX_VALUES {
                self.present.clear();
                self.resets += 1;
            }
            let entry = Entry {
                hash,
                value,
                rules: (*scratch).into(),
            };
            self.present.insert_unique(hash, entry, |entry| entry.hash);
        }
        scratch
    }

    fn hash(&self, value: &Value<'_>) -> u64 {
        match value {
            Value::Str(text) => self.hasher.hash_one(text),
            Value::U64(number) => self.hasher.hash_one(number),
            Value::I64(number) => self.hasher.hash_one(number),
            Value::Bool(truth) => self.hasher.hash_one(truth),
            _ => 0,
        }
    }
}

/// Evaluates what a key requires, for this event.
fn answer<S: EventSource>(
    required: &[(u32, u32)],
    evaluation: &mut Evaluation<'_, '_, S>,
    all: &[u64],
    rules: &mut [u64],
) {
    rules.copy_from_slice(all);
    for &(rule, node) in required {
        if !evaluation.holds(node) {
            rule_set::remove(rules, rule);
        }
    }
}
