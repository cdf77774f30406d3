//! Runs reading and state over captures, without rules: the floor of our cost.
//! `cargo run --release --example count_events trace.scap`

use std::error::Error;
use std::fs::File;
use std::time::Instant;

use lanner_scap::{Options, Reader};
use lanner_syscall::Pipeline;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let started = Instant::now();
        let mut reader = Reader::new(Box::new(File::open(&path)?), Options::default())?;
        let mut pipeline = Pipeline::default();
        let (mut events, mut with_thread, mut with_fd) = (0_u64, 0_u64, 0_u64);
        while let Some(item) = reader.next()? {
            pipeline.item(item, |event| {
                events += 1;
                with_thread += u64::from(event.thread.is_some());
                with_fd += u64::from(event.fd.is_some());
            });
        }
        let elapsed = started.elapsed();
        println!(
            "{path}: {events} events ({with_thread} with thread, {with_fd} with descriptor) in {elapsed:.2?}, {:.0} ns each",
            elapsed.as_secs_f64() * 1e9 / events as f64
        );
    }
    Ok(())
}
