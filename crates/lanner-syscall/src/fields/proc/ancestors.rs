//! The processes above one.

use lanner_state::State;
use lanner_state::thread::Thread;

use super::words;

/// How many ancestors can be counted: nobody has more.
const MAX_ANCESTORS: u32 = 1 << 16;

/// How many ancestors are searched for a variable of the environment.
const MAX_INHERITANCE: u32 = 20;

/// The `n`th ancestor of a thread's process; 0 is the process itself.
pub(super) fn ancestor<'s>(state: &'s State, thread: &'s Thread, n: u32) -> Option<&'s Thread> {
    (n <= MAX_ANCESTORS).then(|| state.ancestor(thread, n))?
}

/// The threads that made each other, from a thread's parent upwards. Unlike
/// ancestors they need not lead their processes.
#[derive(Clone)]
pub(super) struct Above<'s> {
    state: &'s State,
    next: Option<&'s Thread>,
    /// A thread that was passed: who meets it again goes round in a circle.
    passed: Option<i64>,
    steps: u32,
}

impl<'s> Above<'s> {
    pub(super) fn of(state: &'s State, thread: &Thread) -> Self {
        Self {
            state,
            next: state.thread(thread.ptid),
            passed: None,
            steps: 0,
        }
    }
}

impl<'s> Iterator for Above<'s> {
    type Item = &'s Thread;

    fn next(&mut self) -> Option<&'s Thread> {
        let current = self.next.filter(|thread| thread.tid != -1)?;
        self.steps = self.steps.saturating_add(1);
        if self.steps.is_power_of_two() {
            self.passed = Some(current.tid);
        }
        let is_circle = |above: &&Thread| above.tid == above.ptid || Some(above.tid) == self.passed;
        self.next = self
            .state
            .thread(current.ptid)
            .filter(|above| !is_circle(above));
        Some(current)
    }
}

/// The threads above a thread's process; none where nothing is known of it.
pub(super) fn lineage<'s>(
    state: &'s State,
    thread: &'s Thread,
) -> impl Iterator<Item = &'s Thread> + Clone + use<'s> {
    let leader = state.leader(thread).into_iter();
    leader.flat_map(|leader| Above::of(state, leader))
}

/// The process id of the uppermost shell, the process itself included.
pub(super) fn login_shell(state: &State, thread: &Thread) -> Option<i64> {
    let leader = state.leader(thread)?;
    let family = std::iter::once(leader).chain(Above::of(state, leader));
    let shells = family.filter(|process| process.image.comm.ends_with(b"sh"));
    shells.last().map(|shell| shell.pid)
}

/// The parent of a process, the parent of that, and so on; `None` when there is
/// none. Of a thread without a leader nothing can be told.
pub(super) fn parent_of_leader<'s>(
    state: &'s State,
    thread: &'s Thread,
    n: u32,
) -> Option<Option<&'s Thread>> {
    let Some(leader) = state.leader(thread) else {
        return Some(None);
    };
    let n = (n <= MAX_ANCESTORS).then_some(n)?;
    (0..n)
        .try_fold(leader, |process, _| state.thread(process.ptid))
        .map(Some)
}

/// A variable of the nearest ancestor that has it; empty where none has.
pub(super) fn inherited_variable<'s>(
    state: &'s State,
    thread: &'s Thread,
    name: &[u8],
) -> &'s [u8] {
    let Some(mut process) = state.leader(thread) else {
        return b"";
    };
    for _ in 0..MAX_INHERITANCE {
        let Some(parent) = state.thread(process.ptid) else {
            return b"";
        };
        let value = words::variable(state.env(parent), name);
        if !value.is_empty() {
            return value;
        }
        process = parent;
    }
    b""
}
