//! Runs a plan over a capture, and says which rules were looked at how often:
//! `lanner rules -r … --plan --json > plan.json`, then
//! `cargo run --release --example match_capture plan.json trace.scap`.

use std::error::Error;
use std::fs::{self, File};
use std::time::{Duration, Instant};

use bumpalo::Bump;
use lanner_engine::Matcher;
use lanner_scap::{Options, Reader};
use lanner_syscall::{Pipeline, SyscallSource};

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (plan, capture, forgets) = match paths.as_slice() {
        [plan, capture] => (plan, capture, false),
        [plan, capture, option] if option == "--forget" => (plan, capture, true),
        _ => return Err("give a plan and a capture, and --forget to remember nothing".into()),
    };
    let mut matcher = Matcher::<SyscallSource>::new(&fs::read(plan)?)?;
    if forgets {
        matcher.forget();
    }
    let mut reader = Reader::new(Box::new(File::open(capture)?), Options::default())?;
    let mut pipeline = Pipeline::default();
    let mut alerts = matcher.batch();
    let mut arena = Bump::new();
    let started = Instant::now();
    while let Some(item) = reader.next()? {
        pipeline.item(item, |event| {
            arena.reset();
            matcher.alerts(event, &arena, &mut alerts);
        });
    }
    let elapsed = started.elapsed();
    let counters = matcher.counters();
    println!(
        "{} events, {} alerts in {elapsed:.2?}, {:.0} ns an event",
        counters.events,
        alerts.len(),
        elapsed.as_secs_f64() * 1e9 / counters.events as f64
    );
    println!(
        "{:.2?} for dispatch",
        Duration::from_nanos(counters.dispatch_ns)
    );
    let mut rules: Vec<_> = matcher.rules().iter().zip(counters.rules).collect();
    rules.sort_by_key(|(_, counted)| std::cmp::Reverse(counted.evaluated));
    for (rule, counted) in rules.iter().take(20) {
        println!(
            "{:10} {:6} {:8.2?} {}",
            counted.evaluated,
            counted.matched,
            Duration::from_nanos(counted.cost_ns),
            rule.name
        );
    }
    Ok(())
}
