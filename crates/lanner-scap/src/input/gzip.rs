//! Gzip with any number of members, as `cat a.gz b.gz` makes them.
//!
//! `fdeflate` inflates: it is the fastest one that is safe Rust and gives its output in pieces
//! (measured on a capture of 262 MB: 0.10 s with the checksum; zlib-rs 0.16 s, zlib-ng 0.13 s,
//! zlib 0.73 s). It reads streams of the zlib format, so it gets such a head, and what it takes for
//! their checksum is the one of gzip.

use std::io::{self, Read};

use fdeflate::Decompressor;

use super::CHUNK;
use crate::window::Source;

/// A head of the zlib format that says nothing in particular.
const ZLIB_HEAD: [u8; 2] = [0x78, 0x01];
/// What is made at once. What comes before a damage is given but for so many bytes.
const STEP: usize = 8 << 10;
/// How far the decoder may have read behind the checksum: it holds 63 bits, 32 of which were that.
const AHEAD: usize = 3;
/// Bytes that stay in memory after they have been read.
const KEPT: usize = AHEAD + 4;

/// Inflates what it reads.
pub(crate) struct Gzip<R> {
    file: R,
    input: Box<[u8]>,
    start: usize,
    end: usize,
    place: Place,
}

/// What comes next.
enum Place {
    /// The head of a member; nothing may come instead, except at the start.
    Head { first: bool },
    /// The data of a member.
    Body(Box<Member>),
    /// Its end: the checksum and the size that must stand there.
    Tail { checksum: u32, size: u32 },
    /// All has been read.
    End,
}

struct Member {
    decoder: Decompressor,
    checksum: crc32fast::Hasher,
    /// How many bytes were made, as far as 32 bits go.
    size: u32,
}

impl<R: Read> Gzip<R> {
    pub(crate) fn new(file: R) -> Self {
        Self {
            file,
            input: vec![0; CHUNK].into(),
            start: 0,
            end: 0,
            place: Place::Head { first: true },
        }
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// Reads on in the file, behind what is unread; false at its end.
    fn read_more(&mut self) -> io::Result<bool> {
        let from = self.start.saturating_sub(KEPT);
        self.input.copy_within(from..self.end, 0);
        self.start -= from;
        self.end -= from;
        if self.end == self.input.len() {
            return Err(damaged("the compressed data is damaged (head of gzip)"));
        }
        loop {
            match self.file.read(&mut self.input[self.end..]) {
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
                Ok(got) => {
                    self.end += got;
                    return Ok(got > 0);
                }
            }
        }
    }

    /// Reads the head of a member, if there is one. Anything else behind a
    /// member is padding, and ignored as gzip does.
    fn head(&mut self, first: bool) -> io::Result<Place> {
        loop {
            match head_length(self.unread()) {
                Head::Whole(length) => {
                    self.start += length;
                    return Ok(Place::Body(Box::new(Member::new())));
                }
                Head::None if first => {
                    return Err(damaged("the compressed data is damaged (head of gzip)"));
                }
                Head::None => return Ok(Place::End),
                Head::Part => {
                    if !self.read_more()? {
                        // Less than a magic number is padding, too.
                        return if !first && self.unread().len() < 2 {
                            Ok(Place::End)
                        } else {
                            Err(io::ErrorKind::UnexpectedEof.into())
                        };
                    }
                }
            }
        }
    }

    /// Finds the end of a member, whose data has been read: its checksum and
    /// size. The decoder has read the checksum, and may have read further.
    fn tail(&mut self, checksum: u32, size: u32) -> io::Result<Place> {
        while self.end - self.start < 4 && self.read_more()? {}
        let from = self.start.saturating_sub(KEPT);
        let near = &self.input[from..self.end.min(self.start + 4)];
        let tail = [checksum.to_le_bytes(), size.to_le_bytes()].concat();
        // The last place: bytes before and behind can look like it only if all are zero, and
        // zeros behind it are padding.
        if let Some(at) = near.windows(8).rposition(|bytes| bytes == tail) {
            self.start = from + at + 8;
            return Ok(Place::Head { first: false });
        }
        let is_cut = (0..4).any(|missing| near.ends_with(&tail[..7 - missing]));
        Err(if is_cut {
            io::ErrorKind::UnexpectedEof.into()
        } else {
            damaged("the compressed data is damaged (checksum)")
        })
    }
}

impl Member {
    fn new() -> Self {
        let mut decoder = Decompressor::new();
        decoder.ignore_adler32();
        // Takes it whole, and makes nothing of it.
        let _ = decoder.read(&ZLIB_HEAD, &mut [], 0, false);
        Self {
            decoder,
            checksum: crc32fast::Hasher::new(),
            size: 0,
        }
    }

