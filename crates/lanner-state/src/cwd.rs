//! Working directories.

use std::sync::Arc;

use crate::path;
use crate::state::State;

/// The directory that one gets to from another, with a final slash.
pub(crate) fn enter(from: &[u8], to: &[u8]) -> Arc<[u8]> {
    let mut path = path::join(from, to);
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.into()
}

impl State {
    /// A thread changes the directory of its process. Relative paths start at
    /// what the thread itself holds, which is empty for all but leaders, as in libs.
    pub(crate) fn change_cwd(&mut self, tid: i64, to: &[u8]) {
        let Some(leader) = self.leader_tid(tid) else {
            return;
        };
        let Some(thread) = self.threads.get(tid) else {
            return;
        };
        let cwd = enter(&thread.cwd, to);
        let Some(leader) = self.threads.get_mut(leader) else {
            return;
        };
        if leader.cwd != cwd {
            leader.cwd = cwd;
            let tid = leader.tid;
            self.touch(tid);
        }
    }
}
