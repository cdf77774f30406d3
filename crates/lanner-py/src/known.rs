//! What is known of the machine's threads, for people who ask.

use lanner_state::State;
use serde::Serialize;

#[derive(Serialize)]
struct KnownThread {
    tid: i64,
    pid: i64,
    ptid: i64,
    comm: String,
    exepath: String,
    container: String,
    /// Of a process, in the order of their numbers; of its other threads none.
    descriptors: Vec<KnownDescriptor>,
}

#[derive(Serialize)]
struct KnownDescriptor {
    fd: i64,
    r#type: &'static str,
    name: String,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All threads that have not ended, by id, as JSON.
pub fn threads(state: &State) -> Vec<u8> {
    let living = state.threads.iter().filter(|thread| !thread.is_dead());
    let mut known: Vec<KnownThread> = living
        .map(|thread| {
            let descriptors = thread.fds.iter().map(|(fd, known)| KnownDescriptor {
                fd,
                r#type: known.kind.name(),
                name: text(known.name()),
            });
            let mut descriptors: Vec<_> = descriptors.collect();
            descriptors.sort_unstable_by_key(|known| known.fd);
            let container = state.containers.get(thread.container);
            KnownThread {
                tid: thread.tid,
                pid: thread.pid,
                ptid: thread.ptid,
                comm: text(&thread.image.comm),
                exepath: text(&thread.image.exepath),
                container: container.map_or_else(String::new, |found| found.id.to_string()),
                descriptors,
            }
        })
        .collect();
    known.sort_unstable_by_key(|thread| thread.tid);
    // Plain strings and numbers always serialise.
    serde_json::to_vec(&known).unwrap_or_default()
}
