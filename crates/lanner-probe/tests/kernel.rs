//! The probe in the running kernel. Needs root (or CAP_BPF and CAP_PERFMON): elsewhere these tests
//! say why they do nothing, unless LANNER_REQUIRE_LIVE is set.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;
use std::os::unix::fs::PermissionsExt;
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

/// A program for i386, as small as they get: one segment at a fixed address.
fn program_i386(code: &[u8]) -> Vec<u8> {
    const BASE: u32 = 0x0804_8000;
    const HEADERS: u32 = 52 + 32;
    let size = HEADERS + code.len() as u32;
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // An executable for i386; entry, headers of segments behind this one, none of sections.
    file.extend([2_u16, 3].into_iter().flat_map(u16::to_le_bytes));
    file.extend(
        [1, BASE + HEADERS, 52, 0, 0]
            .into_iter()
            .flat_map(u32::to_le_bytes),
    );
    file.extend(
        [52_u16, 32, 1, 0, 0, 0]
            .into_iter()
            .flat_map(u16::to_le_bytes),
    );
    // Loaded as a whole, to be read and run.
    let segment = [1, 0, BASE, BASE, size, size, 5, 0x1000];
    file.extend(segment.into_iter().flat_map(u32::to_le_bytes));
    file.extend(code);
    file
}

#[test]
fn calls_of_32_bits() {
    let Some(mut probe) = probe(&["open", "socket", "execve"]) else {
        return;
    };
    const BASE: u32 = 0x0804_8000 + 52 + 32;
    const PATH: &[u8] = b"/lanner-i386\0";
    let call = |number: u8| [&[0xb8, number, 0, 0, 0][..], &[0xcd, 0x80]].concat();
    let into = |register: u8, value: u32| [&[register][..], &value.to_le_bytes()].concat();
    let (ebx, ecx, edx) = (0xbb, 0xb9, 0xba);
    let code = |path: u32, arguments: u32| {
        [
            // open(path, O_WRONLY | O_APPEND, 0)
            [into(ebx, path), into(ecx, 0x401), into(edx, 0), call(5)].concat(),
            // socketcall(SYS_SOCKET, {AF_UNIX, SOCK_DGRAM, 0})
            [into(ebx, 1), into(ecx, arguments), call(102)].concat(),
            // exit(3)
            [into(ebx, 3), call(1)].concat(),
        ]
        .concat()
    };
    let size = code(0, 0).len() as u32;
    let path_at = BASE + size;
    let mut whole = code(path_at, path_at + PATH.len() as u32);
    whole.extend(PATH);
    whole.extend([1_u32, 2, 0].into_iter().flat_map(u32::to_le_bytes));
    let file = std::env::temp_dir().join(format!("lanner-i386-{}", std::process::id()));
    fs::write(&file, program_i386(&whole)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    let child = Command::new(&file).spawn();
    fs::remove_file(&file).unwrap();
    let mut child = match child {
        // ENOEXEC: this kernel does not run such programs, so that they are no blind spot.
        Err(error) if error.raw_os_error() == Some(8) => return,
        child => child.unwrap(),
    };
    let id = i64::from(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let (mut opened, mut socket, mut began) = (false, false, false);
    watch(&mut probe, |event| {
        if event.tid != id {
            return false;
        }
        match event.code {
            codes::SYSCALL_OPEN_X => {
                assert_eq!(event.i64(0), Some(-2));
                assert_eq!(event.text(1), Some(&PATH[..PATH.len() - 1]));
                assert_eq!(event.u32(2), Some(2 | 8));
                opened = true;
            }
            codes::SOCKET_SOCKET_X => {
                assert_eq!((event.u32(1), event.u32(2)), (Some(1), Some(2)));
                socket = true;
            }
            codes::SYSCALL_EXECVE_19_X => began = event.i64(0) == Some(0),
            _ => {}
        }
        event.code == codes::PROCEXIT_1_E
    });
    assert_eq!((opened, socket, began), (true, true, true));
}

#[test]
fn programs_that_cannot_be_run() {
    let Some(mut probe) = probe(&["execve"]) else {
        return;
    };
    let mut child = Command::new("/bin/sh")
        .args(["-c", "exec /no/such/program one two 2>/dev/null"])
        .spawn()
        .unwrap();
    let id = i64::from(child.id());
    child.wait().unwrap();
    let mut failed = false;
    watch(&mut probe, |event| {
        if event.tid == id && event.code == codes::SYSCALL_EXECVE_19_X && event.i64(0) == Some(-2) {
            assert_eq!(event.text(1), Some(&b"/no/such/program"[..]));
            assert_eq!(event.param(2), Some(&b"one\0two\0"[..]));
            assert_eq!(event.text(30), Some(&b"/no/such/program"[..]));
            failed = true;
        }
        event.tid == id && event.code == codes::PROCEXIT_1_E
    });
    assert!(failed);
}
