//! Entries of process lists, versions 1 to 9, and what newer libraries append to version 9.

use lanner_event::inventory::Process;

use super::cursor::{Cursor, Fault};

/// The longest path or name (`SCAP_MAX_PATH_SIZE`).
pub(crate) const PATH: usize = 1024;
/// The longest arguments, environment or control groups.
pub(crate) const STRINGS: usize = 4096;
/// No entry is longer in what is known here; room to spare.
pub(crate) const ENTRY: usize = 32 << 10;

/// An entry, and how many bytes of it are not known here.
pub(crate) fn process(cursor: &mut Cursor<'_>, version: u8) -> Result<(Process, u32), Fault> {
    let size = if version >= 9 { cursor.u32()? } else { 0 };
    let mut process = Process {
        sid: -1,
        vpgid: -1,
        pgid: -1,
        vtid: -1,
        vpid: -1,
        loginuid: u32::MAX,
        ..Process::default()
    };
    identity(cursor, version, &mut process)?;
    command(cursor, version, &mut process)?;
    if version >= 2 {
        usage(cursor, &mut process)?;
    }
    if version >= 3 {
        process.env = strings(cursor, "environment")?;
    }
    if version >= 4 {
        process.vtid = cursor.i64()?;
        process.vpid = cursor.i64()?;
        process.cgroups = cursor.sized(STRINGS, "list of control groups")?.into();
    }
    if version >= 5 {
        process.root = cursor.text(PATH, "root directory")?;
    }
    let rest = if size > 0 {
        let tail = usize::try_from(size).ok();
        let tail = tail.and_then(|size| size.checked_sub(cursor.read()));
        appended(cursor, tail.ok_or(Fault::Wrong("size"))?, &mut process)?
    } else {
        0
    };
    Ok((process, rest))
}

fn identity(cursor: &mut Cursor<'_>, version: u8, process: &mut Process) -> Result<(), Fault> {
    process.tid = cursor.i64()?;
    process.pid = cursor.i64()?;
    process.ptid = cursor.i64()?;
    if version >= 6 {
        process.sid = cursor.i64()?;
    }
    if version >= 8 {
        process.vpgid = cursor.i64()?;
    }
    Ok(())
}

fn command(cursor: &mut Cursor<'_>, version: u8, process: &mut Process) -> Result<(), Fault> {
    process.comm = cursor.text(PATH, "command name")?;
    process.exe = cursor.text(PATH, "program name")?;
    if version >= 7 {
        process.exepath = cursor.text(PATH, "program path")?;
    }
    process.args = strings(cursor, "list of arguments")?;
    process.cwd = cursor.text(PATH, "working directory")?;
    process.fdlimit = cursor.i64()?;
    process.flags = cursor.u32()?;
    process.uid = cursor.u32()?;
    process.gid = cursor.u32()?;
    Ok(())
}

fn usage(cursor: &mut Cursor<'_>, process: &mut Process) -> Result<(), Fault> {
    process.vmsize_kb = cursor.u32()?;
    process.vmrss_kb = cursor.u32()?;
    process.vmswap_kb = cursor.u32()?;
    process.pfmajor = cursor.u64()?;
    process.pfminor = cursor.u64()?;
    Ok(())
}

/// Strings, each ended by a NUL; some captures lack the last one.
fn strings(cursor: &mut Cursor<'_>, what: &'static str) -> Result<Box<[u8]>, Fault> {
    let bytes = cursor.sized(STRINGS, what)?;
    if bytes.last().is_none_or(|&byte| byte == 0) {
        return Ok(bytes.into());
    }
    let mut ended = Vec::with_capacity(bytes.len() + 1);
    ended.extend_from_slice(bytes);
    ended.push(0);
    Ok(ended.into())
}

/// What was appended to version 9 over time, as far as `left` bytes go; each
/// field is there if its whole length is. Gives back what is left.
///
/// libs 0.10 put two fields before those that were there already. An entry with
/// no more left than the older fields need is one without them.
fn appended(cursor: &mut Cursor<'_>, left: usize, process: &mut Process) -> Result<u32, Fault> {
    const BEFORE_0_10: usize = 4 + 1 + 3 * 8;
    let mut tail = Tail { cursor, left };
    let file = &mut process.exe_file;
    if tail.left > BEFORE_0_10 {
        tail.put(&mut process.pidns_init_start_ts, u64::from_le_bytes)?;
        tail.put(&mut process.tty, u32::from_le_bytes)?;
    }
    tail.put(&mut process.loginuid, u32::from_le_bytes)?;
    tail.put(&mut file.writable, truth)?;
    tail.put(&mut process.capabilities.inheritable, u64::from_le_bytes)?;
    tail.put(&mut process.capabilities.permitted, u64::from_le_bytes)?;
    tail.put(&mut process.capabilities.effective, u64::from_le_bytes)?;
    tail.put(&mut file.upper_layer, truth)?;
    tail.put(&mut file.ino, u64::from_le_bytes)?;
    tail.put(&mut file.ctime, u64::from_le_bytes)?;
    tail.put(&mut file.mtime, u64::from_le_bytes)?;
    tail.put(&mut file.from_memfd, truth)?;
    tail.put(&mut file.lower_layer, truth)?;
    tail.put(&mut process.pgid, i64::from_le_bytes)?;
    u32::try_from(tail.left).map_err(|_| Fault::Wrong("size"))
}

fn truth([byte]: [u8; 1]) -> bool {
    byte != 0
}

struct Tail<'c, 'b> {
    cursor: &'c mut Cursor<'b>,
    left: usize,
}

impl Tail<'_, '_> {
    fn put<const N: usize, T>(
        &mut self,
        field: &mut T,
        decode: fn([u8; N]) -> T,
    ) -> Result<(), Fault> {
        if self.left >= N {
            *field = decode(self.cursor.array()?);
            self.left -= N;
        }
        Ok(())
    }
}
