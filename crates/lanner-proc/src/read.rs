//! Reading small files and links, whatever is in them.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// No file is read further than this.
const MOST_BYTES: u64 = 1 << 20;

/// What a file holds, as much of it as is wanted at most; `None` when it cannot be read.
pub(crate) fn some_of(path: &Path) -> Option<Vec<u8>> {
    at_most(path, MOST_BYTES)
}

/// As much as `limit` bytes of a file.
pub(crate) fn at_most(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(limit)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// Where a link leads; `None` when it cannot be read.
pub(crate) fn link(path: &Path) -> Option<Box<[u8]>> {
    Some(fs::read_link(path).ok()?.into_os_string().into_vec().into())
}
