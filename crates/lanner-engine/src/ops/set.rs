//! Sets of byte strings.

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

/// Prefixes, sorted, none of which is a prefix of another: only the greatest
/// one that is not greater than a string can be a prefix of it.
pub(crate) struct Prefixes {
    sorted: Box<[Box<[u8]>]>,
}

impl Prefixes {
    pub(crate) fn new(prefixes: &[&[u8]]) -> Self {
        let mut sorted = prefixes.to_vec();
        sorted.sort_unstable();
        let mut kept: Vec<Box<[u8]>> = Vec::new();
        for prefix in sorted {
            if !kept.last().is_some_and(|last| prefix.starts_with(last)) {
                kept.push(prefix.into());
            }
        }
        Self {
            sorted: kept.into(),
        }
    }

    pub(crate) fn hold(&self, string: &[u8]) -> bool {
        let after = self.sorted.partition_point(|prefix| **prefix <= *string);
        after > 0 && string.starts_with(&self.sorted[after - 1])
    }
}

#[cfg(test)]
mod tests {
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
        fn sets_and_prefixes_equal_the_naive_search(
            members in strings(),
            probes in strings(),
        ) {
            let borrowed: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
            let set = ByteSet::new(&borrowed);
            let prefixes = Prefixes::new(&borrowed);
            for probe in probes.iter().chain(&members) {
                prop_assert_eq!(set.contains(probe), members.contains(probe));
                prop_assert_eq!(
                    prefixes.hold(probe),
                    members.iter().any(|member| probe.starts_with(member))
                );
            }
        }
    }
}
