//! Leaders of sessions and process groups.

use lanner_state::State;
use lanner_state::thread::Thread;

use super::ancestors::Above;

/// What is led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leader {
    /// A session.
    Session,
    /// A process group, by its id in its own pid namespace.
    Group,
    /// A process group, by its id in the host's pid namespace.
    HostGroup,
}

impl Leader {
    fn id(self, thread: &Thread) -> i64 {
        match self {
            Self::Session => thread.sid,
            Self::Group => thread.vpgid,
            Self::HostGroup => thread.pgid,
        }
    }

    /// The thread of that id; where the id does not tell (it counts in another
    /// pid namespace, or its thread is gone), the uppermost of the ancestors in
    /// a row that share it.
    pub(super) fn find<'s>(self, state: &'s State, thread: &'s Thread) -> Option<&'s Thread> {
        let id = self.id(thread);
        if id == -1 {
            return None;
        }
        let is_of_host = self == Self::HostGroup || !thread.is_in_pid_namespace();
        let by_id = is_of_host.then(|| state.thread(id)).flatten();
        by_id.or_else(|| {
            let above = Above::of(state, thread);
            above.take_while(|above| self.id(above) == id).last()
        })
    }
}
