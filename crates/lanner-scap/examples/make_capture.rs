//! Makes captures of one kind of events for benchmarks: `make_capture processes|files COUNT FILE`.
//!
//! `processes`: shells of some containers start so many short programs (clone, exec, libraries
//! opened and closed, a line written, exit). `files`: one program in each container writes, reads,
//! renames and removes so many files. Stored with gzip.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use lanner_event::inventory::Process;
use lanner_event::raw::{Header, Lengths};
use lanner_event::{RawEvent, codes};
use lanner_scap::{Compression, Writer};

const CONTAINERS: i64 = 12;
const PROGRAMS: [(&str, &str); 5] = [
    ("/usr/bin/true", ""),
    ("/usr/bin/grep", "-q\0root\0/etc/passwd\0"),
    ("/usr/bin/date", "+%s\0"),
    ("/usr/bin/cut", "-d:\0-f1\0"),
    ("/usr/bin/sleep", "0\0"),
];
const LIBRARIES: [&str; 3] = [
    "/etc/ld.so.cache",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/locale/C.utf8/LC_CTYPE",
];
const ENVIRONMENT: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\0\
    HOME=/root\0LANG=C.UTF-8\0HOSTNAME=worker\0PWD=/srv/app\0SHLVL=1\0_=/usr/bin/env\0";
const O_RDONLY: u32 = 1;
const O_WRONLY_CREAT: u32 = 2 | 4;

