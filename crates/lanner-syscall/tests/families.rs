//! Fields of processes, their ancestors and their leaders, in families made by hand.

use bumpalo::Bump;
use lanner_event::inventory::{Capabilities, Group, Process, User};
use lanner_event::raw::{Header, Lengths};
use lanner_event::{EventSource, RawEvent, Value, Values, codes};
use lanner_scap::Item;
use lanner_syscall::{Pipeline, SyscallSource};

const TIME_NS: u64 = 1_700_000_000_000_000_000;

/// A process of the host with a name, a parent and a session.
fn process(tid: i64, ptid: i64, sid: i64, comm: &str, args: &str) -> Process {
    Process {
        tid,
        pid: tid,
        ptid,
        sid,
        vpgid: sid,
        pgid: sid,
        vtid: tid,
        vpid: tid,
        comm: comm.as_bytes().into(),
        exe: format!("-{comm}").into_bytes().into(),
        exepath: format!("/bin/{comm}").into_bytes().into(),
        args: args.as_bytes().into(),
        cwd: b"/tmp"[..].into(),
        clone_ts: TIME_NS - 1000 * tid.unsigned_abs(),
        fdlimit: 1024,
        ..Process::default()
    }
}

/// init → sshd → bash → sh → cat with a second thread; a container's init → its
/// child; two who are each other's parent; one who is its own.
fn families() -> Vec<Process> {
    let with_env = |env: &str, process| Process {
        env: env.as_bytes().into(),
        ..process
    };
    vec![
        process(1, 0, 1, "init", ""),
        with_env("A=init\0L=x\0", process(2, 1, 2, "sshd", "-D\0")),
        with_env("A= bash  \0", process(3, 2, 3, "bash", "")),
        process(4, 3, 3, "sh", "-c\0cat x\0"),
        with_env(
            "B=1\0A=\0",
            Process {
                uid: 7,
                gid: 8,
                loginuid: u32::MAX,
                tty: 5,
                vmsize_kb: 100,
                capabilities: Capabilities {
                    effective: 1,
                    permitted: 1 | 1 << 21,
                    inheritable: 0,
                },
                cgroups: b"cpu=/a\0mem=/b\0"[..].into(),
                ..process(5, 4, 3, "cat", "x\0\0y\0")
            },
        ),
        Process {
            tid: 6,
            pid: 5,
            vtid: 6,
            vpid: 5,
            vmsize_kb: 100,
            ..process(6, 4, 3, "cat", "x\0")
        },
        // Ids of the session are those inside of the namespace.
        Process {
            vtid: 1,
            vpid: 1,
            pidns_init_start_ts: TIME_NS - 5,
            ..process(20, 3, 1, "tini", "")
        },
        Process {
            vtid: 8,
            vpid: 8,
            pgid: 20,
            ..process(21, 20, 1, "worker", "")
        },
        process(30, 31, 9, "a", ""),
        process(31, 30, 9, "b", ""),
        process(40, 40, 40, "self", ""),
    ]
}

