//! Control groups of threads, and the containers that they tell.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::container::{ContainerId, Containers};
use crate::param;
use crate::thread::Cgroup;

/// How many lists are remembered; when there are more, all are forgotten.
const CAPACITY: usize = 1024;

/// The control groups of a thread with its container.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) list: Arc<[Cgroup]>,
    pub(crate) container: ContainerId,
}

/// Lists of control groups that were parsed already: processes of a service or
/// container share theirs.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    known: HashMap<Box<[u8]>, Known>,
}

impl Cache {
    /// The list that is given by `subsystem=path` pairs, each ended by a NUL;
    /// `None` when it is not such a list.
    pub(crate) fn get(&mut self, bytes: &[u8], containers: &mut Containers) -> Option<Known> {
        if let Some(known) = self.known.get(bytes) {
            return Some(known.clone());
        }
        let list: Arc<[Cgroup]> = parse(bytes)?.into();
        let container = containers.of_cgroups(list.iter().map(|(_, path)| &**path));
        let known = Known { list, container };
        if self.known.len() >= CAPACITY {
            self.known.clear();
        }
        self.known.insert(bytes.into(), known.clone());
        Some(known)
    }
}

/// Pairs; an item without `=` makes the whole list invalid, as in libs.
fn parse(bytes: &[u8]) -> Option<Vec<Cgroup>> {
    let pair = |item: &[u8]| {
        let at = item.iter().position(|byte| *byte == b'=')?;
        Some((subsystem(&item[..at]), Box::from(&item[at + 1..])))
    };
    param::list(bytes).map(pair).collect()
}

/// The usual name of a subsystem.
fn subsystem(name: &[u8]) -> Box<[u8]> {
    const SUFFIX: &[u8] = b"_cgroup";
    let at = name.windows(SUFFIX.len()).position(|part| part == SUFFIX);
    let name = match at {
        Some(at) => [&name[..at], &name[at + SUFFIX.len()..]].concat(),
        None => name.to_vec(),
    };
    match &name[..] {
        b"perf" => b"perf_event"[..].into(),
        b"mem" => b"memory"[..].into(),
        b"io" => b"blkio"[..].into(),
        _ => name.into(),
    }
}
