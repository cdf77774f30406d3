//! Which kind of input it is: captures begin with a section header, audit logs
//! with JSON; either can be compressed.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use lanner_event::input::Compressed;

/// The type of a capture's first block, which is its magic number.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// At most so much of a compressed input is looked at.
const HEAD_BYTES: usize = 64 << 10;

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
    let raw: Box<dyn Read + Send> = match path {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    tell(raw)
}

fn tell(mut raw: Box<dyn Read + Send>) -> io::Result<Opened> {
    let mut head = Vec::new();
    raw.by_ref()
        .take(Compressed::HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    let mut seen = Seen {
        head,
        at: 0,
        raw: &mut raw,
        fault: None,
    };
    let capture = is_capture(&mut seen);
    let Seen { head, fault, .. } = seen;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let whole = Box::new(Cursor::new(head).chain(raw));
    Ok(if capture {
        Opened::Capture(whole)
    } else {
        Opened::Audit(whole)
    })
}

/// Reads an input from its beginning and keeps what it has read. No more is
/// read than is asked for: somebody may still write into a pipe.
struct Seen<'r> {
    head: Vec<u8>,
    at: usize,
    raw: &'r mut dyn Read,
    /// What went wrong with the input, not with what it holds.
    fault: Option<io::Error>,
}

impl Read for Seen<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.head.len() {
            let room = HEAD_BYTES.saturating_sub(self.at).min(buffer.len());
            let count = match self.raw.read(&mut buffer[..room]) {
                Err(fault) if fault.kind() != io::ErrorKind::Interrupted => {
                    self.fault = Some(fault);
                    0
                }
                read => read?,
            };
            self.head.extend_from_slice(&buffer[..count]);
            self.at += count;
            return Ok(count);
        }
        let count = (&self.head[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

fn is_capture(seen: &mut Seen<'_>) -> bool {
    let mut start = Vec::with_capacity(SECTION_HEADER.len());
    let take = SECTION_HEADER.len() as u64;
    // What cannot be decompressed is no capture; its reader says what is wrong.
    let _ = match Compressed::of(&seen.head) {
        Some(Compressed::Gzip) => flate2::read::MultiGzDecoder::new(seen)
            .take(take)
            .read_to_end(&mut start),
        Some(Compressed::Zstd) => zstd::stream::read::Decoder::new(seen)
            .and_then(|decoder| decoder.take(take).read_to_end(&mut start)),
        None => seen.take(take).read_to_end(&mut start),
    };
    start == SECTION_HEADER
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(data).unwrap();
        gzip.finish().unwrap()
    }

    /// Whether it is a capture; nothing of it may be lost.
    fn is_capture(input: &[u8]) -> bool {
        let (is_capture, mut reader) = match tell(Box::new(Cursor::new(input.to_vec()))).unwrap() {
            Opened::Capture(reader) => (true, reader),
            Opened::Audit(reader) => (false, reader),
        };
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole).unwrap();
        assert!(whole == input);
        is_capture
    }

    #[test]
    fn captures_are_recognised_plain_and_compressed() {
        let capture = [&SECTION_HEADER[..], &[0; 100]].concat();
        let zstd = zstd::encode_all(&capture[..], 1).unwrap();
        // A frame that holds no data: type, length, three bytes.
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd].concat();
        for input in [&capture, &gzip(&capture), &zstd, &skipped] {
            assert!(is_capture(input));
        }
        let endless = [
            &[0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0][..],
            &[0; 200_000],
        ]
        .concat();
        for other in [
            &b""[..],
            b"{}",
            &[0x1f, 0x8b],
            &[0x1f, 0x8b, 8, 0],
            &[0x28, 0xb5, 0x2f, 0xfd],
            &gzip(b"{}"),
            &endless,
        ] {
            assert!(!is_capture(other));
        }
    }

    /// Gives a few bytes, and would wait for more for ever.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => panic!("it asked for more than it needs"),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn an_input_that_is_still_written_is_not_waited_for() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"{\"kind\":\"Event\"}\n").unwrap();
        encoder.flush().unwrap();
        let written = encoder.get_ref().clone();
        let opened = tell(Box::new(Slow(Cursor::new(written)))).unwrap();
        assert!(matches!(opened, Opened::Audit(_)));
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn a_fault_of_the_input_is_told() {
        let begun = Cursor::new([0x1f, 0x8b, 8, 0]).chain(Broken);
        let fault = tell(Box::new(begun)).err().unwrap();
        assert_eq!(fault.to_string(), "broken");
    }
}
