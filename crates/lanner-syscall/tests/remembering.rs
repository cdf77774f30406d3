//! Fields with the lifetime of a subject have the same values for all events of equal subject.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use bumpalo::Bump;
use common::{Extractor, play};
use lanner_event::catalog;
use lanner_event::{EventSource, Subject, SubjectId, Values};
use lanner_syscall::{SyscallEvent, SyscallSource};
use lanner_testing::scap_folder;

/// So many events are looked at; all fields of all events would take minutes.
const MOST: usize = 6_000;

/// The fields that live as long as a subject, or longer.
fn fields(subject: Subject) -> Vec<(String, Extractor)> {
    let lifetimes: &[&str] = match subject {
        Subject::Process => &["capture", "container", "process"],
        Subject::Descriptor => &["capture", "container", "process", "fd"],
    };
    let mut found = Vec::new();
    for field in catalog::fields() {
        let is_known = matches!(field.source, "syscall" | "any");
        if !is_known || !lifetimes.contains(&field.lifetime) {
            continue;
        }
        for argument in [None, Some("1"), Some("PATH")] {
            if let Ok(extractor) = SyscallSource::compile(field.name, argument) {
                found.push((format!("{} {argument:?}", field.name), extractor));
            }
        }
    }
    found
}

fn values(fields: &[(String, Extractor)], event: &SyscallEvent<'_>, arena: &Bump) -> Vec<u64> {
    let hash = |(_, extractor): &(String, Extractor)| {
        let mut values = Values::new_in(arena);
        SyscallSource::extract(extractor, event, arena, &mut values);
        let mut hasher = DefaultHasher::new();
        hasher.write(format!("{values:?}").as_bytes());
        hasher.finish()
    };
    fields.iter().map(hash).collect()
}

#[test]
fn equal_subjects_have_equal_values() {
    let Some(folder) = scap_folder() else {
        return;
    };
    let mut seen: HashMap<SubjectId, Vec<u64>> = HashMap::new();
    let mut wrong: BTreeMap<String, u64> = BTreeMap::new();
    let (mut looked, mut compared) = (0, 0);
    let pick = RandomState::new();
    let subjects =
        [Subject::Process, Subject::Descriptor].map(|subject| (subject, fields(subject)));
    let mut arena = Bump::new();
    // One run of numbers for all: subjects of different captures differ.
    for name in ["curl_google", "open-multiple-files", "mix-small"] {
        play(&folder.join(format!("{name}.scap")), |event| {
            for (subject, fields) in &subjects {
                let id = SyscallSource::subject(event, *subject);
                let Some(id) = id.filter(|id| pick.hash_one((id[0], id[3])) % 4 == 0) else {
                    continue;
                };
                if looked >= MOST {
                    return;
                }
                looked += 1;
                arena.reset();
                let found = values(fields, event, &arena);
                let known = seen.entry(id).or_insert_with(|| found.clone());
                compared += usize::from(*known == found);
                for ((known, found), (field, _)) in known.iter().zip(&found).zip(fields) {
                    if known != found {
                        *wrong.entry(field.clone()).or_default() += 1;
                    }
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > seen.len() * 2, "{compared} of {}", seen.len());
}
