//! Containers: found by the control groups of threads, described by events.

mod json;
mod matchers;
mod metadata;

use std::sync::Arc;

use hashbrown::HashMap;

pub(crate) use json::parse;
pub use metadata::{Metadata, Mount, Probe};

/// How many containers are told apart. All threads of further ones count as in
/// one container without an id.
const MAX_CONTAINERS: usize = 1 << 16;

/// What is kept of an id, in bytes; all runtimes have shorter ones.
const MAX_ID: usize = 256;

/// How much may be known of all containers, in bytes of JSON; of further ones,
/// nothing is kept but the id.
const MAX_KNOWLEDGE: usize = 256 << 20;

/// Refers to a container of [`Containers`]; 0 is the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContainerId(pub u32);

impl ContainerId {
    /// No container.
    pub const HOST: Self = Self(0);
}

/// A kind of runtime (container plugin 0.7.1, `container_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Docker = 0,
    Lxc = 1,
    LibvirtLxc = 2,
    Mesos = 3,
    Rkt = 4,
    Cri = 6,
    Containerd = 7,
    Crio = 8,
    Bpm = 9,
    Podman = 11,
    Host = 0xfffe,
    #[default]
    Unknown = 0xffff,
}

impl Kind {
    const NAMES: [(Self, &'static str); 12] = [
        (Self::Docker, "docker"),
        (Self::Lxc, "lxc"),
        (Self::LibvirtLxc, "libvirt-lxc"),
        (Self::Mesos, "mesos"),
        (Self::Rkt, "rkt"),
        (Self::Cri, "cri"),
        (Self::Containerd, "containerd"),
        (Self::Crio, "cri-o"),
        (Self::Bpm, "bpm"),
        (Self::Podman, "podman"),
        (Self::Host, "host"),
        (Self::Unknown, ""),
    ];

    /// The kind of a number.
    pub(crate) fn of(number: i64) -> Self {
        let mut kinds = Self::NAMES.iter().map(|(kind, _)| *kind);
        kinds
            .find(|kind| *kind as i64 == number)
            .unwrap_or_default()
    }

    /// Its name (`container.type`).
    #[must_use]
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        named.map_or("", |(_, name)| name)
    }
}

/// A container. Its id is always known; the rest once a runtime or an event
/// of the capture has told it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// The id: 12 characters for most, as Falco shows it; `host` for the host.
    pub id: Box<str>,
    /// The whole id; empty until it is told.
    pub full_id: Box<str>,
    /// The runtime.
    pub kind: Kind,
    /// Changes with what is known of it; unique over the run.
    pub generation: u64,
    /// What is known of it; `None` until it is told.
    pub metadata: Option<Box<Metadata>>,
    /// Why nothing more will be known, for people.
    pub problem: Option<Box<str>>,
}

/// A container that was not seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContainer {
    /// Its id as it is shown.
    pub id: Box<str>,
    /// Its whole id, by which its runtime knows it.
    pub full_id: Box<str>,
}

/// All containers that were seen, the host among them.
#[derive(Debug)]
pub struct Containers {
    list: Vec<Known>,
    /// Those that were found by control groups since somebody asked, and of which nothing more is
    /// known.
    new: Vec<NewContainer>,
    by_id: HashMap<Box<str>, ContainerId>,
    latest_generation: u64,
    /// The sum of all sizes in the list.
    size: usize,
}

/// A container of the list.
#[derive(Debug)]
struct Known {
    container: Arc<Container>,
    /// How much was told of it, in bytes.
    size: usize,
    /// The JSON that told it; empty for none.
    document: Box<[u8]>,
}

impl Default for Containers {
    fn default() -> Self {
        let host = Container {
            id: "host".into(),
            full_id: "host".into(),
            kind: Kind::Host,
            generation: 0,
            metadata: Some(Box::new(Metadata {
                name: "host".into(),
                ..Metadata::default()
            })),
            problem: None,
        };
        Self {
            list: vec![Known {
                container: Arc::new(host),
                size: 0,
                document: Box::default(),
            }],
            new: Vec::new(),
            by_id: HashMap::from_iter([("".into(), ContainerId::HOST)]),
            latest_generation: 0,
            size: 0,
        }
    }
}

/// At most the first `length` bytes of a text.
fn start_of(text: &str, length: usize) -> &str {
    let mut ends = (0..=length.min(text.len())).rev();
    ends.find_map(|end| text.get(..end)).unwrap_or_default()
}

impl Containers {
    /// A container.
    #[must_use]
    pub fn get(&self, id: ContainerId) -> Option<&Container> {
        self.list.get(id.0 as usize).map(|known| &*known.container)
    }

