//! An index of values: which rules need a value to be what it is. However many rules look at a
//! value, it is looked up once.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use lanner_event::{EventSource, Value};
use memchr::memmem;
use rustc_hash::FxHashMap;

use crate::evaluate::Evaluation;
use crate::ops::{AUTOMATON_FROM, Affixes, Check, Needle, Side, bytes_of, number_of};
use crate::plan::Lifetime;
use crate::rule_set;

/// The numbers of rules.
type Rules = Box<[u32]>;

/// What rules need values to be. A rule that it concerns can match only an event of which a
/// value is found here for it.
pub(crate) struct ValueIndex {
    concerned: Box<[u64]>,
    operands: Box<[(u32, Finder)]>,
}

/// What the values of one operand are looked up in.
struct Finder {
    whole: FxHashMap<Box<[u8]>, Rules>,
    starts: Affixes<Rules>,
    ends: Affixes<Rules>,
    inside: Inside,
    numbers: FxHashMap<i128, Rules>,
}

/// Texts that are searched for.
enum Inside {
    /// One by one.
    Few(Box<[(memmem::Finder<'static>, Rules)]>),
    /// All at once.
    Many(Box<AhoCorasick>, Box<[Rules]>),
}

/// Texts with the rules that need them, sorted.
type Texts<'c> = BTreeMap<&'c [u8], Vec<u32>>;

/// What an index is made of: the needs of rules, by operand.
#[derive(Default)]
pub(crate) struct Needs<'c> {
    concerned: Vec<u32>,
    lifetime: Option<Lifetime>,
    operands: BTreeMap<u32, Needles<'c>>,
}

#[derive(Default)]
struct Needles<'c> {
    /// What getting at the operand and one comparison cost.
    cost: u64,
    whole: Texts<'c>,
    starts: Texts<'c>,
    ends: Texts<'c>,
    inside: Texts<'c>,
    numbers: BTreeMap<i128, Vec<u32>>,
}

impl<'c> Needs<'c> {
    /// A rule can match only when one of the checks holds; all of them have needles.
    pub(crate) fn add(&mut self, rule: u32, checks: impl Iterator<Item = &'c Check>) {
        self.concerned.push(rule);
        for check in checks {
            self.lifetime = self.lifetime.max(Some(check.lifetime));
            let needles = self.operands.entry(check.left).or_default();
            needles.cost = needles.cost.max(check.cost);
            for needle in check.needles().into_iter().flatten() {
                needles.add(rule, needle);
            }
        }
    }

    /// How long the values stay the same; `None` when there are none.
    pub(crate) fn lifetime(&self) -> Option<Lifetime> {
        self.lifetime
    }

    /// What a look-up costs for each rule that it may take away, in thousandths.
    pub(crate) fn cost_per_rule(&self) -> u64 {
        let cost: u64 = self.operands.values().map(|needles| needles.cost).sum();
        cost.saturating_mul(1000) / self.concerned.len().max(1) as u64
    }
}

impl<'c> Needles<'c> {
    fn add(&mut self, rule: u32, needle: Needle<'c>) {
        let rules = match needle {
            Needle::Whole(text) => self.whole.entry(text).or_default(),
            Needle::Start(text) => self.starts.entry(text).or_default(),
            Needle::End(text) => self.ends.entry(text).or_default(),
            Needle::Inside(text) => self.inside.entry(text).or_default(),
            Needle::Number(number) => self.numbers.entry(number).or_default(),
        };
        if rules.last() != Some(&rule) {
            rules.push(rule);
        }
    }
}

impl ValueIndex {
    /// An index for sets of rules of so many words. `None` if there is too much to search for.
    pub(crate) fn new(needs: Needs<'_>, words: usize) -> Option<Self> {
        let operands = needs.operands.into_iter();
        Some(Self {
            concerned: rule_set::of(needs.concerned.into_iter(), words),
            operands: operands
                .map(|(operand, needles)| Some((operand, Finder::new(needles)?)))
                .collect::<Option<_>>()?,
        })
    }

    /// The rules that it may take away.
    pub(crate) fn concerned(&self) -> &[u64] {
        &self.concerned
    }

    /// Takes the rules away of which no need is met; whether any is left. `scratch` is as long as
    /// `candidates`.
    pub(crate) fn narrow<S: EventSource>(
        &self,
        evaluation: &mut Evaluation<'_, '_, S>,
        candidates: &mut [u64],
        scratch: &mut [u64],
    ) -> bool {
        if !rule_set::intersects(candidates, &self.concerned) {
            return true;
        }
        scratch.fill(0);
        for (operand, finder) in &self.operands {
            for value in evaluation.values(*operand).unwrap_or_default() {
                finder.find(value, scratch);
            }
        }
        rule_set::keep(candidates, &self.concerned, scratch)
    }
}

impl Finder {
    fn new(needles: Needles<'_>) -> Option<Self> {
        let owned = |(text, rules): (&[u8], Vec<u32>)| (Box::from(text), Rules::from(rules));
        let numbers = needles.numbers.into_iter();
        Some(Self {
            whole: needles.whole.into_iter().map(owned).collect(),
            starts: Affixes::new(Side::Start, needles.starts.into_iter().map(owned)),
            ends: Affixes::new(Side::End, needles.ends.into_iter().map(owned)),
            inside: Inside::new(needles.inside)?,
            numbers: numbers
                .map(|(number, rules)| (number, rules.into()))
                .collect(),
        })
    }

    fn find(&self, value: &Value<'_>, found: &mut [u64]) {
        let mut add = |rules: &Rules| {
            for rule in rules {
                rule_set::insert(found, *rule);
            }
        };
        if let Some(text) = bytes_of(value) {
            self.whole.get(text).into_iter().for_each(&mut add);
            self.starts.of(text).for_each(&mut add);
            self.ends.of(text).for_each(&mut add);
            self.inside.find(text, add);
        } else if let Some(number) = number_of(value) {
            self.numbers.get(&number).into_iter().for_each(&mut add);
        }
    }
}

impl Inside {
    fn new(texts: Texts<'_>) -> Option<Self> {
        Some(if texts.len() < AUTOMATON_FROM {
            let each = texts
                .into_iter()
                .map(|(text, rules)| (memmem::Finder::new(text).into_owned(), rules.into()));
            Self::Few(each.collect())
        } else {
            let automaton = AhoCorasick::new(texts.keys()).ok()?;
            Self::Many(
                automaton.into(),
                texts.into_values().map(Rules::from).collect(),
            )
        })
    }

    fn find(&self, text: &[u8], mut add: impl FnMut(&Rules)) {
        match self {
            Self::Few(each) => {
                for (finder, rules) in each {
                    if finder.find(text).is_some() {
                        add(rules);
                    }
                }
            }
            Self::Many(automaton, rules) => {
                for found in automaton.find_overlapping_iter(text) {
                    add(&rules[found.pattern()]);
                }
            }
        }
    }
}
