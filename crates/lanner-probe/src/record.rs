//! What stands in the ring: a header, the lengths of the parameters, and these.

use lanner_event::{Header, Lengths, RawEvent};

use crate::flags::Portable;

/// The header (`struct header`, `probe/lib/record.h`): time since boot in nanoseconds (u64), thread
/// (u32), size (u32), event code, CPU, number of parameters, flags (u16 each).
const HEADER: usize = 24;

/// Takes records apart.
pub struct Records {
    portable: Portable,
    /// A record whose flags are rewritten.
    copy: Vec<u8>,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Default for Records {
    fn default() -> Self {
        Self::new()
    }
}

impl Records {
    /// For the flags of Linux.
    #[must_use]
    pub fn new() -> Self {
        Self {
            portable: Portable::new(),
            copy: Vec::new(),
        }
    }

    /// The event of a record; its time is `boot_ns` later than the record says. `None` when it is
    /// not what the probe writes.
    pub fn event<'r>(&'r mut self, record: &'r [u8], boot_ns: u64) -> Option<RawEvent<'r>> {
        let time = u64::from_le_bytes(*record.first_chunk()?);
        let tid = u32::from_le_bytes(*record.get(8..)?.first_chunk()?);
        let header = Header {
            code: u16_at(record, 16)?,
            cpu: u16_at(record, 18)?,
            flags: 0,
            time_ns: time.wrapping_add(boot_ns),
            tid: i64::from(tid),
        };
        let data = HEADER + 2 * usize::from(u16_at(record, 20)?);
        let record = if self.portable.concerns(header.code) {
            self.copy.clear();
            self.copy.extend_from_slice(record);
            let (front, data) = self.copy.split_at_mut_checked(data)?;
            let (lengths, _) = front.get(HEADER..)?.as_chunks();
            self.portable.rewrite(header.code, lengths, data);
            &self.copy
        } else {
            record
        };
        let (lengths, _) = record.get(HEADER..data)?.as_chunks();
        RawEvent::new(header, Lengths::Short(lengths), record.get(data..)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_event::codes;

    fn record(code: u16, parameters: &[&[u8]]) -> Vec<u8> {
        let mut record = Vec::new();
        record.extend(7_u64.to_le_bytes());
        record.extend(42_u32.to_le_bytes());
        record.extend(0_u32.to_le_bytes());
        for number in [code, 3, parameters.len() as u16, 0] {
            record.extend(number.to_le_bytes());
        }
        for parameter in parameters {
            record.extend((parameter.len() as u16).to_le_bytes());
        }
        record.extend(parameters.concat());
        record
    }

    #[test]
    fn records_become_events() {
        let mut records = Records::new();
        let bytes = record(
            codes::SYSCALL_CLOSE_X,
            &[&0_i64.to_le_bytes(), &5_i64.to_le_bytes()],
        );
        let event = records.event(&bytes, 1000).unwrap();
        assert_eq!((event.time_ns, event.tid, event.cpu), (1007, 42, 3));
        assert_eq!(event.i64(1), Some(5));
    }

    #[test]
    fn damaged_records_are_refused() {
        let mut records = Records::new();
        let parameters: [&[u8]; 4] = [
            &3_i64.to_le_bytes(),
            &[0; 8],
            b"/x\0",
            &0x42_u32.to_le_bytes(),
        ];
        let bytes = record(codes::SYSCALL_OPENAT_2_X, &parameters);
        assert!(records.event(&bytes, 0).is_some());
        for end in 0..bytes.len() {
            assert!(records.event(&bytes[..end], 0).is_none(), "{end}");
        }
    }
}
