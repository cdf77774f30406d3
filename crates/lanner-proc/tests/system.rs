//! What is read of this machine, and of one that is made up.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use lanner_event::inventory::{Descriptor, Process, Target};
use lanner_proc::{Found, System};

fn own_descriptors() -> Vec<Descriptor> {
    let own = i64::from(std::process::id());
    System::default().thread(own).unwrap().1
}

#[test]
fn a_process_with_its_arguments() {
    let mut child = Command::new("/bin/sh")
        .args(["-c", "echo; exec sleep 1000"])
        .env_clear()
        .env("LANNER", "here")
        .current_dir("/tmp")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = i64::from(child.id());
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    // The exec that follows is not waited for: either program will do.
    let (process, descriptors) = System::default().thread(pid).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        (process.pid, process.tid, process.vpid),
        (pid, pid, process.vtid)
    );
    assert_eq!(process.ptid, i64::from(std::process::id()));
    assert_eq!(&*process.cwd, b"/tmp");
    assert_eq!(&*process.root, b"/");
    // The shell adds variables of its own.
    assert!(
        process
            .env
            .split(|byte| *byte == 0)
            .any(|one| one == b"LANNER=here")
    );
    assert!(process.exe_file.ino > 0 && process.exe_file.mtime > 0);
    assert!(process.clone_ts > 1_600_000_000_000_000_000);
    assert!(descriptors.iter().any(|one| one.fd == 1));
}

#[test]
fn all_threads_of_this_process() {
    let (ready, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    let own = i64::from(std::process::id());
    let (mut threads, mut leaders): (Vec<Process>, Vec<i64>) = (Vec::new(), Vec::new());
    let counters = System::default()
        .processes(&mut |found| match found {
            Found::Process(process) if process.pid == own => threads.push(*process),
            Found::Process(_) => {}
            Found::Descriptors { tid, .. } => leaders.push(tid),
        })
        .unwrap();
    drop(ready);
    let _ = thread.join();
    assert!(threads.len() >= 2);
    assert_eq!(threads[0].tid, own);
    assert_eq!(leaders.iter().filter(|tid| **tid == own).count(), 1);
    // PPM_CL_CLONE_THREAD and PPM_CL_CLONE_FILES
    assert!(threads[1..].iter().all(|one| one.flags & 0x2001 == 0x2001));
    assert!(counters.threads > counters.unreadable);
}

#[test]
fn descriptors_of_all_kinds() {
    let folder = std::env::temp_dir().join(format!("lanner-proc-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("file");
    let _file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let local = listener.local_addr().unwrap();
    let stream = TcpStream::connect(local).unwrap();
    let _unix = UnixListener::bind(folder.join("socket")).unwrap();
    let found = own_descriptors();
    let has = |is: &dyn Fn(&Target) -> bool| found.iter().any(|one| is(&one.target));
    // PPM_O_WRONLY, PPM_O_APPEND, PPM_O_CLOEXEC
    assert!(has(
        &|target| matches!(target, Target::File { path: name, flags, dev }
        if **name == *path.as_os_str().as_encoded_bytes()
            && flags & !2048 == 2 | 8 | 4096 && *dev != 0)
    ));
    let at = (local.ip(), local.port());
    assert!(has(&|target| *target
        == Target::Server {
            local: at,
            l4proto: 2
        }));
    let ours = stream.local_addr().unwrap();
    assert!(has(
        &|target| matches!(target, Target::Socket { source, destination, l4proto: 2 }
        if *source == (ours.ip(), ours.port()) && *destination == at)
    ));
    assert!(has(
        &|target| matches!(target, Target::Unix { path, .. } if path.ends_with(b"/socket"))
    ));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_machine_and_its_users() {
    let system = System::default();
    let machine = system.machine();
    assert!(machine.cpus > 0 && machine.memory_bytes > 1 << 20 && machine.max_pid > 0);
    assert!(machine.boot_ts_epoch > 1_600_000_000_000_000_000);
    assert!(
        system
            .users()
            .0
            .iter()
            .any(|user| user.uid == 0 && *user.name == *b"root")
    );
    assert!(
        system
            .interfaces()
            .iter()
            .any(|one| one.address.is_loopback())
    );
}

#[test]
fn a_machine_that_is_not_there() {
    let system = System {
        proc: "/nonexistent".into(),
        sys: "/nonexistent".into(),
        etc: "/nonexistent".into(),
    };
    assert!(system.processes(&mut |_| {}).is_err());
    assert!(system.thread(1).is_none());
    assert_eq!(system.machine().cpus, 0);
    assert!(system.users().0.is_empty() && system.interfaces().is_empty());
}
