//! Text and bytes against constants.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use super::glob::Glob;
use super::path::PathSet;
use super::regex::Regex;
use super::set::{ByteSet, Prefixes};
use super::{Operator, Relation};
use crate::error::PlanError;

/// From so many patterns on, one automaton beats searching for each.
const AUTOMATON_FROM: usize = 4;

/// A test of one text.
pub(crate) enum TextTest {
    Compare(Relation, Box<[u8]>),
    Contains(Box<Finder<'static>>),
    ContainsAny(Box<AhoCorasick>),
    StartsWith(Box<[u8]>),
    StartsWithAny(Prefixes),
    EndsWith(Box<[u8]>),
    Glob(Glob),
    Regex(Box<Regex>),
    In(ByteSet),
    Paths(Box<PathSet>),
}

impl TextTest {
    /// The test for a relation with one constant.
    pub(super) fn new(relation: Relation, constant: &[u8]) -> Result<Self, PlanError> {
        Ok(match relation {
            Relation::Contains => Self::Contains(Box::new(Finder::new(constant).into_owned())),
            Relation::IContains => Self::ContainsAny(automaton(&[constant], true)?),
            Relation::StartsWith => Self::StartsWith(constant.into()),
            Relation::EndsWith => Self::EndsWith(constant.into()),
            Relation::Glob => Self::Glob(Glob::new(constant, false)),
            Relation::IGlob => Self::Glob(Glob::new(constant, true)),
            _ => Self::Compare(relation, constant.into()),
        })
    }

    /// Is in the set.
    pub(super) fn set(constants: &[&[u8]]) -> Self {
        Self::In(ByteSet::new(constants))
    }

    /// Is one of the paths, or lies below one.
    pub(super) fn paths(constants: &[&[u8]]) -> Self {
        Self::Paths(Box::new(PathSet::new(constants)))
    }

    /// Is matched as a whole by one of the patterns.
    pub(super) fn regex(patterns: &[&[u8]]) -> Result<Self, PlanError> {
        Regex::new(patterns).map(|regex| Self::Regex(Box::new(regex)))
    }

    /// The test for `operator anyof`, if there is one for all constants at
    /// once.
    pub(super) fn any_of(
        operator: Operator,
        constants: &[&[u8]],
    ) -> Result<Option<Self>, PlanError> {
        Ok(match operator {
            Operator::Regex => Some(Self::regex(constants)?),
            Operator::Relation(Relation::StartsWith) => {
                Some(Self::StartsWithAny(Prefixes::new(constants)))
            }
            Operator::Relation(Relation::Contains) if constants.len() >= AUTOMATON_FROM => {
                Some(Self::ContainsAny(automaton(constants, false)?))
            }
            Operator::Relation(Relation::IContains) => {
                Some(Self::ContainsAny(automaton(constants, true)?))
            }
            _ => None,
        })
    }

    /// Whether the text passes.
    pub(crate) fn holds(&self, text: &[u8]) -> bool {
        match self {
            Self::Compare(Relation::Equal, constant) => *text == **constant,
            Self::Compare(relation, constant) => relation.holds(Some(text.cmp(&**constant))),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::ContainsAny(automaton) => automaton.is_match(text),
            Self::StartsWith(constant) => text.starts_with(constant),
            Self::StartsWithAny(prefixes) => prefixes.hold(text),
            Self::EndsWith(constant) => text.ends_with(constant),
            Self::Glob(glob) => glob.matches(text),
            Self::Regex(regex) => regex.matches(text),
            Self::In(set) => set.contains(text),
            Self::Paths(paths) => paths.contains(text),
        }
    }
}

fn automaton(patterns: &[&[u8]], any_case: bool) -> Result<Box<AhoCorasick>, PlanError> {
    AhoCorasick::builder()
        .ascii_case_insensitive(any_case)
        .build(patterns)
        .map(Box::new)
        .map_err(|error| PlanError::new(format!("too much to search for: {error}")))
}
