//! The lists that a capture begins with, of a state in the middle.

use lanner_scap::Item;
use lanner_state::thread::Thread;

use crate::{SyscallEvent, container_event};

/// Hands out what there is at an event: the machine, its users, threads and descriptors, and what
/// was told of containers. Threads that have exited are not there any more, but for the one that
/// does it right now.
///
/// # Errors
/// Those of `take`.
pub fn snapshot<E>(
    event: &SyscallEvent<'_>,
    take: &mut dyn FnMut(&Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let SyscallEvent { state, context, .. } = event;
    take(&Item::Machine(state.machine.clone()))?;
    for interface in &state.interfaces {
        take(&Item::Interface(interface.clone()))?;
    }
    let (users, groups) = state.users.of_host();
    for user in users {
        take(&Item::User(user.clone()))?;
    }
    for group in groups {
        take(&Item::Group(group.clone()))?;
    }
    let is_there = |thread: &&Thread| !thread.is_dead() || context.thread == Some(thread.tid);
    let mut threads: Vec<_> = state.threads.iter().filter(is_there).collect();
    threads.sort_unstable_by_key(|thread| thread.tid);
    for thread in &threads {
        take(&Item::Process(Box::new(state.process(thread))))?;
    }
    for thread in &threads {
        let (tid, list) = (thread.tid, thread.descriptors());
        if !list.is_empty() {
            take(&Item::Descriptors { tid, list })?;
        }
    }
    for document in state.containers.documents() {
        let written = container_event(document, event.raw.time_ns, |raw| take(&Item::Event(*raw)));
        written.transpose()?;
    }
    Ok(())
}
