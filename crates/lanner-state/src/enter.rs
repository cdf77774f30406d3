//! Enter events that are kept until their exit event comes.

use lanner_event::RawEvent;
use lanner_event::raw::{Header, Lengths};

/// The largest event that is kept, in bytes of parameters.
const MAX_BYTES: usize = 64 * 1024;

/// A copy of an enter event: of old captures, where an exit event does not hold
/// everything. One buffer a thread, used again.
#[derive(Clone, Debug)]
pub struct EnterEvent {
    header: Header,
    lengths: Vec<[u8; 4]>,
    data: Vec<u8>,
    is_kept: bool,
}

impl EnterEvent {
    /// Keeps an event in place of what `slot` holds. Events that are too large
    /// are not kept.
    pub(crate) fn keep(slot: &mut Option<Box<Self>>, raw: &RawEvent) {
        if raw.params().map(<[u8]>::len).sum::<usize>() > MAX_BYTES {
            return;
        }
        let enter = slot.get_or_insert_with(|| {
            Box::new(Self {
                header: raw.header(),
                lengths: Vec::new(),
                data: Vec::new(),
                is_kept: false,
            })
        });
        enter.header = raw.header();
        enter.lengths.clear();
        enter.data.clear();
        for param in raw.params() {
            // At most MAX_BYTES, which fits.
            enter.lengths.push((param.len() as u32).to_le_bytes());
            enter.data.extend_from_slice(param);
        }
        enter.is_kept = true;
    }

    /// Forgets the event, but keeps the buffer.
    pub(crate) fn forget(&mut self) {
        self.is_kept = false;
    }

    /// Whether it is not forgotten.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The event.
    #[must_use]
    pub fn raw(&self) -> Option<RawEvent<'_>> {
        let event = RawEvent::new(self.header, Lengths::Long(&self.lengths), &self.data);
        event.filter(|_| self.is_kept)
    }
}
