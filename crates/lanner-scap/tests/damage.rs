//! Damaged captures: what comes before the damage is returned, then one error.

mod common;

use std::io::Read;

use lanner_scap::{ErrorKind, Options, ScapError};

use common::{Owned, raw, read, small};

/// Numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// The shared small captures by name, decompressed.
fn captures() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    common::SMALL.into_iter().filter_map(|name| {
        let mut plain = Vec::new();
        let stored = small(name)?;
        flate2::read::GzDecoder::new(&stored[..])
            .read_to_end(&mut plain)
            .unwrap();
        Some((name, plain))
    })
}

/// Whether `all` begins with `some`, of which the last list may be a part.
fn is_begin(some: &[Owned], all: &[Owned]) -> bool {
    let (last, whole) = match some.split_last() {
        Some((Owned::Descriptors(tid, list), whole)) => (Some((tid, list)), whole),
        _ => (None, some),
    };
    let rest = last.is_none_or(|(tid, list)| match all.get(whole.len()) {
        Some(Owned::Descriptors(other, long)) => tid == other && long.starts_with(list),
        _ => false,
    });
    all.starts_with(whole) && rest
}

fn kind(error: &Option<ScapError>) -> Option<ErrorKind> {
    error.as_ref().map(|error| error.kind)
}

/// Where blocks end.
fn ends(plain: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(total) = plain.get(at + 4..at + 8) {
        at += u32::from_le_bytes(total.try_into().unwrap()) as usize;
        ends.push(at);
    }
    ends
}

#[test]
fn cut_anywhere() {
    let mut dice = Dice(0x5CA9);
    for (name, plain) in captures() {
        let (all, error) = read(plain.clone(), Options::default());
        assert_eq!(error, None);
        let ends = ends(&plain);
        for _ in 0..200 {
            let length = dice.below(plain.len());
            let (some, error) = read(plain[..length].to_vec(), Options::default());
            assert!(is_begin(&some, &all), "{name} cut at {length}");
            let expected = match (kind(&error), ends.binary_search(&length)) {
                // Between two blocks.
                (None | Some(ErrorKind::NoEvents), Ok(_)) => true,
                (Some(ErrorKind::NotACapture), _) => length < 8,
                (Some(ErrorKind::Truncated), Err(_)) => true,
                _ => false,
            };
            assert!(expected, "{name} cut at {length}: {error:?}");
        }
    }
}

#[test]
fn cut_while_compressed() {
    let mut dice = Dice(0x5CAA);
    for name in common::SMALL {
        let Some(stored) = small(name) else { return };
        let (all, _) = read(stored.clone(), Options::default());
        for thread in [false, true] {
            let options = Options {
                thread,
                ..Options::default()
            };
            for _ in 0..20 {
                let length = dice.below(stored.len() - 2) + 2;
                let (some, error) = read(stored[..length].to_vec(), options);
                assert!(is_begin(&some, &all), "{name} cut at {length}");
                assert_eq!(kind(&error), Some(ErrorKind::Truncated), "{name} {length}");
            }
        }
    }
}

#[test]
fn bytes_that_are_wrong() {
    let mut dice = Dice(0x5CAB);
    for (name, plain) in captures() {
        for _ in 0..200 {
            let mut wrong = plain.clone();
            let place = dice.below(wrong.len());
            wrong[place] ^= u8::try_from(dice.below(255) + 1).unwrap();
            let (before, _) = read(plain[..place].to_vec(), raw());
            for options in [raw(), Options::default()] {
                let (items, error) = read(wrong.clone(), options);
                if !options.convert {
                    assert!(is_begin(&before, &items), "{name} at {place}: {error:?}");
                }
                assert_ne!(kind(&error), Some(ErrorKind::Io));
            }
        }
    }
}

#[test]
fn bytes_that_are_wrong_while_compressed() {
    let mut dice = Dice(0x5CAC);
    for name in common::SMALL {
        let Some(stored) = small(name) else { return };
        let (all, _) = read(stored.clone(), Options::default());
        for _ in 0..40 {
            let mut wrong = stored.clone();
            let place = dice.below(wrong.len() - 10) + 10;
            wrong[place] ^= 1 << dice.below(8);
            let (items, error) = read(wrong, Options::default());
            // Some bytes do not matter, and the same text can be compressed in two ways.
            assert!(error.is_some() || items == all, "{name} at {place}");
        }
    }
}

#[test]
fn damaged_zstd() {
    let mut dice = Dice(0x5CAE);
    for (name, plain) in captures().take(3) {
        let stored = zstd::encode_all(&plain[..], 3).unwrap();
        let (all, error) = read(stored.clone(), Options::default());
        assert_eq!(error, None, "{name}");
        for _ in 0..30 {
            let place = dice.below(stored.len() - 4) + 4;
            let (some, error) = read(stored[..place].to_vec(), Options::default());
            assert!(is_begin(&some, &all), "{name} cut at {place}");
            assert_eq!(kind(&error), Some(ErrorKind::Truncated), "{name} {place}");
            let mut wrong = stored.clone();
            wrong[place] ^= 1 << dice.below(8);
            let (_, error) = read(wrong, Options::default());
            assert_ne!(kind(&error), Some(ErrorKind::Io), "{name} {place}");
        }
    }
}

/// Many wrong bytes at once, as in a capture that is not one.
#[test]
fn noise() {
    let mut dice = Dice(0x5CAD);
    for (_, plain) in captures().take(3) {
        for _ in 0..50 {
            let mut wrong = plain.clone();
            for _ in 0..dice.below(400) {
                let place = 28 + dice.below(wrong.len() - 28);
                wrong[place] = u8::try_from(dice.below(256)).unwrap();
            }
            read(wrong, Options::default());
        }
    }
}
