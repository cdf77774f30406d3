//! Threads in their groups and families: how they are added, linked and removed.

use crate::state::State;
use crate::thread::{Child, Thread, flags};

/// How many ancestors are looked at for a reaper; a longer line is a loop.
const MAX_ANCESTORS: usize = 4096;

impl Thread {
    fn as_child(&self) -> Child {
        Child {
            tid: self.tid,
            serial: self.serial,
        }
    }
}

impl State {
    /// Adds a thread in place of one that has its id; false when the table is full.
    pub(crate) fn add_thread(&mut self, mut thread: Thread, must_link: bool) -> bool {
        if self.threads.len() >= self.max_threads {
            self.counters.dropped_threads += 1;
            return false;
        }
        let tid = thread.tid;
        thread.serial = self.next_id();
        thread.lineage_id = thread.serial;
        self.counters.added_threads += 1;
        if let Some(before) = self.threads.insert(thread) {
            self.detach(&before);
        }
        if self.loose_parents.contains(tid) {
            self.touch_all();
        }
        if must_link {
            self.link(tid);
        }
        true
    }

    /// Makes sure that there is a thread of an id: as the system knows it, or made up; false
    /// when the table is full.
    pub(crate) fn obtain(&mut self, tid: i64) -> bool {
        if self.threads.get(tid).is_some() || self.look_for(tid) {
            return true;
        }
        let thread = self.unknown_thread(tid);
        let added = self.add_thread(thread, true);
        self.counters.unknown_threads += u64::from(added);
        added
    }

    /// Puts a thread into its group and gives it to its parent. Threads of
    /// which nothing is known have neither.
    pub(crate) fn link(&mut self, tid: i64) {
        let Some(thread) = self.threads.get(tid) else {
            return;
        };
        if thread.is_invalid() || thread.group.is_some() {
            if thread.ptid > 0 {
                self.loose_parents.add(thread.ptid);
            }
            return;
        }
        let (me, pid, ptid) = (thread.as_child(), thread.pid, thread.ptid);
        let (is_main, is_init) = (thread.is_main(), pid == 1 || thread.vpid == 1);
        let group = match self.groups.of(pid) {
            Some(group) => {
                self.tidy_group(group);
                self.groups.join(group, me, is_main);
                group
            }
            None => {
                let group = self.next_id();
                self.groups.create(group, pid, me, is_init);
                group
            }
        };
        if let Some(thread) = self.threads.get_mut(tid) {
            thread.group = Some(group);
        }
        if pid != 1 {
            let parent = self.threads.get(ptid);
            let is_parent = parent.is_some_and(|parent| !parent.is_invalid() && ptid != tid);
            self.give(me, if is_parent { ptid } else { 0 }, is_parent);
        } else if ptid > 0 {
            self.loose_parents.add(ptid);
        }
        if is_main {
            // Its threads have found their leader.
            self.touch_tree(tid);
        }
    }

    /// Makes a thread the child of another, or of nobody.
    fn give(&mut self, child: Child, parent: i64, is_known: bool) {
        if let Some(thread) = self.threads.get_mut(child.tid) {
            thread.ptid = parent;
        }
        if !is_known {
            return;
        }
        self.tidy_children(parent);
        if let Some(parent) = self.threads.get_mut(parent) {
            parent.children.push(child);
            parent.living_children = parent.living_children.saturating_add(1);
        }
    }

    /// Forgets members that are gone, when they are many.
    fn tidy_group(&mut self, number: u64) {
        if !self.groups.is_untidy(number) {
            return;
        }
        if let Some(group) = self.groups.get_mut(number) {
            let threads = &self.threads;
            group
                .threads
                .retain(|member| threads.living(*member).is_some());
        }
    }

    /// Forgets children that are gone, when they are the greater part.
    fn tidy_children(&mut self, tid: i64) {
        let Some(thread) = self.threads.get_mut(tid) else {
            return;
        };
        if thread.children.len() / 2 <= thread.living_children as usize + 8 {
            return;
        }
        let mut children = std::mem::take(&mut thread.children);
        children.retain(|child| self.threads.living(*child).is_some());
        if let Some(thread) = self.threads.get_mut(tid) {
            thread.children = children;
        }
    }

    /// Removes a thread. Its children find another parent; a leader stays until
    /// the last thread of its group goes.
    pub(crate) fn remove_thread(&mut self, tid: i64) {
        let Some(thread) = self.threads.get_mut(tid) else {
            return;
        };
        let (pid, ptid, is_main) = (thread.pid, thread.ptid, thread.is_main());
        let Some(number) = thread.group.filter(|_| !thread.is_invalid()) else {
            self.lose_child(ptid);
            self.erase(tid);
            return;
        };
        if thread.flags & flags::CLOSED == 0 {
            thread.flags |= flags::CLOSED;
            self.lose_member(number);
        }
        self.tidy_group(number);
        self.reparent_children(tid);
        self.counters.removed_threads += 1;
        if self
            .groups
            .get(number)
            .is_none_or(|group| group.living == 0)
        {
            self.lose_child(ptid);
            self.groups.unlist(pid);
            self.erase(pid);
        }
        if !is_main {
            self.lose_child(ptid);
            self.erase(tid);
        }
    }

