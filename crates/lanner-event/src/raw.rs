//! Events as captures and rings hold them: a header and parameters, borrowed.

/// An event: what happened, when, on which CPU, to which thread, and the raw
/// parameters in the order of the event's type (`schema::EventType`).
///
/// Lengths are checked once, by [`RawEvent::new`]; reading a parameter cannot
/// fail after that, it can only be absent: older captures have fewer
/// parameters, and an empty one means that the value was not known.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'b> {
    /// The code of the event type (`codes`).
    pub code: u16,
    /// The CPU on which it was recorded.
    pub cpu: u16,
    /// Flags of the block that it came in; 0 for most.
    pub flags: u32,
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The thread; -1 where there is none.
    pub tid: i64,
    lengths: Lengths<'b>,
    data: &'b [u8],
}

/// The lengths of the parameters: 16 bits each, or 32 in large events.
#[derive(Clone, Copy, Debug)]
pub enum Lengths<'b> {
    /// Two bytes each, little endian.
    Short(&'b [[u8; 2]]),
    /// Four bytes each, little endian.
    Long(&'b [[u8; 4]]),
}

impl Lengths<'_> {
    /// How many parameters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Short(lengths) => lengths.len(),
            Self::Long(lengths) => lengths.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all parameters.
    #[inline]
    fn total(&self) -> Option<usize> {
        let mut total = 0_usize;
        match self {
            Self::Short(lengths) => {
                for length in *lengths {
                    total = total.checked_add(usize::from(u16::from_le_bytes(*length)))?;
                }
            }
            Self::Long(lengths) => {
                for length in *lengths {
                    total = total.checked_add(u32::from_le_bytes(*length) as usize)?;
                }
            }
        }
        Some(total)
    }

    fn get(&self, index: usize) -> Option<usize> {
        match self {
            Self::Short(lengths) => Some(usize::from(u16::from_le_bytes(*lengths.get(index)?))),
            Self::Long(lengths) => Some(u32::from_le_bytes(*lengths.get(index)?) as usize),
        }
    }
}

/// What identifies an event besides its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The code of the event type.
    pub code: u16,
    /// The CPU.
    pub cpu: u16,
    /// Flags of the block.
    pub flags: u32,
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The thread.
    pub tid: i64,
}

impl<'b> RawEvent<'b> {
    /// The flag of events that are there for what they do to the state only: nobody is shown them
    /// (`SCAP_DF_STATE_ONLY` in libs 0.25.4, `scap.h`).
    pub const STATE_ONLY: u32 = 1;

    /// An event of checked parts; `None` when the lengths need more data than
    /// there is. Data behind the last parameter is ignored.
    #[must_use]
    #[inline]
    pub fn new(header: Header, lengths: Lengths<'b>, data: &'b [u8]) -> Option<Self> {
        let total = lengths.total()?;
        let Header {
            code,
            cpu,
            flags,
            time_ns,
            tid,
        } = header;
        Some(Self {
            code,
            cpu,
            flags,
            time_ns,
            tid,
            lengths,
            data: data.get(..total)?,
        })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> Header {
        Header {
            code: self.code,
            cpu: self.cpu,
            flags: self.flags,
            time_ns: self.time_ns,
            tid: self.tid,
        }
    }

    /// How many parameters were recorded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a parameter; `None` when it was not recorded. An empty
    /// parameter is there, but most types take it as absent, too.
    #[must_use]
    pub fn param(&self, index: usize) -> Option<&'b [u8]> {
        let length = self.lengths.get(index)?;
        let start: usize = (0..index)
            .filter_map(|before| self.lengths.get(before))
            .sum();
        self.data.get(start..start + length)
    }

    /// All parameters.
    pub fn params(&self) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let (lengths, mut rest) = (self.lengths, self.data);
        (0..lengths.len()).map_while(move |index| {
            let (param, after) = rest.split_at_checked(lengths.get(index)?)?;
            rest = after;
            Some(param)
        })
    }

    /// The first `N` bytes of a parameter; `None` when it is absent or shorter.
    fn array<const N: usize>(&self, index: usize) -> Option<[u8; N]> {
        self.param(index)?.first_chunk().copied()
    }

    /// An unsigned number of 8 bits.
    #[must_use]
    pub fn u8(&self, index: usize) -> Option<u8> {
        self.array(index).map(u8::from_le_bytes)
    }

    /// An unsigned number of 16 bits.
    #[must_use]
    pub fn u16(&self, index: usize) -> Option<u16> {
        self.array(index).map(u16::from_le_bytes)
    }

    /// An unsigned number of 32 bits.
    #[must_use]
    pub fn u32(&self, index: usize) -> Option<u32> {
        self.array(index).map(u32::from_le_bytes)
    }

    /// An unsigned number of 64 bits.
    #[must_use]
    pub fn u64(&self, index: usize) -> Option<u64> {
        self.array(index).map(u64::from_le_bytes)
    }

    /// A signed number of 32 bits.
    #[must_use]
    pub fn i32(&self, index: usize) -> Option<i32> {
        self.array(index).map(i32::from_le_bytes)
    }

    /// A signed number of 64 bits: descriptors, process ids, results.
    #[must_use]
    pub fn i64(&self, index: usize) -> Option<i64> {
        self.array(index).map(i64::from_le_bytes)
    }

    /// Text: what stands before the first NUL.
    #[must_use]
    pub fn text(&self, index: usize) -> Option<&'b [u8]> {
        let bytes = self.param(index)?;
        let end = bytes.iter().position(|&byte| byte == 0);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    }
}