    /// The container of an id as Falco shows it; the host has the empty one.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<ContainerId> {
        self.by_id.get(id).copied()
    }

    /// The container of an id, which is new if it was not seen before.
    fn intern(&mut self, id: &str) -> ContainerId {
        let id = start_of(id, MAX_ID);
        if let Some(known) = self.find(id) {
            return known;
        }
        // The last place is for all that come too late.
        let new = self.list.len();
        if new >= MAX_CONTAINERS {
            return ContainerId((new - 1) as u32);
        }
        let id = if new == MAX_CONTAINERS - 1 { "" } else { id };
        let container = self.bare(id);
        self.list.push(Known {
            container,
            size: 0,
            document: Box::default(),
        });
        if !id.is_empty() {
            self.by_id.insert(id.into(), ContainerId(new as u32));
        }
        ContainerId(new as u32)
    }

    /// Grows with whatever is learnt of any container.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.latest_generation
    }

    /// A container of which nothing is known but the id.
    fn bare(&mut self, id: &str) -> Arc<Container> {
        self.latest_generation += 1;
        Arc::new(Container {
            id: id.into(),
            generation: self.latest_generation,
            ..Container::default()
        })
    }

    /// The container of a thread with these control groups.
    pub(crate) fn of_cgroups<'p>(
        &mut self,
        mut paths: impl Iterator<Item = &'p [u8]>,
    ) -> ContainerId {
        let is_named = |found: &matchers::Match| !found.id.is_empty();
        let found = paths.find_map(|path| matchers::find(path).filter(is_named));
        let Some(found) = found else {
            return ContainerId::HOST;
        };
        let name = String::from_utf8_lossy(found.id);
        let before = self.list.len();
        let id = self.intern(&name);
        let is_new = self.list.len() > before;
        let is_told = self.get(id).is_none_or(|known| known.metadata.is_some());
        if let Some(kind) = found.kind.filter(|_| !is_told) {
            let container = Container {
                id: name.into(),
                kind,
                metadata: Some(Box::default()),
                ..Container::default()
            };
            self.learn(container, 0);
        } else if is_new {
            self.new.push(NewContainer {
                id: start_of(&name, MAX_ID).into(),
                full_id: String::from_utf8_lossy(found.full_id).into(),
            });
        }
        id
    }

    /// The containers that were found by control groups since the last time, for whoever can tell
    /// more of them.
    pub fn take_new(&mut self) -> Vec<NewContainer> {
        std::mem::take(&mut self.new)
    }

    /// Takes what was told of a container, in `size` bytes, in place of what was known.
    pub(crate) fn learn(&mut self, mut container: Container, size: usize) -> Arc<Container> {
        let id = self.intern(&container.id);
        self.latest_generation += 1;
        container.generation = self.latest_generation;
        let container = Arc::new(container);
        if self.size.saturating_add(size) <= MAX_KNOWLEDGE {
            self.replace(id, Arc::clone(&container), size);
        }
        container
    }

    /// Takes what a document (JSON) told of a container.
    pub(crate) fn learn_document(
        &mut self,
        container: Container,
        document: &[u8],
    ) -> Arc<Container> {
        let container = self.learn(container, document.len());
        let known = self.find(&container.id);
        let known = known.and_then(|id| self.list.get_mut(id.0 as usize));
        if let Some(known) = known.filter(|known| Arc::ptr_eq(&known.container, &container)) {
            known.document = document.into();
        }
        container
    }

    /// The documents that told of containers, without those that are gone.
    pub fn documents(&self) -> impl Iterator<Item = &[u8]> {
        let documents = self.list.iter().map(|known| &*known.document);
        documents.filter(|document| !document.is_empty())
    }

    /// Says why nothing more is known of a container; what is known stays.
    pub fn give_up(&mut self, id: &str, problem: &str) {
        let known = self
            .find(id)
            .and_then(|at| self.get(at).map(|known| (at, known)));
        let Some((at, known)) = known.filter(|(_, known)| known.metadata.is_none()) else {
            return;
        };
        let mut container = known.clone();
        container.problem = Some(problem.into());
        self.latest_generation += 1;
        container.generation = self.latest_generation;
        self.replace(at, Arc::new(container), 0);
    }

    /// Forgets what was told of a container, which is gone.
    pub(crate) fn forget(&mut self, id: &str) {
        if let Some(known) = self.find(id) {
            let container = self.bare(id);
            self.replace(known, container, 0);
        }
    }

    fn replace(&mut self, id: ContainerId, container: Arc<Container>, size: usize) {
        if let Some(known) = self.list.get_mut(id.0 as usize) {
            self.size = self.size - known.size + size;
            *known = Known {
                container,
                size,
                document: Box::default(),
            };
        }
    }

    /// How many there are, the host included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Never: the host is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_containers_share_one_without_an_id() {
        let mut containers = Containers::default();
        let ids: Vec<ContainerId> = (0..MAX_CONTAINERS + 2)
            .map(|number| {
                let path = format!("/lxc/{number}");
                containers.of_cgroups([path.as_bytes()].into_iter())
            })
            .collect();
        assert_eq!(containers.len(), MAX_CONTAINERS);
        let [.., before, last] = ids[..] else {
            panic!("there are some");
        };
        assert_eq!(before, last);
        assert_eq!(&*containers.get(last).unwrap().id, "");
        assert_eq!(&*containers.get(ids[7]).unwrap().id, "7");
        assert_eq!(containers.find("7"), Some(ids[7]));
        let long = "x".repeat(1000);
        let cut = Containers::default().intern(&long);
        assert_eq!(cut, ContainerId(1));
    }

    #[test]
    fn knowledge_has_a_limit() {
        let mut containers = Containers::default();
        let told = |id: &str| Container {
            id: id.into(),
            metadata: Some(Box::default()),
            ..Container::default()
        };
        for (id, size, kept) in [
            ("a", MAX_KNOWLEDGE, true),
            ("b", 1, false),
            ("a", 0, true),
            ("b", 1, true),
        ] {
            containers.learn(told(id), size);
            let known = containers
                .find(id)
                .and_then(|id| containers.get(id))
                .unwrap();
            assert_eq!(known.metadata.is_some(), kept, "{id} {size}");
            if id == "a" {
                containers.forget("a");
                containers.learn(told("a"), size);
            }
        }
    }
}