    pub(crate) fn lose_member(&mut self, number: u64) {
        if let Some(group) = self.groups.get_mut(number) {
            group.living = group.living.saturating_sub(1);
        }
    }

    fn lose_child(&mut self, parent: i64) {
        if let Some(parent) = self.threads.get_mut(parent) {
            parent.living_children = parent.living_children.saturating_sub(1);
        }
    }

    fn erase(&mut self, tid: i64) {
        if let Some(thread) = self.threads.remove(tid) {
            self.detach(&thread);
        }
    }

    /// A thread has left the table, in most cases as the last of its family.
    fn detach(&mut self, thread: &Thread) {
        let mut is_missed = self.loose_parents.contains(thread.tid);
        if !thread.children.is_empty() {
            self.loose_parents.add(thread.tid);
            is_missed = true;
        }
        if let Some(group) = thread.group {
            self.groups.leave(group);
            is_missed |= thread.is_main() && self.groups.has_members(group);
        }
        if is_missed {
            self.touch_all();
        }
    }

    fn reparent_children(&mut self, tid: i64) {
        let Some(thread) = self.threads.get(tid) else {
            return;
        };
        if thread.children.is_empty() {
            return;
        }
        let (reaper, pid) = (thread.reaper_tid, thread.pid);
        if reaper > 0 {
            self.obtain(reaper);
        }
        let known = self.threads.get(reaper).filter(|_| reaper > 0);
        let told = known.filter(|thread| !thread.is_invalid() && thread.tid != tid);
        let heir = match told {
            Some(reaper) => Some(reaper.tid),
            None => self.find_reaper(tid),
        };
        let heir_group = heir
            .and_then(|heir| self.threads.get(heir))
            .filter(|heir| heir.pid != pid)
            .and_then(|heir| heir.group);
        if let Some(group) = heir_group.and_then(|group| self.groups.get_mut(group)) {
            group.is_reaper = true;
        }
        let Some(thread) = self.threads.get_mut(tid) else {
            return;
        };
        thread.reaper_tid = heir.unwrap_or(thread.reaper_tid);
        thread.living_children = 0;
        for child in std::mem::take(&mut thread.children) {
            if self.threads.living(child).is_some() {
                self.give(child, heir.unwrap_or(0), heir.is_some());
                self.touch_tree(child.tid);
            }
        }
    }

    /// Who adopts the children of a thread, where the kernel did not say: a
    /// living thread of its group, or of the nearest ancestor that reaps.
    fn find_reaper(&self, tid: i64) -> Option<i64> {
        let thread = self.threads.get(tid)?;
        let sibling = thread.group.and_then(|group| self.first_living(group, tid));
        if sibling.is_some() {
            return sibling;
        }
        let mut ancestor = self.threads.get(thread.ptid)?;
        for _ in 0..MAX_ANCESTORS {
            if ancestor.tid == tid || ancestor.is_in_pid_namespace() != thread.is_in_pid_namespace()
            {
                return None;
            }
            let group = ancestor.group;
            let reaps = group
                .and_then(|group| self.groups.get(group))
                .is_some_and(|group| group.is_reaper && group.living > 0);
            if let Some(living) = group
                .filter(|_| reaps)
                .and_then(|group| self.first_living(group, tid))
            {
                return Some(living);
            }
            if ancestor.ptid == ancestor.tid {
                return None;
            }
            ancestor = self.threads.get(ancestor.ptid)?;
        }
        None
    }

    fn first_living(&self, group: u64, but: i64) -> Option<i64> {
        let group = self.groups.get(group).filter(|group| group.living > 0)?;
        let mut members = group.threads.iter();
        members.find_map(|member| {
            let thread = self.threads.living(*member)?;
            (!thread.is_dead() && thread.tid != but).then_some(thread.tid)
        })
    }

    /// Removes threads of which nothing is known, and those that have done
    /// nothing for `timeout_ns` and are not `alive`: for live capture, now and
    /// then. Captures that are read keep all theirs, as in libs.
    pub fn purge(&mut self, now_ns: u64, timeout_ns: u64, mut alive: impl FnMut(&Thread) -> bool) {
        let is_stale = |thread: &&Thread| {
            thread.is_invalid()
                || (now_ns.saturating_sub(thread.last_event_ts) > timeout_ns && !alive(thread))
        };
        let stale: Vec<i64> = self
            .threads
            .iter()
            .filter(is_stale)
            .map(|t| t.tid)
            .collect();
        self.counters.purged_threads += stale.len() as u64;
        for tid in stale {
            self.remove_thread(tid);
        }
    }
}
