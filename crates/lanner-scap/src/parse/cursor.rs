//! Reading numbers and texts from a block, in order.

/// Why an entry of a list could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It needs more bytes than there are.
    Short,
    /// Something in it cannot be right: what.
    Wrong(&'static str),
}

/// Bytes of a block from some place on.
pub(crate) struct Cursor<'b> {
    rest: &'b [u8],
    read: usize,
}

impl<'b> Cursor<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            read: 0,
        }
    }

    /// How many bytes were read.
    pub(crate) fn read(&self) -> usize {
        self.read
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'b [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Fault::Short)?;
        self.rest = rest;
        self.read += count;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| Fault::Short)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Fault> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Fault> {
        self.array().map(i64::from_le_bytes)
    }

    /// Bytes with their length before them, at most `limit`; `what` they are.
    pub(crate) fn sized(&mut self, limit: usize, what: &'static str) -> Result<&'b [u8], Fault> {
        let length = usize::from(self.u16()?);
        if length > limit {
            return Err(Fault::Wrong(what));
        }
        self.take(length)
    }

    /// Text in the same form; it ends at the first NUL, if there is one.
    pub(crate) fn text(&mut self, limit: usize, what: &'static str) -> Result<Box<[u8]>, Fault> {
        Ok(until_nul(self.sized(limit, what)?).into())
    }
}

/// What stands before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}
