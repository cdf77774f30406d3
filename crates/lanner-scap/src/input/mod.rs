//! From a file's bytes to a capture's: plain, gzip or zstd, told apart by how they begin.

mod gzip;

use std::io::{self, BufRead, BufReader, Read};

use crate::window::Source;

/// How much is read from the file at once.
const CHUNK: usize = 128 << 10;

/// A source of the capture's own bytes.
pub(crate) fn open(mut file: Box<dyn Read + Send>) -> io::Result<Box<dyn Source>> {
    let mut magic = Vec::with_capacity(4);
    (&mut file).take(4).read_to_end(&mut magic)?;
    let kind = match magic.as_slice() {
        [0x1F, 0x8B, ..] => Kind::Gzip,
        // A frame, or one that holds no data and may come first.
        [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => Kind::Zstd,
        _ => Kind::Plain,
    };
    let whole = io::Cursor::new(magic).chain(file);
    Ok(match kind {
        Kind::Plain => Box::new(Plain(whole)),
        Kind::Gzip => Box::new(gzip::Gzip::new(whole)),
        Kind::Zstd => {
            let file = BufReader::with_capacity(CHUNK, whole);
            Box::new(Zstd(zstd::stream::read::Decoder::with_buffer(file)?))
        }
    })
}

enum Kind {
    Plain,
    Gzip,
    Zstd,
}

/// Bytes as they are read.
struct Plain<R>(R);

impl<R: Read + Send> Source for Plain<R> {
    fn fill(&mut self, buffer: &mut [u8], at: usize) -> io::Result<usize> {
        self.0.read(&mut buffer[at..])
    }
}

/// Decompresses what it reads: any number of frames. Their windows can have 128 MB at most.
struct Zstd<R: BufRead>(zstd::stream::read::Decoder<'static, R>);

impl<R: BufRead + Send> Source for Zstd<R> {
    fn fill(&mut self, buffer: &mut [u8], at: usize) -> io::Result<usize> {
        self.0.read(&mut buffer[at..]).map_err(|fault| {
            // What the file itself says has another kind, or a number of the system.
            if fault.kind() == io::ErrorKind::Other && fault.raw_os_error().is_none() {
                let message = "the compressed data is damaged (zstd)";
                io::Error::new(io::ErrorKind::InvalidData, message)
            } else {
                fault
            }
        })
    }
}
