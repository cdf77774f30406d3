//! Thread groups: processes.

use hashbrown::HashMap;

use crate::thread::Child;

/// A thread group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Its members, the leader first if it is known; some may be gone.
    pub threads: Vec<Child>,
    /// Members that have not exited (`proc.nthreads`).
    pub living: u32,
    /// Whether orphans among its descendants become its children.
    pub is_reaper: bool,
    /// Threads in the table that belong to it.
    members: u32,
    /// Whether its process id still leads to it.
    is_listed: bool,
}

/// Thread groups by number, and which of them has a process id now.
#[derive(Debug, Default)]
pub struct Groups {
    groups: HashMap<u64, Group>,
    by_pid: HashMap<i64, u64>,
}

impl Groups {
    /// A group.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Group> {
        self.groups.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Group> {
        self.groups.get_mut(&number)
    }

    /// The group of a process id.
    pub(crate) fn of(&self, pid: i64) -> Option<u64> {
        self.by_pid.get(&pid).copied()
    }

    /// Makes a group of one thread.
    pub(crate) fn create(&mut self, number: u64, pid: i64, first: Child, is_reaper: bool) {
        let group = Group {
            threads: vec![first],
            living: 1,
            is_reaper,
            members: 1,
            is_listed: true,
        };
        self.groups.insert(number, group);
        if let Some(before) = self.by_pid.insert(pid, number) {
            self.unlisted(before);
        }
    }

    /// Adds a thread to a group.
    pub(crate) fn join(&mut self, number: u64, thread: Child, is_main: bool) {
        let Some(group) = self.groups.get_mut(&number) else {
            return;
        };
        let at = if is_main { 0 } else { group.threads.len() };
        group.threads.insert(at, thread);
        group.living = group.living.saturating_add(1);
        group.members = group.members.saturating_add(1);
    }

    /// A thread of a group is no longer in the table.
    pub(crate) fn leave(&mut self, number: u64) {
        let Some(group) = self.groups.get_mut(&number) else {
            return;
        };
        group.members = group.members.saturating_sub(1);
        if group.members == 0 && !group.is_listed {
            self.groups.remove(&number);
        }
    }

    /// Whether threads of a group are in the table.
    pub(crate) fn has_members(&self, number: u64) -> bool {
        self.groups
            .get(&number)
            .is_some_and(|group| group.members > 0)
    }

    /// A process id no longer leads to a group.
    pub(crate) fn unlist(&mut self, pid: i64) {
        if let Some(number) = self.by_pid.remove(&pid) {
            self.unlisted(number);
        }
    }

    fn unlisted(&mut self, number: u64) {
        let Some(group) = self.groups.get_mut(&number) else {
            return;
        };
        group.is_listed = false;
        if group.members == 0 {
            self.groups.remove(&number);
        }
    }

    /// Whether many of a group's members are gone: so many that looking past
    /// them costs, and forgetting them pays.
    pub(crate) fn is_untidy(&self, number: u64) -> bool {
        self.groups.get(&number).is_some_and(|group| {
            let gone = group.threads.len().saturating_sub(group.members as usize);
            gone > 64 + group.members as usize / 256
        })
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}