    /// Makes bytes behind `at`; how many were read and made.
    fn step(&mut self, input: &[u8], buffer: &mut [u8], at: usize) -> io::Result<(usize, usize)> {
        let limit = buffer.len().min(at + STEP);
        let (read, made) = self
            .decoder
            .read(input, &mut buffer[..limit], at, false)
            .map_err(|_| damaged("the compressed data is damaged (gzip)"))?;
        self.checksum.update(&buffer[at..at + made]);
        #[expect(clippy::cast_possible_truncation, reason = "the format has 32 bits")]
        let more = made as u32;
        self.size = self.size.wrapping_add(more);
        Ok((read, made))
    }
}

impl<R: Read + Send> Source for Gzip<R> {
    fn fill(&mut self, buffer: &mut [u8], at: usize) -> io::Result<usize> {
        loop {
            match &mut self.place {
                Place::End => return Ok(0),
                Place::Head { first } => {
                    let first = *first;
                    self.place = self.head(first)?;
                }
                Place::Body(member) => {
                    let input = &self.input[self.start..self.end];
                    let (read, made) = member.step(input, buffer, at)?;
                    self.start += read;
                    if member.decoder.is_done() {
                        let (checksum, size) = (member.checksum.clone().finalize(), member.size);
                        self.place = Place::Tail { checksum, size };
                    }
                    if made > 0 {
                        return Ok(made);
                    }
                    if read == 0 && matches!(self.place, Place::Body(_)) && !self.read_more()? {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Place::Tail { checksum, size } => {
                    let (checksum, size) = (*checksum, *size);
                    self.place = self.tail(checksum, size)?;
                }
            }
        }
    }
}

/// What is known of the head of a member from its first bytes.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    /// It has so many bytes.
    Whole(usize),
    /// There must be more.
    Part,
    /// It is none.
    None,
}

/// Bits of the flags in a head.
const CHECKSUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

fn head_length(bytes: &[u8]) -> Head {
    let magic = [0x1F, 0x8B, 8];
    if !magic.starts_with(&bytes[..bytes.len().min(3)]) {
        return Head::None;
    }
    let Some(&flags) = bytes.get(3) else {
        return Head::Part;
    };
    let mut length = 10;
    if flags & EXTRA != 0 {
        let Some(extra) = bytes.get(length..).and_then(<[u8]>::first_chunk) else {
            return Head::Part;
        };
        length += 2 + usize::from(u16::from_le_bytes(*extra));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let rest = bytes.get(length..).unwrap_or_default();
            let Some(end) = rest.iter().position(|&byte| byte == 0) else {
                return Head::Part;
            };
            length += end + 1;
        }
    }
    if flags & CHECKSUM != 0 {
        length += 2;
    }
    if bytes.len() < length {
        return Head::Part;
    }
    Head::Whole(length)
}

fn damaged(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::GzBuilder;

    use super::*;
    use crate::window::HISTORY;

    /// All that comes out, and the error that ends it.
    fn inflate(bytes: &[u8]) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut gzip = Gzip::new(Cursor::new(bytes.to_vec()));
        let mut buffer = vec![0; HISTORY];
        loop {
            let at = buffer.len();
            buffer.resize(at + 1000, 0);
            match gzip.fill(&mut buffer, at) {
                Ok(0) => return (buffer[HISTORY..at].to_vec(), None),
                Ok(made) => buffer.truncate(at + made),
                Err(fault) => return (buffer[HISTORY..at].to_vec(), Some(fault.kind())),
            }
        }
    }

    fn text(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| b'a' + (at * at / 7 % 23) as u8)
            .collect()
    }

    fn deflate(data: &[u8], builder: GzBuilder) -> Vec<u8> {
        let mut encoder = builder.write(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_and_padding() {
        let (one, two) = (text(100_000), text(3));
        let named = GzBuilder::new()
            .filename("a.scap")
            .comment("b")
            .extra([1; 5]);
        let mut file = deflate(&one, named);
        for data in [&two[..], b"", &one] {
            file.extend(deflate(data, GzBuilder::new()));
        }
        let all = [&one[..], &two, &one].concat();
        assert_eq!(inflate(&file), (all.clone(), None));
        for padding in [&[0; 700][..], &[0x1F], b"x"] {
            let padded = [&file[..], padding].concat();
            assert_eq!(inflate(&padded), (all.clone(), None));
        }
    }

    #[test]
    fn what_comes_before_the_cut_is_given() {
        let data = text(50_000);
        let file = deflate(&data, GzBuilder::new().filename("x"));
        for length in 0..file.len() {
            let (made, fault) = inflate(&file[..length]);
            assert!(data.starts_with(&made), "{length}");
            assert_eq!(fault, Some(io::ErrorKind::UnexpectedEof), "{length}");
        }
        let (made, _) = inflate(&file[..file.len() - 1]);
        assert_eq!(made, data);
    }

    #[test]
    fn wrong_checksums_are_found() {
        let data = text(5000);
        let mut file = deflate(&data, GzBuilder::new());
        for back in 1..=8 {
            let at = file.len() - back;
            file[at] ^= 1;
            assert_eq!(
                inflate(&file),
                (data.clone(), Some(io::ErrorKind::InvalidData))
            );
            file[at] ^= 1;
        }
    }
}