/// What an event's parameters are made of.
enum Param<'p> {
    Signed(i64),
    Unsigned(u64),
    Word(u32),
    Byte(u8),
    /// With its NUL.
    Text(&'p str),
    Bytes(&'p str),
    Nothing,
}

use Param::{Byte, Bytes, Nothing, Signed, Text, Unsigned, Word};

/// Writes events, one every microsecond.
struct Events<W: Write> {
    writer: Writer<W>,
    time_ns: u64,
    lengths: Vec<[u8; 2]>,
    data: Vec<u8>,
}

impl<W: Write> Events<W> {
    fn event(&mut self, code: u16, tid: i64, params: &[Param<'_>]) -> io::Result<()> {
        self.time_ns += 1000;
        self.lengths.clear();
        self.data.clear();
        for param in params {
            let start = self.data.len();
            match param {
                Signed(number) => self.data.extend(number.to_le_bytes()),
                Unsigned(number) => self.data.extend(number.to_le_bytes()),
                Word(number) => self.data.extend(number.to_le_bytes()),
                Byte(number) => self.data.push(*number),
                Text(text) => {
                    self.data.extend(text.as_bytes());
                    self.data.push(0);
                }
                Bytes(bytes) => self.data.extend(bytes.as_bytes()),
                Nothing => {}
            }
            let length = self.data.len() - start;
            self.lengths
                .push(u16::try_from(length).unwrap_or(0).to_le_bytes());
        }
        let header = Header {
            code,
            cpu: (tid & 1) as u16,
            flags: 0,
            time_ns: self.time_ns,
            tid,
        };
        let raw = RawEvent::new(header, Lengths::Short(&self.lengths), &self.data);
        self.writer.event(&raw.ok_or(io::ErrorKind::InvalidData)?)
    }

    fn open(&mut self, tid: i64, path: &str, flags: u32) -> io::Result<()> {
        let params = [
            Signed(3),
            Signed(-100),
            Text(path),
            Word(flags),
            Word(0o644),
            Word(0xfd00),
            Unsigned(path.len() as u64),
        ];
        self.event(codes::SYSCALL_OPENAT_2_X, tid, &params)
    }

    fn close(&mut self, tid: i64) -> io::Result<()> {
        self.event(codes::SYSCALL_CLOSE_X, tid, &[Signed(0), Signed(3)])
    }

    fn read(&mut self, tid: i64, data: &str) -> io::Result<()> {
        let size = data.len();
        let params = [
            Signed(size as i64),
            Bytes(data),
            Signed(3),
            Word(size as u32),
        ];
        self.event(codes::SYSCALL_READ_X, tid, &params)
    }

    fn write(&mut self, tid: i64, fd: i64, data: &str) -> io::Result<()> {
        let size = data.len();
        let params = [
            Signed(size as i64),
            Bytes(data),
            Signed(fd),
            Word(size as u32),
        ];
        self.event(codes::SYSCALL_WRITE_X, tid, &params)
    }
}

fn cgroups(container: i64) -> String {
    let id = format!("{container:04x}").repeat(16);
    let of = |group: &str| format!("{group}=/system.slice/docker-{id}.scope\0");
    ["cpuset", "cpu", "cpuacct", "io", "memory"]
        .map(of)
        .concat()
}

/// The program that the processes of a container come from.
fn shell(container: i64) -> Process {
    let tid = 1000 + container;
    Process {
        tid,
        pid: tid,
        ptid: 1,
        sid: tid,
        vpgid: 1,
        pgid: tid,
        vtid: 1,
        vpid: 1,
        comm: b"sh"[..].into(),
        exe: b"/bin/sh"[..].into(),
        exepath: b"/usr/bin/dash"[..].into(),
        args: b"/srv/app/loop.sh\0"[..].into(),
        env: ENVIRONMENT.as_bytes().into(),
        cwd: b"/srv/app"[..].into(),
        root: b"/"[..].into(),
        cgroups: cgroups(container).as_bytes().into(),
        ..Process::default()
    }
}

/// What events of new processes have in common, behind the result.
fn common<'p>(
    process: (i64, i64),
    exe: &'p str,
    args: &'p str,
    groups: &'p str,
) -> [Param<'p>; 14] {
    let (tid, parent) = process;
    let comm = exe.rsplit('/').next().unwrap_or(exe);
    [
        Text(exe),
        Bytes(args),
        Signed(tid),
        Signed(tid),
        Signed(parent),
        Nothing,
        Signed(1024),
        Unsigned(0),
        Unsigned(120),
        Word(2800),
        Word(1500),
        Word(0),
        Text(comm),
        Bytes(groups),
    ]
}

fn processes<W: Write>(events: &mut Events<W>, count: i64) -> io::Result<()> {
    for number in 0..count {
        let container = number % CONTAINERS;
        let parent = 1000 + container;
        // Ids come again, as they do.
        let tid = 10_000 + number % 30_000;
        let groups = cgroups(container);
        for (who, result) in [((parent, 1), tid), ((tid, parent), 0)] {
            let mut params = vec![Signed(result)];
            params.extend(common(who, "/bin/sh", "/srv/app/loop.sh\0", &groups));
            params.extend([
                Word(0x0180_0000),
                Word(0),
                Word(0),
                Signed(if result == 0 { 2 + number } else { 1 }),
                Signed(if result == 0 { 2 + number } else { 1 }),
                Unsigned(1),
            ]);
            events.event(codes::SYSCALL_CLONE_20_X, who.0, &params)?;
        }
        let (exe, args) = PROGRAMS[(number as usize / 7) % PROGRAMS.len()];
        let mut params = vec![Signed(0)];
        params.extend(common((tid, parent), exe, args, &groups));
        params.extend([
            Bytes(ENVIRONMENT),
            Word(0),
            Signed(1),
            Word(u32::MAX),
            Word(0),
            Unsigned(0),
            Unsigned(0xa80425fb),
            Unsigned(0xa80425fb),
            Unsigned(77),
            Unsigned(1_700_000_000_000_000_000),
            Unsigned(1_700_000_000_000_000_000),
            Word(0),
            Text(exe),
            Signed(parent),
            Word(0),
            Text(exe),
        ]);
        events.event(codes::SYSCALL_EXECVE_19_X, tid, &params)?;
        for library in LIBRARIES {
            events.open(tid, library, O_RDONLY)?;
            events.close(tid)?;
        }
        events.write(tid, 1, "done\n")?;
        let end = [Signed(0), Signed(0), Byte(0), Byte(0), Signed(parent)];
        events.event(codes::PROCEXIT_1_E, tid, &end)?;
    }
    Ok(())
}

fn files<W: Write>(events: &mut Events<W>, count: i64) -> io::Result<()> {
    for number in 0..count {
        let tid = 1000 + number % CONTAINERS;
        let (part, whole) = (
            format!("/srv/data/{}/{number}.part", number % 97),
            format!("/srv/data/{}/{number}.json", number % 97),
        );
        events.open(tid, &part, O_WRONLY_CREAT)?;
        for _ in 0..4 {
            events.write(tid, 3, "{\"some\":\"data\",\"of\":[1,2,3]}\n")?;
        }
        events.close(tid)?;
        let rename = [Signed(0), Text(&part), Text(&whole)];
        events.event(codes::SYSCALL_RENAME_X, tid, &rename)?;
        events.open(tid, &whole, O_RDONLY)?;
        for _ in 0..4 {
            events.read(tid, "{\"some\":\"data\",\"of\":[1,2,3]}\n")?;
        }
        events.close(tid)?;
        let unlink = [Signed(0), Text(&whole)];
        events.event(codes::SYSCALL_UNLINK_2_X, tid, &unlink)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, count, path] = arguments.as_slice() else {
        return Err("usage: make_capture processes|files COUNT FILE".into());
    };
    let output = BufWriter::new(File::create(path)?);
    let mut writer = Writer::new(output, Compression::Gzip)?;
    let shells: Vec<Process> = (0..CONTAINERS).map(shell).collect();
    writer.processes(&shells)?;
    let mut events = Events {
        writer,
        time_ns: 1_700_000_000_000_000_000,
        lengths: Vec::new(),
        data: Vec::new(),
    };
    match kind.as_str() {
        "processes" => processes(&mut events, count.parse()?)?,
        "files" => files(&mut events, count.parse()?)?,
        _ => return Err("there are processes, and files".into()),
    }
    events.writer.finish()?;
    Ok(())
}
