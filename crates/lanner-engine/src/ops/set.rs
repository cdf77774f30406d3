//! Sets of byte strings.

use std::cmp::Ordering;

use rustc_hash::FxHashSet;

/// Up to so many strings are compared one by one.
const LINEAR: usize = 3;

/// A set of byte strings. Its members come from rules, so a plain fast hash
/// will do: whoever makes events cannot fill it.
pub(crate) struct ByteSet {
    shortest: usize,
    longest: usize,
    members: Members,
}

enum Members {
    Few(Box<[Box<[u8]>]>),
    Many(FxHashSet<Box<[u8]>>),
}

impl ByteSet {
    pub(crate) fn new(strings: &[&[u8]]) -> Self {
        let lengths = strings.iter().map(|string| string.len());
        let members: FxHashSet<Box<[u8]>> = strings.iter().map(|&string| string.into()).collect();
        Self {
            shortest: lengths.clone().min().unwrap_or(usize::MAX),
            longest: lengths.max().unwrap_or(0),
            members: if members.len() <= LINEAR {
                Members::Few(members.into_iter().collect())
            } else {
                Members::Many(members)
            },
        }
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &[u8]> {
        let (few, many) = match &self.members {
            Members::Few(few) => (Some(few), None),
            Members::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten();
        few.chain(many.into_iter().flatten())
            .map(|member| &**member)
    }

    pub(crate) fn contains(&self, string: &[u8]) -> bool {
        if string.len() < self.shortest || string.len() > self.longest {
            return false;
        }
        match &self.members {
            Members::Few(few) => few.iter().any(|member| **member == *string),
            Members::Many(many) => many.contains(string),
        }
    }
}

/// Which end of a string is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Start,
    End,
}

impl Side {
    fn compare(self, one: &[u8], other: &[u8]) -> Ordering {
        match self {
            Self::Start => one.cmp(other),
            Self::End => one.iter().rev().cmp(other.iter().rev()),
        }
    }

    fn is_affix(self, affix: &[u8], string: &[u8]) -> bool {
        match self {
            Self::Start => string.starts_with(affix),
            Self::End => string.ends_with(affix),
        }
    }
}

/// Beginnings (or ends) of strings, each with something that belongs to it.
///
/// They are sorted, and each knows the longest other one that it begins with. Of those that a
/// string begins with, all but the longest are beginnings of that one; and all of them are
/// beginnings of the greatest that is not greater than the string, for whatever lies between a
/// string and its beginning begins so too.
pub(crate) struct Affixes<T> {
    side: Side,
    sorted: Box<[Affix<T>]>,
}

struct Affix<T> {
    text: Box<[u8]>,
    shorter: Option<u32>,
    value: T,
}

impl<T> Affixes<T> {
    /// No two of `affixes` may be the same.
    pub(crate) fn new(side: Side, affixes: impl IntoIterator<Item = (Box<[u8]>, T)>) -> Self {
        let mut given: Vec<_> = affixes.into_iter().collect();
        given.sort_by(|(one, _), (other, _)| side.compare(one, other));
        let mut sorted: Vec<Affix<T>> = Vec::with_capacity(given.len());
        for (text, value) in given {
            let mut shorter = sorted.len().checked_sub(1).map(|last| last as u32);
            while let Some(at) = shorter
                && !side.is_affix(&sorted[at as usize].text, &text)
            {
                shorter = sorted[at as usize].shorter;
            }
            sorted.push(Affix {
                text,
                shorter,
                value,
            });
        }
        Self {
            side,
            sorted: sorted.into(),
        }
    }

    /// The affixes themselves.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.sorted.iter().map(|affix| &*affix.text)
    }

    /// What belongs to those that the string begins (or ends) with, the longest first.
    pub(crate) fn of(&self, string: &[u8]) -> impl Iterator<Item = &T> {
        let after = self
            .sorted
            .partition_point(|affix| self.side.compare(&affix.text, string).is_le());
        let mut next = after.checked_sub(1).map(|last| &self.sorted[last]);
        while let Some(affix) = next
            && !self.side.is_affix(&affix.text, string)
        {
            next = self.shorter(affix);
        }
        std::iter::successors(next, |affix| self.shorter(affix)).map(|affix| &affix.value)
    }

    fn shorter(&self, affix: &Affix<T>) -> Option<&Affix<T>> {
        affix.shorter.map(|at| &self.sorted[at as usize])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn strings() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(
            prop::collection::vec(prop::sample::select(b"ab/\xff".to_vec()), 0..5),
            0..12,
        )
    }

    proptest! {
        #[test]
        fn sets_and_affixes_equal_the_naive_search(
            members in strings(),
            probes in strings(),
        ) {
            let borrowed: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
            let set = ByteSet::new(&borrowed);
            let distinct: BTreeSet<&[u8]> = borrowed.iter().copied().collect();
            let numbered = || distinct.iter().map(|text| (Box::from(*text), text.len()));
            let starts = Affixes::new(Side::Start, numbered());
            let ends = Affixes::new(Side::End, numbered());
            for probe in probes.iter().chain(&members) {
                prop_assert_eq!(set.contains(probe), members.contains(probe));
                for (affixes, side) in [(&starts, Side::Start), (&ends, Side::End)] {
                    let mut naive: Vec<usize> = distinct
                        .iter()
                        .filter(|text| side.is_affix(text, probe))
                        .map(|text| text.len())
                        .collect();
                    naive.sort_by_key(|length| std::cmp::Reverse(*length));
                    prop_assert_eq!(affixes.of(probe).copied().collect::<Vec<_>>(), naive);
                }
            }
        }
    }
}