/// The values of a field for an event of a thread, as text.
fn values(tid: i64, field: &str) -> Vec<String> {
    let mut pipeline = Pipeline::default();
    for process in families() {
        pipeline.item(Item::Process(Box::new(process)), |_| ());
    }
    let user = User {
        uid: 7,
        name: b"alice"[..].into(),
        homedir: b"/home/alice"[..].into(),
        ..User::default()
    };
    pipeline.item(Item::User(user), |_| ());
    let group = Group {
        gid: 8,
        name: b"staff"[..].into(),
    };
    pipeline.item(Item::Group(group), |_| ());
    let header = Header {
        code: codes::SYSCALL_BRK_4_X,
        time_ns: TIME_NS,
        tid,
        ..Header::default()
    };
    let raw = RawEvent::new(header, Lengths::Short(&[]), &[]).unwrap();
    let (name, argument) = match field.split_once('[') {
        Some((name, argument)) => (name, argument.strip_suffix(']')),
        None => (field, None),
    };
    let extractor = SyscallSource::compile(name, argument).unwrap();
    let mut shown = Vec::new();
    let arena = Bump::new();
    pipeline.event(&raw, |event| {
        let mut values = Values::new_in(&arena);
        SyscallSource::extract(&extractor, event, &arena, &mut values);
        shown.extend(values.iter().map(|value| match value {
            Value::Str(text) => String::from_utf8_lossy(text).into_owned(),
            Value::U64(number) => number.to_string(),
            Value::I64(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            other => format!("{other:?}"),
        }));
    });
    shown
}

fn check(cases: &[(i64, &str, &[&str])]) {
    for (tid, field, expected) in cases {
        assert_eq!(values(*tid, field), *expected, "{field} of {tid}");
    }
}

#[test]
fn texts_of_a_process() {
    check(&[
        (5, "proc.cmdline", &["cat x  y"]),
        (5, "proc.exeline", &["-cat x  y"]),
        (5, "proc.args", &["x  y"]),
        (5, "proc.args[2]", &["y"]),
        (5, "proc.args[9]", &[""]),
        (5, "proc.cmdnargs", &["3"]),
        (5, "proc.cmdlenargs", &["2"]),
        (3, "proc.cmdline", &["bash"]),
        (3, "proc.exeline", &["-bash "]),
        (3, "proc.args", &[""]),
        (5, "proc.env", &["B=1 A="]),
        (5, "proc.env[B]", &["1"]),
        (5, "proc.env[A]", &[""]),
        (5, "proc.env[1]", &["B=1 A="]),
        (3, "proc.env[A]", &["bash"]),
        (6, "proc.env[B]", &["1"]),
        (5, "proc.cwd", &["/tmp/"]),
        (6, "proc.cwd", &["/tmp/"]),
        (99, "proc.name", &["<NA>"]),
    ]);
}

#[test]
fn ancestors() {
    check(&[
        (5, "proc.pname", &["sh"]),
        (6, "proc.pname", &["sh"]),
        (5, "proc.pcmdline", &["sh -c cat x"]),
        (5, "proc.aname[0]", &["cat"]),
        (5, "proc.aname[2]", &["bash"]),
        (5, "proc.aname[4]", &["init"]),
        (5, "proc.aname[5]", &[]),
        (5, "proc.aname[-1]", &["sh", "bash", "sshd", "init"]),
        (5, "proc.aname", &["sh", "bash", "sshd", "init"]),
        (5, "proc.apid", &["4", "3", "2", "1"]),
        (5, "proc.apid[2]", &["3"]),
        (5, "proc.aexepath[1]", &["/bin/sh"]),
        (5, "proc.aargs", &["-c cat x  -D "]),
        (5, "proc.aargs[1]", &["-c cat x"]),
        (1, "proc.aargs", &[]),
        (1, "proc.aname", &[]),
        (5, "proc.aenv[A]", &["bash"]),
        (5, "proc.aenv[L]", &["x"]),
        (5, "proc.aenv[nobody]", &[""]),
        (5, "proc.aenv[3]", &["A=init L=x"]),
        (5, "proc.aenv[0]", &["B=1 A="]),
        (5, "proc.loginshellid", &["3"]),
        (2, "proc.loginshellid", &[]),
        (5, "proc.ppid", &["4"]),
        (5, "proc.ppid.ts", &["1699999999999996000"]),
        (5, "proc.ppid.duration", &["4000"]),
        (5, "proc.duration", &["5000"]),
    ]);
}

#[test]
fn circles_end() {
    for tid in [30, 31, 40] {
        for field in [
            "proc.aname",
            "proc.loginshellid",
            "proc.sname",
            "proc.aenv[X]",
        ] {
            assert!(values(tid, field).len() <= 4, "{field} of {tid}");
        }
    }
}

#[test]
fn leaders() {
    check(&[
        (5, "proc.sname", &["bash"]),
        (5, "proc.sid.exepath", &["/bin/bash"]),
        (5, "proc.is_sid_leader", &["false"]),
        (3, "proc.is_sid_leader", &["true"]),
        (5, "proc.vpgid.name", &["bash"]),
        (5, "proc.pgid.exe", &["-bash"]),
        // Number 1 is the host's init, who does not lead inside of a namespace.
        (21, "proc.sname", &["tini"]),
        (21, "proc.vpgid.name", &["tini"]),
        (21, "proc.pgid.name", &["tini"]),
        (20, "proc.is_sid_leader", &["true"]),
        (20, "proc.is_pgid_leader", &["false"]),
        // Nobody above shares the session.
        (20, "proc.sname", &[""]),
        (21, "proc.pvpid", &["1"]),
        (20, "proc.vpid", &["1"]),
    ]);
}

#[test]
fn threads_and_users() {
    check(&[
        (5, "thread.ismain", &["true"]),
        (6, "thread.ismain", &["false"]),
        (6, "proc.pid", &["5"]),
        (6, "thread.tid", &["6"]),
        (5, "proc.nthreads", &["2"]),
        (5, "proc.nchilds", &["1"]),
        (5, "thread.vmsize", &["100"]),
        (6, "thread.vmsize", &["0"]),
        (6, "proc.vmsize", &["100"]),
        (5, "thread.cgroups", &["cpu=/a memory=/b"]),
        (5, "thread.cgroup[memory]", &["/b"]),
        (5, "thread.cgroup[mem]", &[]),
        (5, "thread.cap_effective", &["CAP_CHOWN"]),
        (5, "thread.cap_permitted", &["CAP_CHOWN CAP_SYS_ADMIN"]),
        (5, "thread.cap_inheritable", &[""]),
        (5, "proc.tty", &["5"]),
        (5, "user.uid", &["7"]),
        (5, "user.name", &["alice"]),
        (5, "user.homedir", &["/home/alice"]),
        (5, "user.loginuid", &["-1"]),
        (5, "user.loginname", &["<NA>"]),
        (5, "group.name", &["staff"]),
        (4, "user.name", &["root"]),
        (4, "user.homedir", &["/root"]),
        (4, "user.shell", &["<NA>"]),
        (4, "group.name", &["root"]),
        (5, "container.id", &["host"]),
        (5, "container.name", &["host"]),
        (5, "container.image.repository", &[""]),
        (5, "k8s.pod.name", &[]),
        (20, "container.start_ts", &["1699999999999999995"]),
        (20, "container.duration", &["5"]),
        (5, "container.start_ts", &[]),
    ]);
}
