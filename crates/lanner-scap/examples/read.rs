//! Reads captures and says what is in them: `cargo run --release --example read trace.scap`.

use std::error::Error;
use std::fs::File;
use std::time::Instant;

use lanner_event::schema::event_type;
use lanner_scap::{Item, Options, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let started = Instant::now();
        let mut reader = Reader::new(Box::new(File::open(&path)?), Options::default())?;
        let mut codes = vec![0_u64; 1 << 16];
        let end = loop {
            match reader.next() {
                Ok(Some(Item::Event(event))) => codes[usize::from(event.code)] += 1,
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        println!("{path}: {:?} in {:?}", reader.counters(), started.elapsed());
        let mut found: Vec<_> = (0_u16..)
            .zip(codes)
            .filter(|(_, count)| *count > 0)
            .collect();
        found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (code, count) in found {
            if let Some(kind) = event_type(code) {
                let direction = if kind.is_enter { '>' } else { '<' };
                println!("{count:10} {code:4} {direction} {}", kind.name);
            }
        }
        if let Err(error) = end {
            println!("{error}");
        }
    }
    Ok(())
}
