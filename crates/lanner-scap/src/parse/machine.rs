//! The machine block.

use lanner_event::inventory::Machine;

use super::cursor::{Cursor, Fault, until_nul};

/// Bytes that the name of the machine takes.
pub(crate) const HOSTNAME: usize = 128;

/// Reads the block's content. Only the oldest ones end before the start time.
pub(crate) fn machine(content: &[u8]) -> Result<Machine, Fault> {
    let mut cursor = Cursor::new(content);
    Ok(Machine {
        cpus: cursor.u32()?,
        memory_bytes: cursor.u64()?,
        max_pid: cursor.u64()?,
        hostname: until_nul(cursor.take(HOSTNAME)?).into(),
        boot_ts_epoch: cursor.u64().unwrap_or(0),
    })
}
