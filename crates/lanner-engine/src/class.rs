//! What is left of the rules for the events of one class.
//!
//! The code of an event decides checks like `evt.type in (open, openat)`, and so much of most
//! conditions. What it decides is taken out of them once, when the first event of the class
//! comes; what the rest needs of values is kept in indices.

use std::collections::BTreeMap;

use lanner_event::Subject;

use crate::index::{Needs, ValueIndex};
use crate::node::{Node, Nodes};
use crate::ops::Check;
use crate::plan::Lifetime;
use crate::rule_set;
use crate::stage::Stage;

/// A condition is looked up in at most so many indices, that making them stays cheap.
const MAX_CLAUSES: usize = 16;

/// The rules for the events of one class.
pub(crate) struct ClassPlan {
    /// The rules that may match, as a set.
    pub rules: Box<[u64]>,
    /// What is left of their conditions.
    pub nodes: Nodes,
    /// What narrows the rules down, one after the other.
    pub stages: Box<[Stage]>,
}

/// A rule's condition, and what dispatch keys leave of it.
#[derive(Clone, Copy)]
pub(crate) struct Condition {
    pub whole: u32,
    pub residual: u32,
}

impl ClassPlan {
    /// The plan for a class that decides the `known` answers of nodes.
    pub(crate) fn new(
        nodes: &Nodes,
        checks: &[Check],
        conditions: &[Condition],
        known: &[Option<bool>],
    ) -> Self {
        let words = conditions.len().div_ceil(64);
        let possible: Vec<(u32, u32)> = (0..)
            .zip(conditions)
            .filter(|(_, condition)| known[condition.whole as usize] != Some(false))
            .map(|(rule, condition)| (rule, condition.residual))
            .collect();
        if possible.is_empty() {
            return Self {
                rules: vec![0; words].into(),
                nodes: Nodes::default(),
                stages: Box::default(),
            };
        }
        let nodes = nodes.specialised(known);
        let stages = stages(&nodes, checks, &possible, words);
        Self {
            rules: rule_set::of(possible.into_iter().map(|(rule, _)| rule), words),
            nodes,
            stages,
        }
    }
}

/// One index for each set of operands of which rules need something.
fn stages(nodes: &Nodes, checks: &[Check], rules: &[(u32, u32)], words: usize) -> Box<[Stage]> {
    let necessary = necessary_checks(nodes, checks, rules);
    let mut groups: BTreeMap<Vec<u32>, Needs<'_>> = BTreeMap::new();
    for (rule, root) in rules {
        for clause in &necessary[*root as usize] {
            let needs = groups.entry(clause.operands.clone()).or_default();
            needs.add(
                *rule,
                clause.checks.iter().map(|check| &checks[*check as usize]),
            );
        }
    }
    let mut groups: Vec<Needs<'_>> = groups.into_values().collect();
    // What is cheap, and what many rules need, leaves little for the next.
    groups.sort_by_key(Needs::cost_per_rule);
    let mut stages = [Some(Subject::Process), Some(Subject::Descriptor), None]
        .map(|subject| (subject, Vec::new()));
    for needs in groups {
        let at = match needs.lifetime() {
            Some(Lifetime::Capture | Lifetime::Container | Lifetime::Process) => 0,
            Some(Lifetime::Fd) => 1,
            Some(Lifetime::Event) | None => 2,
        };
        stages[at].1.extend(ValueIndex::new(needs, words));
    }
    let stages = stages
        .into_iter()
        .filter(|(_, indices)| !indices.is_empty());
    stages
        .map(|(subject, indices)| Stage::new(subject, indices, words))
        .collect()
}

/// Checks of which one must hold, sorted, and the operands that they look at, sorted.
#[derive(Clone, Default)]
struct Clause {
    operands: Vec<u32>,
    checks: Vec<u32>,
}

impl Clause {
    fn join(&mut self, other: &Self) {
        for (all, more) in [
            (&mut self.operands, &other.operands),
            (&mut self.checks, &other.checks),
        ] {
            all.extend(more);
            all.sort_unstable();
            all.dedup();
        }
    }

    fn size(&self) -> (usize, usize) {
        (self.operands.len(), self.checks.len())
    }
}

/// What must hold for each node that the rules reach: all of these clauses, none of which looks
/// at the same operands as another.
fn necessary_checks(nodes: &Nodes, checks: &[Check], rules: &[(u32, u32)]) -> Vec<Vec<Clause>> {
    let mut reached = vec![false; nodes.nodes.len()];
    for (_, root) in rules {
        reached[*root as usize] = true;
    }
    // Children come before their parents.
    for (index, node) in nodes.nodes.iter().enumerate().rev() {
        if reached[index] {
            for child in nodes.children_of(node) {
                reached[*child as usize] = true;
            }
        }
    }
    let mut all: Vec<Vec<Clause>> = Vec::with_capacity(nodes.nodes.len());
    for (node, reached) in nodes.nodes.iter().zip(reached) {
        let children = nodes
            .children_of(node)
            .iter()
            .map(|child| &all[*child as usize]);
        let clauses = match node {
            _ if !reached => Vec::new(),
            Node::Predicate(check) => clause_of(*check, checks),
            Node::Not(_) => Vec::new(),
            Node::And { .. } => clauses_of_all(children),
            Node::Or { .. } => clauses_of_one(children),
        };
        all.push(clauses);
    }
    all
}

fn clause_of(index: u32, checks: &[Check]) -> Vec<Clause> {
    let check = &checks[index as usize];
    let indexed = check.needles().is_some();
    let clause = indexed.then(|| Clause {
        operands: vec![check.left],
        checks: vec![index],
    });
    clause.into_iter().collect()
}

fn clauses_of_all<'c>(children: impl Iterator<Item = &'c Vec<Clause>>) -> Vec<Clause> {
    let mut every: BTreeMap<&[u32], &Clause> = BTreeMap::new();
    for clause in children.flatten() {
        let smallest = every.entry(&clause.operands).or_insert(clause);
        if clause.size() < smallest.size() {
            *smallest = clause;
        }
    }
    let mut smallest: Vec<&Clause> = every.into_values().collect();
    smallest.sort_by_key(|clause| clause.size());
    smallest.into_iter().take(MAX_CLAUSES).cloned().collect()
}

fn clauses_of_one<'c>(mut children: impl Iterator<Item = &'c Vec<Clause>> + Clone) -> Vec<Clause> {
    let others = children.clone().skip(1);
    let mut common: Vec<Clause> = children.clone().next().cloned().unwrap_or_default();
    for child in others {
        common.retain_mut(|clause| {
            let same = child.iter().find(|other| other.operands == clause.operands);
            same.is_some_and(|other| {
                clause.join(other);
                true
            })
        });
    }
    if !common.is_empty() {
        return common;
    }
    // Each alternative looks at something else: at one of these.
    let joined = children.try_fold(Clause::default(), |mut joined, child| {
        joined.join(child.iter().min_by_key(|clause| clause.size())?);
        Some(joined)
    });
    joined
        .filter(|joined| !joined.checks.is_empty())
        .into_iter()
        .collect()
}
