//! System call events as a source of the engine.

use bumpalo::Bump;
use lanner_event::codes;
use lanner_event::schema::Format;
use lanner_event::{EventSource, ExtractorError, Subject, SubjectId, Values};

use crate::SyscallEvent;
use crate::fields::Extractor;

/// System call events as a source of the engine (`syscall`).
#[derive(Clone, Copy, Debug)]
pub struct SyscallSource;

/// Classes from here on are system calls without an event type of their own.
const GENERIC: u16 = 1 << 10;

impl EventSource for SyscallSource {
    type Event<'e> = SyscallEvent<'e>;
    type Extractor = Extractor;

    fn compile(field: &str, argument: Option<&str>) -> Result<Extractor, ExtractorError> {
        Extractor::compile(field, argument)
    }

    fn extract<'a>(
        extractor: &Extractor,
        event: &'a SyscallEvent<'_>,
        arena: &'a Bump,
        out: &mut Values<'a>,
    ) {
        extractor.extract(event, arena, out);
    }

    /// The event code; for system calls without one of their own, the call.
    fn class(event: &SyscallEvent<'_>) -> Option<u16> {
        match event.raw.code {
            codes::GENERIC_X => match event.raw.u16(0) {
                // Then the machine's own number names the call.
                None | Some(0) => None,
                Some(call) => call.checked_add(GENERIC),
            },
            // These carry their own name.
            codes::ASYNCEVENT_E => None,
            code => (code < GENERIC).then_some(code),
        }
    }

    fn decided_by_class(extractor: &Extractor) -> bool {
        extractor.decided_by_class()
    }

    fn format(extractor: &Extractor, event: &SyscallEvent<'_>) -> Format {
        extractor.format(event)
    }

    fn absence<'a>(extractor: &Extractor, event: &'a SyscallEvent<'_>) -> Option<&'a str> {
        extractor.absence(event)
    }

    fn subject(event: &SyscallEvent<'_>, subject: Subject) -> Option<SubjectId> {
        // Such an event has the fields of the container that it tells of.
        if event.context.container.is_some() {
            return None;
        }
        let thread = event.thread?;
        let state = event.state;
        let fd = match subject {
            Subject::Process => 0,
            Subject::Descriptor => event.fd?.id,
        };
        Some([
            thread.serial,
            // All these only grow.
            thread.image_id.max(state.lineage_id(thread)),
            state.containers.generation() + state.users.generation(),
            fd,
        ])
    }

    fn time_ns(event: &SyscallEvent<'_>) -> u64 {
        event.raw.time_ns
    }
}
