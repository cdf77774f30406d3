//! How fast audit events come out of a file, stage by stage, on one core.
//!
//! ```sh
//! zcat ../shared/captures/apiserver/all.audit.log.gz > /tmp/one.log
//! for i in $(seq 200); do cat /tmp/one.log; done > /tmp/big.log
//! cargo run --release -p lanner-kube --example bench_kube /tmp/big.log
//! ```

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bumpalo::Bump;
use lanner_event::{EventSource, Values};
use lanner_kube::json::Index;
use lanner_kube::{Input, KubeSource, ScanOptions, Scanner};

/// Fields that most rules ask of every event.
const FIELDS: [&str; 12] = [
    "ka.stage",
    "ka.verb",
    "ka.user.name",
    "ka.target.resource",
    "ka.target.subresource",
    "ka.target.name",
    "ka.target.namespace",
    "ka.response.code",
    "ka.auth.decision",
    "ka.uri",
    "ka.req.pod.containers.privileged",
    "ka.req.pod.volumes.hostpath",
];

/// Best of three, and how many items were seen.
fn measure(name: &str, bytes: usize, mut run: impl FnMut() -> u64) {
    let (mut best, mut count) = (Duration::MAX, 0);
    for _ in 0..3 {
        let start = Instant::now();
        count = run();
        best = best.min(start.elapsed());
    }
    let seconds = best.as_secs_f64();
    let rate = bytes as f64 / seconds / 1e6;
    let each = seconds * 1e9 / count.max(1) as f64;
    println!("{name:<42} {rate:>8.0} MB/s {each:>8.0} ns each, {count}");
}

fn scan(path: &Path, dedup: bool, mut each: impl FnMut(&lanner_kube::AuditEvent<'_>)) -> u64 {
    let options = ScanOptions {
        dedup,
        ..ScanOptions::default()
    };
    let mut scanner = Scanner::new(vec![Input::Path(path.into())], options);
    while !scanner
        .step(1 << 20, &mut |event| each(event))
        .is_ok_and(|progress| progress.finished)
    {}
    scanner.stats().total.events
}

fn main() {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: bench_kube AUDIT_LOG");
        std::process::exit(2);
    };
    let path = Path::new(&path);
    let data = match std::fs::read(path) {
        Ok(data) => data,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            std::process::exit(1);
        }
    };
    let lines = || {
        let mut start = 0;
        memchr::memchr_iter(b'\n', &data)
            .map(|at| &data[std::mem::replace(&mut start, at + 1)..at])
            .collect::<Vec<_>>()
    };
    let lines = lines();
    let lines = || lines.iter();
    let bytes = data.len();
    measure("find lines", bytes, || {
        memchr::memchr_iter(b'\n', black_box(&data)).count() as u64
    });
    let mut index = Index::new();
    measure("read each line as JSON", bytes, || {
        lines()
            .filter(|line| index.read(black_box(line)).is_ok())
            .count() as u64
    });
    measure("read each line as an event", bytes, || {
        lines()
            .filter(|line| lanner_kube::event::parse(black_box(line), &mut index).is_ok())
            .count() as u64
    });
    measure("scan the file", bytes, || {
        scan(path, false, |event| {
            black_box(event.time_ns());
        })
    });
    measure("scan the file without duplicates", bytes, || {
        scan(path, true, |event| {
            black_box(event.time_ns());
        })
    });
    let extractors: Vec<_> = FIELDS
        .iter()
        .filter_map(|field| KubeSource::compile(field, None).ok())
        .collect();
    measure("scan the file and extract 12 fields", bytes, || {
        let mut arena = Bump::new();
        scan(path, false, |event| {
            arena.reset();
            for extractor in &extractors {
                let mut out = Values::new_in(&arena);
                KubeSource::extract(extractor, event, &arena, &mut out);
                black_box(&out);
            }
        })
    });
}
