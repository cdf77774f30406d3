//! Putting an event together from parts.

use lanner_event::schema::EventType;
use lanner_event::{Header, Lengths, RawEvent};

use super::memory::Entered;
use super::rules::Part;

/// What events of a code have, prepared.
pub(super) struct Target {
    code: u16,
    params: Box<[Slot]>,
}

/// What is to be known of a parameter.
#[derive(Clone, Copy)]
struct Slot {
    /// How many bytes it has; `None` when that is not fixed.
    width: Option<usize>,
    /// The bytes that its default consists of.
    default: u8,
}

impl Target {
    pub(super) fn new(kind: &EventType) -> Self {
        let slot = |ty| Slot {
            width: width(ty),
            // Zero, but no user and no group.
            default: if matches!(ty, "uid" | "gid") { 0xFF } else { 0 },
        };
        Self {
            code: kind.code,
            params: kind.params.iter().map(|param| slot(param.ty)).collect(),
        }
    }

    /// How many parameters they have in today's schema.
    pub(super) fn len(&self) -> usize {
        self.params.len()
    }

    fn slot(&self, index: usize) -> Slot {
        let none = Slot {
            width: None,
            default: 0,
        };
        self.params.get(index).copied().unwrap_or(none)
    }
}

/// An event that is not in a block. Its memory is used again for the next one.
#[derive(Default)]
pub(super) struct Built {
    header: Option<Header>,
    lengths: Vec<[u8; 4]>,
    data: Vec<u8>,
}

impl Built {
    /// The event; `None` before the first.
    pub(super) fn event(&self) -> Option<RawEvent<'_>> {
        RawEvent::new(self.header?, Lengths::Long(&self.lengths), &self.data)
    }

    /// Makes an event of kind `target` from parts of another one and of its enter event.
    pub(super) fn apply(
        &mut self,
        event: &RawEvent<'_>,
        parts: &[Part],
        target: &Target,
        entered: Option<&mut Entered>,
    ) {
        self.lengths.clear();
        self.data.clear();
        self.header = Some(Header {
            code: target.code,
            ..event.header()
        });
        let mut used = false;
        for &part in parts {
            match part {
                Part::All => self.own(event, 0, event.len(), target),
                Part::Own(first, count) => self.own(event, first, count, target),
                Part::Absent(count) => self.absent(count),
                Part::UpTo(count) => self.absent(count.saturating_sub(self.lengths.len())),
                Part::Default(count) => (0..count).for_each(|_| self.default(target)),
                Part::Json => self.json(event),
                Part::Enter(first, count) | Part::EnterOrAbsent(first, count) => {
                    for index in first..first + count {
                        let found = entered.as_deref().and_then(|entered| entered.param(index));
                        used |= found.is_some();
                        match found {
                            Some(bytes) => self.push(bytes, target),
                            None if part == Part::Enter(first, count) => self.default(target),
                            None => self.absent(1),
                        }
                    }
                }
            }
        }
        if let Some(entered) = entered.filter(|_| used) {
            entered.use_up();
        }
    }

    /// The next parameter; a number is cut to the bytes that its type has.
    fn push(&mut self, bytes: &[u8], target: &Target) {
        let width = target.slot(self.lengths.len()).width;
        let bytes = &bytes[..bytes.len().min(width.unwrap_or(usize::MAX))];
        // Longer than 32 bits can say is longer than any block.
        let length = u32::try_from(bytes.len()).unwrap_or(0);
        self.lengths.push(length.to_le_bytes());
        self.data.extend_from_slice(&bytes[..length as usize]);
    }

    fn own(&mut self, event: &RawEvent<'_>, first: usize, count: usize, target: &Target) {
        let mut params = event.params().skip(first);
        for _ in 0..count {
            self.push(params.next().unwrap_or_default(), target);
        }
    }

    fn absent(&mut self, count: usize) {
        let length = self.lengths.len() + count;
        self.lengths.resize(length, [0; 4]);
    }

    /// The next parameter, as it is where nothing is known; empty where its width is not fixed.
    fn default(&mut self, target: &Target) {
        let slot = target.slot(self.lengths.len());
        self.push(&[slot.default; 16][..slot.width.unwrap_or(0)], target);
    }

    /// Describes a container from its id, type, name and image; absent when one of them is.
    fn json(&mut self, event: &RawEvent<'_>) {
        let text = |index| match event.param(index) {
            Some([text @ .., _nul]) => Some(text),
            _ => None,
        };
        let kind = match event.param(1) {
            Some([]) | None => Some(0),
            Some(bytes) => <[u8; 4]>::try_from(bytes).ok().map(u32::from_le_bytes),
        };
        let before = self.data.len();
        let parts = (text(0), kind, text(2), text(3));
        if let (Some(id), Some(kind), Some(name), Some(image)) = parts {
            let kind = format!("\",\"type\":{kind},\"name\":\"");
            let pieces: [&[u8]; 8] = [
                b"{\"id\":\"",
                id,
                kind.as_bytes(),
                name,
                b"\",\"image\":\"",
                image,
                b"\"}",
                b"\0",
            ];
            pieces
                .into_iter()
                .for_each(|piece| self.data.extend_from_slice(piece));
        }
        let length = u32::try_from(self.data.len() - before).unwrap_or(0);
        self.lengths.push(length.to_le_bytes());
    }
}

/// How many bytes values of a type have; `None` when that is not fixed.
fn width(ty: &str) -> Option<usize> {
    Some(match ty {
        "int8" | "uint8" | "flags8" | "enumflags8" | "sigtype" => 1,
        "int16" | "uint16" | "flags16" | "enumflags16" | "syscallid" | "port" => 2,
        "int32" | "uint32" | "flags32" | "enumflags32" | "uid" | "gid" | "mode" | "sigset"
        | "fd32" | "pid32" | "ipv4addr" => 4,
        "int64" | "uint64" | "reltime" | "abstime" | "errno" | "fd" | "pid" => 8,
        "ipv6addr" => 16,
        _ => return None,
    })
}
