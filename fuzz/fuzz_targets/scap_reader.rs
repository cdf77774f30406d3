//! Bytes → a capture's items → a capture again.
//!
//! The first byte chooses how the rest comes in pieces. However it comes, and
//! whether it is inflated on another thread, items and the error must be the
//! same; events that are written must be read again as they were; a panic, a
//! hang or too much memory is a finding too.

#![no_main]

use std::io::{self, Read};

use lanner_event::{Header, RawEvent};
use lanner_scap::{Compression, Counters, Item, Options, Reader, ScapError, Writer};
use libfuzzer_sys::fuzz_target;

/// Gives bytes in pieces of a size.
struct Pieces {
    data: Vec<u8>,
    at: usize,
    size: usize,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.size.min(buf.len()).min(self.data.len() - self.at);
        buf[..count].copy_from_slice(&self.data[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

type Event = (Header, Vec<Vec<u8>>);

/// What came out of a capture.
#[derive(Debug, PartialEq)]
struct Seen {
    /// Events, with all of their parameters.
    events: Vec<Event>,
    /// Everything else, in words.
    others: Vec<String>,
    error: Option<ScapError>,
    counters: Counters,
}

fn owned(event: &RawEvent<'_>) -> Event {
    let params: Vec<_> = event.params().map(<[u8]>::to_vec).collect();
    for (index, param) in params.iter().enumerate() {
        assert_eq!(event.param(index), Some(&param[..]));
    }
    assert_eq!(params.len(), event.len());
    (event.header(), params)
}

fn read(
    data: &[u8],
    size: usize,
    options: Options,
    mut writer: Option<&mut Writer<Vec<u8>>>,
) -> Seen {
    let pieces = Pieces {
        data: data.to_vec(),
        at: 0,
        size,
    };
    let mut seen = Seen {
        events: Vec::new(),
        others: Vec::new(),
        error: None,
        counters: Counters::default(),
    };
    let mut reader = match Reader::new(Box::new(pieces), options) {
        Ok(reader) => reader,
        Err(error) => {
            seen.error = Some(error);
            return seen;
        }
    };
    loop {
        match reader.next() {
            Ok(Some(Item::Event(event))) => {
                if let Some(writer) = writer.as_deref_mut() {
                    writer
                        .event(&event)
                        .expect("events that are read can be written");
                }
                seen.events.push(owned(&event));
            }
            Ok(Some(other)) => seen.others.push(format!("{other:?}")),
            Ok(None) => break,
            Err(error) => {
                seen.error = Some(error);
                assert!(matches!(reader.next(), Ok(None)));
                break;
            }
        }
    }
    seen.counters = reader.counters();
    seen
}

fuzz_target!(|input: &[u8]| {
    let Some((&choice, data)) = input.split_first() else {
        return;
    };
    let options = |convert, thread| Options {
        max_block_bytes: 1 << 20,
        convert,
        thread,
        ..Options::default()
    };
    let mut writer = Writer::new(Vec::new(), Compression::None).expect("memory can be written");
    let raw = read(data, usize::MAX, options(false, false), Some(&mut writer));
    let copy = writer.finish().expect("memory can be written");
    if !raw.events.is_empty() {
        let again = read(&copy, usize::MAX, options(false, false), None);
        assert_eq!(again.events, raw.events);
        assert_eq!(again.error, None);
    }
    let pieces = usize::from(choice) + 1;
    let whole = read(data, usize::MAX, options(true, false), None);
    let thread = choice & 1 == 1;
    let other = read(data, pieces, options(true, thread), None);
    // How much comes out of compressed data before its damage depends on the pieces.
    let is_compressed = !data.starts_with(&[0x0A, 0x0D, 0x0D, 0x0A]);
    if !is_compressed || (whole.error.is_none() && other.error.is_none()) {
        assert_eq!(whole, other);
    }
    assert_eq!(
        whole.events.len() as u64 + whole.counters.merged_events,
        raw.events.len() as u64
    );
});
