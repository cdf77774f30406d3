//! What is told of a container, as an event, as in captures.

use lanner_event::raw::Header;
use lanner_event::{Lengths, RawEvent, codes};

/// The container plugin's number in events (its `id` in Falco's registry of plugins).
const PLUGIN: u32 = 0;
/// The name of its events.
const NAME: &[u8] = b"container\0";
/// No thread.
const NO_THREAD: i64 = -1;

/// Hands the event that tells of a container to `take`. `document` is JSON, as the container plugin
/// writes it.
pub fn container_event<T>(
    document: &[u8],
    time_ns: u64,
    take: impl FnOnce(&RawEvent<'_>) -> T,
) -> Option<T> {
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
    RawEvent::new(header, Lengths::Long(&lengths), &data).map(|event| take(&event))
}
