//! Events of every type with parameters of any length and content: nothing
//! panics, tables stay within their limits, and descriptors of equal id look alike.

mod common;

use std::collections::HashMap;

use common::{Event, machine};
use lanner_event::schema::{EventType, event_type};
use lanner_state::State;
use lanner_state::fd::{Ends, Fd, FdType, L4};

/// More descriptors than this are not kept for a process.
const MAX_FDS: usize = 4096;

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// A number that is likely to name something, but can be any.
    fn number(&mut self) -> i64 {
        match self.below(8) {
            0 => self.next() as i64,
            1 => self.of(&[-1, -100, -115, i64::MIN, i64::MAX, 255, 256]),
            _ => self.below(8) as i64,
        }
    }

    fn path(&mut self) -> Vec<u8> {
        let mut path = self
            .of(&["", "/", "..", "a/../b", "/tmp/x", "<NA>", "é"])
            .as_bytes()
            .to_vec();
        if self.below(16) == 0 {
            let length = self.below(1200);
            path.extend(self.bytes(length));
        }
        path.push(0);
        path
    }

    /// A family, and as many small numbers as its addresses have bytes.
    fn address(&mut self, ends: usize) -> Vec<u8> {
        let (family, length) = self.of(&[(1, 8), (2, 6), (10, 18), (16, 0)]);
        let mut bytes = vec![family];
        for _ in 0..ends {
            let byte = self.of(&[0, 0, 1, 0xff]);
            bytes.extend((0..length).map(|_| byte));
        }
        if family == 1 {
            bytes.extend(self.path());
        }
        bytes
    }

    /// What a parameter of a type could hold, or anything.
    fn param(&mut self, ty: &str) -> Vec<u8> {
        if self.below(12) == 0 {
            let length = self.of(&[0, 0, 1, 2, 3, 7, 8, 17, 40]);
            return self.bytes(length);
        }
        match ty {
            "socktuple" => self.address(2),
            "sockaddr" => self.address(1),
            "charbuf" | "fspath" | "fsrelpath" => self.path(),
            "uint8" | "int8" | "flags8" | "enumflags8" => {
                vec![self.of(&[0, 1, 3, 26, 255])]
            }
            "uint16" | "int16" | "flags16" | "enumflags16" => {
                (self.number() as u16).to_le_bytes().to_vec()
            }
            "uint32" | "int32" | "flags32" | "enumflags32" | "uid" | "gid" | "mode" => {
                let flags = self.of(&[0, 1 << 10, 1 << 12, 1 << 15, u32::MAX]);
                (self.number() as u32 | flags).to_le_bytes().to_vec()
            }
            _ => self.number().to_le_bytes().to_vec(),
        }
    }

    fn event(&mut self, kinds: &[&'static EventType]) -> Event {
        let kind = self.of(kinds);
        let tid = 10 + self.below(4) as i64;
        let count = match self.below(20) {
            0 => self.below(kind.params.len() + 1),
            _ => kind.params.len(),
        };
        let params = kind.params.iter().take(count);
        params.fold(Event::new(kind.code, tid), |event, param| {
            event.param(self.param(param.ty))
        })
    }
}

/// What fields show of a descriptor.
#[derive(Debug, PartialEq)]
struct Shown {
    kind: FdType,
    name: Vec<u8>,
    raw_name: Vec<u8>,
    ends: Ends,
    l4: L4,
    l4proto: L4,
    flags: u32,
    dev: u32,
    ino: u64,
    pid: i64,
}

impl Shown {
    fn of(fd: &Fd) -> Self {
        Self {
            kind: fd.kind,
            name: fd.name.to_vec(),
            raw_name: fd.raw_name.to_vec(),
            ends: fd.ends.clone(),
            l4: fd.l4,
            l4proto: fd.l4proto(),
            flags: fd.flags,
            dev: fd.dev,
            ino: fd.ino,
            pid: fd.pid,
        }
    }
}

/// Checks every descriptor; remembers what was seen under each id.
fn check(state: &State, seen: &mut HashMap<u64, Shown>) {
    for thread in state.threads.iter() {
        assert!(thread.fds.len() <= MAX_FDS);
        assert_eq!(thread.fds.iter().count(), thread.fds.len());
        for (number, fd) in thread.fds.iter() {
            assert_ne!(fd.id, 0, "{number} {fd:?}");
            let shown = Shown::of(fd);
            match seen.get(&fd.id) {
                Some(before) => assert_eq!(*before, shown),
                None => {
                    seen.insert(fd.id, shown);
                }
            }
        }
    }
}

fn play(seed: u64, steps: usize, kinds: &[&'static EventType]) {
    let mut random = Random(seed);
    let mut state = machine();
    let mut seen = HashMap::new();
    for step in 0..steps {
        let event = random.event(kinds);
        event.apply(&mut state);
        if step % 16 == 0 {
            check(&state, &mut seen);
        }
    }
    assert!(seen.len() > steps / 200, "{}", seen.len());
}

fn kinds() -> impl Iterator<Item = &'static EventType> {
    (0..1000).map_while(event_type)
}

#[test]
fn events_of_every_type() {
    let kinds: Vec<_> = kinds().collect();
    for seed in 1..4 {
        play(seed, 20_000, &kinds);
    }
}

#[test]
fn events_about_descriptors() {
    let kinds: Vec<_> = kinds()
        .filter(|kind| kind.params.iter().any(|param| param.ty == "fd"))
        .collect();
    for seed in 1..4 {
        play(seed, 20_000, &kinds);
    }
}

#[test]
fn events_about_sockets() {
    let kinds: Vec<_> = kinds().filter(|kind| kind.category == "net").collect();
    assert!(kinds.len() > 20);
    for seed in 1..4 {
        play(seed, 20_000, &kinds);
    }
}
