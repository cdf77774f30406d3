//! Where the time goes when an audit log is read: `cargo run --release -p lanner-kube --example
//! bench_kube -- FILE`. Each stage does what the one before it does, and more.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::time::Instant;

use lanner_kube::json::Index;
use lanner_kube::{Input, ScanOptions, Scanner};

fn report(stage: &str, bytes: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = bytes as f64 / seconds / 1e6;
    println!("{stage:<24} {seconds:>7.3} s  {rate:>7.0} MB/s");
}

fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).expect("usage: bench_kube FILE");
    let mut buffer = vec![0; 256 * 1024];

    let start = Instant::now();
    let mut file = File::open(&path)?;
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
    }
    report("read", bytes, start);

    let start = Instant::now();
    let mut lines = BufReader::with_capacity(256 * 1024, File::open(&path)?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        line.clear();
    }
    report("read lines", bytes, start);

    let start = Instant::now();
    let mut lines = BufReader::with_capacity(256 * 1024, File::open(&path)?);
    let mut index = Index::new();
    let mut values = 0;
    while lines.read_until(b'\n', &mut line)? > 0 {
        values += u64::from(index.read(&line).is_ok());
        line.clear();
    }
    report("parse", bytes, start);
    println!("{values} values");

    let start = Instant::now();
    let inputs = vec![Input::Path(path.into())];
    let mut scanner = Scanner::new(inputs, ScanOptions::default());
    let mut verbs = 0;
    while !scanner
        .step(8 << 20, &mut |event| {
            verbs += u64::from(event.get(lanner_kube::event::Key::Verb).is_some());
        })
        .is_ok_and(|progress| progress.finished)
    {}
    report("events", bytes, start);
    println!("{verbs} verbs");
    Ok(())
}
