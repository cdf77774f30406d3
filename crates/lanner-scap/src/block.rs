//! Types of blocks, by number (libs 0.25.4, `scap_savefile.h`). The numbers that end in `ABCD`
//! were used before the format was published.

/// Type and total length, before each block's content.
pub(crate) const HEADER: usize = 8;
/// The total length once more, after it.
pub(crate) const TRAILER: usize = 4;

/// What a block holds, with what its version changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Section,
    Machine,
    /// Processes; the version says which fields there are.
    Processes(u8),
    /// Descriptors of a thread; sized entries since version 2.
    Descriptors {
        sized: bool,
    },
    Interfaces {
        sized: bool,
    },
    Users {
        sized: bool,
    },
    Event(EventBlock),
    Unknown,
}

/// The form of an event block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventBlock {
    /// 32 bits of flags come before the event.
    pub flags: bool,
    /// The number of parameters is in the event's header.
    pub counted: bool,
    /// May be longer than 64 kB.
    pub large: bool,
}

/// The type of a section header, and of the first block of every capture.
pub(crate) const SECTION: u32 = 0x0A0D_0D0A;
pub(crate) const MACHINE: u32 = 0x201;
pub(crate) const PROCESSES_V9: u32 = 0x215;
pub(crate) const EVENT_V2: u32 = 0x216;
pub(crate) const EVENT_FLAGS_V2: u32 = 0x217;
pub(crate) const DESCRIPTORS_V2: u32 = 0x218;
pub(crate) const INTERFACES_V2: u32 = 0x219;
pub(crate) const USERS_V2: u32 = 0x220;
pub(crate) const EVENT_V2_LARGE: u32 = 0x221;
pub(crate) const EVENT_FLAGS_V2_LARGE: u32 = 0x222;

impl Block {
    /// The block of a type number.
    pub(crate) fn of(number: u32) -> Self {
        let event = |flags, counted, large| {
            Self::Event(EventBlock {
                flags,
                counted,
                large,
            })
        };
        match number {
            EVENT_V2 => event(false, true, false),
            EVENT_FLAGS_V2 => event(true, true, false),
            EVENT_V2_LARGE => event(false, true, true),
            EVENT_FLAGS_V2_LARGE => event(true, true, true),
            0x204 | 0x8010_ABCD => event(false, false, false),
            0x208 => event(true, false, false),
            SECTION => Self::Section,
            MACHINE | 0x8002_ABCD => Self::Machine,
            0x202 | 0x8000_ABCD => Self::Processes(1),
            0x207 | 0x8013_ABCD => Self::Processes(2),
            0x209 | 0x8014_ABCD => Self::Processes(3),
            0x210 => Self::Processes(4),
            0x211 => Self::Processes(5),
            0x212 => Self::Processes(6),
            0x213 => Self::Processes(7),
            0x214 => Self::Processes(8),
            PROCESSES_V9 => Self::Processes(9),
            0x203 | 0x8001_ABCD => Self::Descriptors { sized: false },
            DESCRIPTORS_V2 => Self::Descriptors { sized: true },
            0x205 | 0x8011_ABCD => Self::Interfaces { sized: false },
            INTERFACES_V2 => Self::Interfaces { sized: true },
            0x206 | 0x8012_ABCD => Self::Users { sized: false },
            USERS_V2 => Self::Users { sized: true },
            _ => Self::Unknown,
        }
    }
}
