//! What Python tells of containers, and how it becomes an event, as in captures.

use lanner_event::raw::Header;
use lanner_event::{Lengths, RawEvent, codes};
use lanner_state::container::NewContainer;
use pyo3::prelude::*;

/// The container plugin's number in events (its `id` in Falco's registry of plugins).
const PLUGIN: u32 = 0;
/// The name of its events.
const NAME: &[u8] = b"container\0";
/// No thread.
const NO_THREAD: i64 = -1;

/// What is known of a new container.
pub enum Answer {
    /// A document of the container plugin's form.
    Document(Vec<u8>),
    /// Why there will be none.
    Problem(String),
}

/// Asks a Python object with a method `tell(id, full_id)`: it gives bytes (a document), a text (why
/// there is none), or None: it has not come yet.
pub fn ask(resolver: &Py<PyAny>, container: &NewContainer) -> PyResult<Option<Answer>> {
    Python::attach(|py| {
        let arguments = (&*container.id, &*container.full_id);
        let answer = resolver.bind(py).call_method1("tell", arguments)?;
        if answer.is_none() {
            return Ok(None);
        }
        if let Ok(document) = answer.extract::<Vec<u8>>() {
            return Ok(Some(Answer::Document(document)));
        }
        answer
            .extract()
            .map(|problem| Some(Answer::Problem(problem)))
    })
}

/// Hands out the event that tells of a container.
pub fn with_event(document: &[u8], time_ns: u64, take: impl FnOnce(&RawEvent<'_>)) {
    let header = Header {
        code: codes::ASYNCEVENT_E,
        cpu: 0,
        flags: 0,
        time_ns,
        tid: NO_THREAD,
    };
    let sizes = [size_of::<u32>(), NAME.len(), document.len() + 1];
    let lengths = sizes.map(|size| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    let data = [&PLUGIN.to_le_bytes()[..], NAME, document, b"\0"].concat();
    if let Some(event) = RawEvent::new(header, Lengths::Long(&lengths), &data) {
        take(&event);
    }
}
