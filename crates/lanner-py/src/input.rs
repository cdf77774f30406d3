//! Which kind of input it is: captures begin with a section header, audit logs
//! with JSON; either can be compressed.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// The type of a capture's first block, which is its magic number.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// So much of a compressed input shows its first bytes.
const HEAD_BYTES: u64 = 64 << 10;

/// An open input.
pub enum Opened {
    /// A capture of system calls.
    Capture(Box<dyn Read + Send>),
    /// Anything else: audit events, or an error that their reader explains.
    Audit(Box<dyn Read + Send>),
}

/// Opens a file, or standard input for `None`, and looks at how it begins.
///
/// # Errors
/// When it cannot be opened or read.
pub fn open(path: Option<&Path>) -> io::Result<Opened> {
    let mut raw: Box<dyn Read + Send> = match path {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    let mut head = Vec::new();
    // An audit log that somebody still writes into a pipe must not wait for a whole head.
    while head.len() < 4 && raw.by_ref().take(4).read_to_end(&mut head)? > 0 {}
    if is_compressed(&head) {
        raw.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    }
    let capture = is_capture(&head);
    let whole = Box::new(Cursor::new(head).chain(raw));
    Ok(if capture {
        Opened::Capture(whole)
    } else {
        Opened::Audit(whole)
    })
}

fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

fn is_capture(head: &[u8]) -> bool {
    let mut start = Vec::with_capacity(SECTION_HEADER.len());
    let take = SECTION_HEADER.len() as u64;
    // What cannot be decompressed is no capture; its reader says what is wrong.
    let _ = if head.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(head)
            .take(take)
            .read_to_end(&mut start)
    } else if is_compressed(head) {
        zstd::stream::read::Decoder::new(head)
            .and_then(|decoder| decoder.take(take).read_to_end(&mut start))
    } else {
        head.take(take).read_to_end(&mut start)
    };
    start == SECTION_HEADER
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn captures_are_recognised_plain_and_compressed() {
        let capture = [&SECTION_HEADER[..], &[0; 100]].concat();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&capture).unwrap();
        assert!(is_capture(&capture));
        assert!(is_capture(&gzip.finish().unwrap()));
        assert!(is_capture(&zstd::encode_all(&capture[..], 1).unwrap()));
        for other in [
            &b""[..],
            b"{}",
            &[0x1f, 0x8b],
            &[0x1f, 0x8b, 8, 0],
            &[0x28, 0xb5, 0x2f, 0xfd],
        ] {
            assert!(!is_capture(other));
        }
    }
}
