//! Sets of rules: a bit for each, 64 a word.

/// A set of so many words.
pub(crate) fn of(rules: impl Iterator<Item = u32>, words: usize) -> Box<[u64]> {
    let mut set = vec![0; words].into_boxed_slice();
    for rule in rules {
        insert(&mut set, rule);
    }
    set
}

/// Adds a rule.
pub(crate) fn insert(set: &mut [u64], rule: u32) {
    set[rule as usize / 64] |= 1 << (rule % 64);
}

/// Takes a rule out.
pub(crate) fn remove(set: &mut [u64], rule: u32) {
    set[rule as usize / 64] &= !(1 << (rule % 64));
}

/// Whether there is no rule in it.
pub(crate) fn is_empty(set: &[u64]) -> bool {
    set.iter().all(|word| *word == 0)
}

/// Whether two sets have a rule in common.
pub(crate) fn intersects(one: &[u64], other: &[u64]) -> bool {
    one.iter().zip(other).any(|(one, other)| one & other != 0)
}

/// Adds all rules of another set.
pub(crate) fn extend(set: &mut [u64], other: &[u64]) {
    for (word, other) in set.iter_mut().zip(other) {
        *word |= other;
    }
}

/// Keeps of the concerned rules those that were found; whether any rule is left.
pub(crate) fn keep(set: &mut [u64], concerned: &[u64], found: &[u64]) -> bool {
    let mut left = 0;
    for ((word, concerned), found) in set.iter_mut().zip(concerned).zip(found) {
        *word &= !concerned | found;
        left |= *word;
    }
    left != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_more_than_a_word() {
        let mut set = of([0, 63, 64, 130].into_iter(), 3);
        assert_eq!(*set, [1 | 1 << 63, 1, 1 << 2]);
        remove(&mut set, 64);
        assert!(!intersects(&set, &of([64].into_iter(), 3)));
        insert(&mut set, 64);
        assert!(intersects(&set, &of([64].into_iter(), 3)));
        // 1 is not concerned, 64 is found, 63 and 130 are not.
        insert(&mut set, 1);
        let concerned = of([63, 64, 130].into_iter(), 3);
        assert!(keep(&mut set, &concerned, &of([64].into_iter(), 3)));
        assert_eq!(set, of([0, 1, 64].into_iter(), 3));
        assert!(!keep(&mut set, &of([0, 1, 64].into_iter(), 3), &[0; 3]));
        assert!(is_empty(&set));
        extend(&mut set, &concerned);
        assert_eq!(set, concerned);
    }
}
