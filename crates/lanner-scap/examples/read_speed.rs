//! How fast captures are read:
//! `cargo run --release -p lanner-scap --example read_speed -- [--raw] [--thread] FILE…`
//!
//! Compare with `zcat FILE | wc -c` on the same core.

use std::error::Error;
use std::fs::File;
use std::time::Instant;

use lanner_scap::{Item, Options, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    let (switches, paths): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let has = |name: &str| switches.iter().any(|switch| switch == name);
    let options = Options {
        convert: !has("--raw"),
        thread: has("--thread"),
        ..Options::default()
    };
    for path in paths {
        let begin = Instant::now();
        let mut reader = Reader::new(Box::new(File::open(&path)?), options)?;
        let mut params = 0;
        while let Some(item) = reader.next()? {
            if let Item::Event(event) = item {
                params += event.len();
            }
        }
        let counters = reader.counters();
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{path}: {} events with {params} parameters, {:.0} MB in {seconds:.3} s: {:.2} million events/s",
            counters.events,
            counters.bytes as f64 / 1e6,
            counters.events as f64 / seconds / 1e6,
        );
    }
    Ok(())
}
