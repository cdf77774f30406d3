//! The probe in the running kernel. Needs root (or CAP_BPF and CAP_PERFMON): elsewhere these tests
//! say why they do nothing, unless LANNER_REQUIRE_LIVE is set.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use lanner_event::{RawEvent, codes};
use lanner_probe::{Options, Probe};

/// The probe, watching some calls of everything but this process.
fn probe(calls: &[&str]) -> Option<Probe> {
    match Probe::load(Options::default()) {
        Ok(mut probe) => {
            probe.watch(calls.iter().copied()).unwrap();
            probe.attach().unwrap();
            Some(probe)
        }
        Err(error) => {
            let required = std::env::var_os("LANNER_REQUIRE_LIVE").is_some();
            assert!(!required, "{error}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// What a child does (another test binary's run, a shell) until `done` has seen enough.
fn watch(probe: &mut Probe, mut done: impl FnMut(&RawEvent<'_>) -> bool) {
    let begin = Instant::now();
    let mut is_done = false;
    while !is_done {
        assert!(begin.elapsed() < Duration::from_secs(20), "it did not come");
        probe.read(usize::MAX, |event| is_done |= done(event));
        probe.wait(Duration::from_millis(50)).unwrap();
    }
}

#[test]
fn what_a_shell_does() {
    let Some(mut probe) = probe(&["openat", "execve", "clone", "clone3", "vfork", "fork"]) else {
        return;
    };
    let path = std::env::temp_dir().join(format!("lanner-probe-{}", std::process::id()));
    let script = format!("echo > '{}'; exec /bin/true one two", path.display());
    let child = Command::new("/bin/sh")
        .args(["-c", &script])
        .spawn()
        .unwrap();
    let id = i64::from(child.id());
    child.wait_with_output().unwrap();
    let (mut created, mut programs) = (false, Vec::new());
    watch(&mut probe, |event| {
        if event.tid != id {
            return false;
        }
        match event.code {
            codes::SYSCALL_OPENAT_2_X
                if event.text(2) == Some(path.as_os_str().as_encoded_bytes()) =>
            {
                // O_WRONLY, O_CREAT, O_TRUNC, O_F_CREATED
                assert_eq!(
                    event.u32(3).map(|flags| flags & !2048),
                    Some(2 | 4 | 256 | 16384)
                );
                assert_eq!(event.u32(4), Some(0o666));
                created = true;
            }
            codes::SYSCALL_EXECVE_19_X => {
                assert_eq!(event.i64(0), Some(0));
                programs.push(event.param(2).unwrap().to_vec());
                assert!(event.text(27).is_some_and(|path| path.starts_with(b"/")));
            }
            codes::PROCEXIT_1_E => {
                assert_eq!(event.i64(1), Some(0));
                return true;
            }
            _ => {}
        }
        false
    });
    fs::remove_file(&path).unwrap();
    assert!(created);
    assert_eq!(programs.len(), 2);
    assert_eq!(programs[1], b"one\0two\0");
    assert_eq!(probe.counters().unwrap().lost(), 0);
}
