//! Users and groups, of the host and of containers.

use hashbrown::HashMap;

pub use lanner_event::inventory::{Group, User};

use crate::container::ContainerId;

/// How many users, and how many groups, are kept.
const MAX_ENTRIES: usize = 1 << 16;

/// What is kept of names, and of paths, in bytes, as in libs.
const MAX_NAME: usize = 255;
const MAX_PATH: usize = 1023;

fn cut(text: &mut Box<[u8]>, length: usize) {
    if let Some(start) = text.get(..length).filter(|start| start.len() < text.len()) {
        *text = start.into();
    }
}

/// Users and groups by container and id.
#[derive(Debug, Default)]
pub struct Users {
    users: HashMap<(ContainerId, u32), User>,
    groups: HashMap<(ContainerId, u32), Group>,
    /// See [`Users::generation`].
    generation: u64,
}

/// Entries of name services that stand for others.
fn is_placeholder(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'+' | b'-'))
}

impl Users {
    /// A user of a container, or of the host.
    #[must_use]
    pub fn user(&self, container: ContainerId, uid: u32) -> Option<&User> {
        self.users.get(&(container, uid))
    }

    /// A group of a container, or of the host.
    #[must_use]
    pub fn group(&self, container: ContainerId, gid: u32) -> Option<&Group> {
        self.groups.get(&(container, gid))
    }

    /// The users and groups of the host, by id.
    #[must_use]
    pub fn of_host(&self) -> (Vec<&User>, Vec<&Group>) {
        let is_host = |place: &(ContainerId, u32)| place.0 == ContainerId::HOST;
        let users = self.users.iter().filter(|(place, _)| is_host(place));
        let mut users: Vec<_> = users.map(|(_, user)| user).collect();
        users.sort_unstable_by_key(|user| user.uid);
        let groups = self.groups.iter().filter(|(place, _)| is_host(place));
        let mut groups: Vec<_> = groups.map(|(_, group)| group).collect();
        groups.sort_unstable_by_key(|group| group.gid);
        (users, groups)
    }

    /// Changes whenever a user or a group does.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Learns of a user.
    pub fn add_user(&mut self, container: ContainerId, mut user: User) {
        if is_placeholder(&user.name) || self.users.len() >= MAX_ENTRIES {
            return;
        }
        cut(&mut user.name, MAX_NAME);
        cut(&mut user.homedir, MAX_PATH);
        cut(&mut user.shell, MAX_PATH);
        self.users.insert((container, user.uid), user);
        self.generation += 1;
    }

    /// Learns of a group.
    pub fn add_group(&mut self, container: ContainerId, mut group: Group) {
        if is_placeholder(&group.name) || self.groups.len() >= MAX_ENTRIES {
            return;
        }
        cut(&mut group.name, MAX_NAME);
        self.groups.insert((container, group.gid), group);
        self.generation += 1;
    }

    /// Forgets a user.
    pub fn remove_user(&mut self, container: ContainerId, uid: u32) {
        self.users.remove(&(container, uid));
        self.generation += 1;
    }

    /// Forgets a group.
    pub fn remove_group(&mut self, container: ContainerId, gid: u32) {
        self.groups.remove(&(container, gid));
        self.generation += 1;
    }
}
