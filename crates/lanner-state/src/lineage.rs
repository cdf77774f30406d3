//! Numbers under which results about threads can be remembered.

use hashbrown::HashSet;

use crate::state::State;
use crate::thread::Thread;

/// How many parents with children of whom they do not know are told apart;
/// beyond, all count as such.
const MAX_LOOSE: usize = 4096;

/// Ids that threads have for their parent's, although the thread of the id does
/// not have them among its children: it is another one of the same id, or none.
#[derive(Debug, Default)]
pub(crate) struct LooseParents {
    tids: HashSet<i64>,
    are_many: bool,
}

impl LooseParents {
    pub(crate) fn add(&mut self, tid: i64) {
        if self.tids.len() >= MAX_LOOSE {
            self.are_many = true;
        } else {
            self.tids.insert(tid);
        }
    }

    /// Those who have lost their parents have 0 for its id, those of whom nothing is known -1.
    pub(crate) fn contains(&self, tid: i64) -> bool {
        tid <= 0 || self.are_many || self.tids.contains(&tid)
    }
}

/// How many threads get another lineage one by one; of a larger family, all threads do.
const MAX_TOUCHED: usize = 256;

impl State {
    /// A number for what a thread is besides its image: it is another one
    /// whenever one of these changes.
    ///
    /// - Its ids: thread, process, parent, session and process group, in the
    ///   host's and its own pid namespace.
    /// - Its user, group, login user, capabilities, terminal, root directory,
    ///   container and category.
    /// - Its leader, and its leader's working directory and environment.
    /// - Any ancestor: which it is, or its image, session and process group.
    ///
    /// It says nothing of descriptors, of counts (`proc.nthreads`), of times,
    /// of what is known of the container ([`Container::generation`]), or of
    /// threads that are found by id and are no ancestors (a session's leader
    /// that is not one). Remember a result under [`Thread::serial`] and this
    /// number; two threads can have the same number.
    #[must_use]
    pub fn lineage_id(&self, thread: &Thread) -> u64 {
        thread.lineage_id.max(self.lineage_floor)
    }

    /// Every thread gets another lineage.
    pub(crate) fn touch_all(&mut self) {
        self.lineage_floor = self.next_id();
        self.counters.lineage_resets += 1;
    }

    /// Gives a thread another lineage, and, if it leads, the threads of its group.
    pub(crate) fn touch(&mut self, tid: i64) {
        let id = self.next_id();
        let Some(thread) = self.threads.get_mut(tid) else {
            return;
        };
        thread.lineage_id = id;
        let Some(number) = thread.group.filter(|_| thread.is_main()) else {
            return;
        };
        let Some(group) = self
            .groups
            .get(number)
            .filter(|group| group.threads.len() > 1)
        else {
            return;
        };
        if group.threads.len() > MAX_TOUCHED {
            self.touch_all();
            return;
        }
        for member in &group.threads {
            if let Some(thread) = self.threads.get_mut(member.tid) {
                thread.lineage_id = id;
            }
        }
    }

    /// Gives a thread, its group if it leads, and all their descendants another lineage.
    pub(crate) fn touch_tree(&mut self, tid: i64) {
        let id = self.next_id();
        let mut waiting = Vec::new();
        let mut touched = 0;
        let mut next = Some(tid);
        while let Some(tid) = next {
            touched += 1;
            let is_large = touched > MAX_TOUCHED || waiting.len() > MAX_TOUCHED;
            if is_large || self.loose_parents.contains(tid) {
                self.touch_all();
                return;
            }
            if let Some(thread) = self.threads.get_mut(tid)
                && thread.lineage_id != id
            {
                thread.lineage_id = id;
                waiting.extend(thread.children.iter().map(|child| child.tid));
                let group = thread.group.filter(|_| thread.is_main());
                if let Some(group) = group.and_then(|group| self.groups.get(group))
                    && group.threads.len() > 1
                {
                    waiting.extend(group.threads.iter().map(|member| member.tid));
                }
            }
            next = waiting.pop();
        }
    }
}
