//! From a file's bytes to a capture's: plain, gzip or zstd, told apart by how they begin.

mod gzip;

use std::io::{self, BufRead, BufReader, Read};

use lanner_event::input::Compressed;

use crate::window::Source;

/// How much is read from the file at once.
const CHUNK: usize = 128 << 10;

/// A source of the capture's own bytes.
pub(crate) fn open(mut file: Box<dyn Read + Send>) -> io::Result<Box<dyn Source>> {
    let mut head = Vec::with_capacity(Compressed::HEAD_BYTES);
    (&mut file)
        .take(Compressed::HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    let compressed = Compressed::of(&head);
    let whole = io::Cursor::new(head).chain(file);
    Ok(match compressed {
        None => Box::new(Plain(whole)),
        Some(Compressed::Gzip) => Box::new(gzip::Gzip::new(whole)),
        Some(Compressed::Zstd) => {
            let file = BufReader::with_capacity(CHUNK, whole);
            Box::new(Zstd(zstd::stream::read::Decoder::with_buffer(file)?))
        }
    })
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
