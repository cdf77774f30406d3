//! Text and bytes against constants.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use rustc_hash::FxHashSet;

use super::glob::Glob;
use super::path::PathSet;
use super::regex::Regex;
use super::set::{Affixes, ByteSet, Side};
use super::{Operator, Relation};
use crate::error::PlanError;

/// From so many patterns on, one automaton beats searching for each.
pub(crate) const AUTOMATON_FROM: usize = 4;

/// A test of one text.
pub(crate) enum TextTest {
    Compare(Relation, Box<[u8]>),
    Contains(Box<Finder<'static>>),
    ContainsAny(Box<AhoCorasick>),
    StartsWith(Box<[u8]>),
    StartsWithAny(Affixes<()>),
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
                let distinct: FxHashSet<Box<[u8]>> =
                    constants.iter().map(|&text| text.into()).collect();
                let prefixes = distinct.into_iter().map(|text| (text, ()));
                Some(Self::StartsWithAny(Affixes::new(Side::Start, prefixes)))
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
            Self::StartsWithAny(prefixes) => prefixes.of(text).next().is_some(),
            Self::EndsWith(constant) => text.ends_with(constant),
            Self::Glob(glob) => glob.matches(text),
            Self::Regex(regex) => regex.matches(text),
            Self::In(set) => set.contains(text),
            Self::Paths(paths) => paths.contains(text),
        }
    }
}

impl TextTest {
    /// What a text that passes is, begins or ends with, or contains: one of these; `None` where
    /// that cannot be said.
    pub(crate) fn needles(&self) -> Option<Vec<Needle<'_>>> {
        Some(match self {
            Self::Compare(Relation::Equal, constant) => vec![Needle::Whole(constant)],
            Self::In(set) => set.members().map(Needle::Whole).collect(),
            Self::StartsWith(constant) => vec![Needle::Start(constant)],
            Self::StartsWithAny(prefixes) => prefixes.texts().map(Needle::Start).collect(),
            Self::EndsWith(constant) => vec![Needle::End(constant)],
            Self::Contains(finder) => vec![Needle::Inside(finder.needle())],
            Self::Glob(glob) => vec![glob.needle()?],
            Self::Compare(..) | Self::ContainsAny(_) | Self::Regex(_) | Self::Paths(_) => {
                return None;
            }
        })
    }
}

/// What a value has to be, or to hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needle<'c> {
    Whole(&'c [u8]),
    Start(&'c [u8]),
    End(&'c [u8]),
    Inside(&'c [u8]),
    Number(i128),
}

fn automaton(patterns: &[&[u8]], any_case: bool) -> Result<Box<AhoCorasick>, PlanError> {
    AhoCorasick::builder()
        .ascii_case_insensitive(any_case)
        .build(patterns)
        .map(Box::new)
        .map_err(|error| PlanError::new(format!("too much to search for: {error}")))
}
