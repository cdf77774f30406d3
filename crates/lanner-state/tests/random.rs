//! Random lives of threads: nothing panics, links are sound, and what is
//! remembered of a thread under its numbers stays true.

mod common;

use std::collections::HashMap;

use common::{Clone, Event, IN_PIDNS, NEWPID, START, THREAD, VFORK, exec, exit, machine, nothing};
use lanner_event::codes;
use lanner_state::State;
use lanner_state::thread::Thread;

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn tid(&mut self) -> i64 {
        self.below(24) as i64
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}

fn random_event(random: &mut Random, step: u64) -> Event {
    let (tid, other) = (random.tid(), random.tid());
    let clone = Clone {
        pid: if random.below(3) == 0 { other } else { tid },
        ptid: random.tid(),
        flags: random.of(&[0, 0, 0, THREAD, THREAD, VFORK, NEWPID, IN_PIDNS]),
        vtid: random.of(&[tid, tid, 1, 2]),
        vpid: random.of(&[tid, tid, 1, 2]),
        comm: random.of(&["bash", "worker"]),
        ..Clone::by_parent(tid, 0)
    };
    let ok = |code| Event::new(code, tid).i64(0);
    let event = match random.below(12) {
        0 | 1 => Clone {
            result: other.max(1),
            ..clone
        }
        .event(),
        2..=4 => clone.event(),
        5 => exec(tid, random.of(&["ls", "sh"]), ""),
        6 | 7 => exit(tid, random.of(&[0, -1, other])),
        8 => ok(codes::SYSCALL_PRCTL_X)
            .u32(36)
            .text("")
            .i64(random.tid() % 2),
        9 => Event::new(codes::SYSCALL_SETSID_X, tid).i64(other),
        10 => ok(codes::SYSCALL_CHDIR_X).text(random.of(&["/a", "b", ".."])),
        _ => random
            .of(&[
                &nothing(tid),
                &ok(codes::SYSCALL_SETUID_X).u32(other as u32),
            ])
            .clone(),
    };
    event.at(step * random.of(&[1, 1_000_000]))
}

/// What a thread's lineage number stands for.
fn view(state: &State, thread: &Thread) -> String {
    let ancestors = (0..6).map(|n| {
        let ancestor = state.ancestor(thread, n)?;
        Some((ancestor.tid, ancestor.sid, ancestor.vpgid, &ancestor.image))
    });
    format!(
        "{:?}",
        (
            (
                thread.tid,
                thread.pid,
                thread.ptid,
                thread.vtid,
                thread.vpid
            ),
            (thread.sid, thread.pgid, thread.vpgid, thread.tty),
            (thread.uid, thread.gid, thread.loginuid, thread.capabilities),
            (&thread.root, thread.container, thread.category),
            (state.cwd(thread), state.env(thread)),
            ancestors.collect::<Vec<_>>(),
        )
    )
}

/// Threads are members of their groups, and leaders lead.
fn check_links(state: &State) {
    for thread in state.threads.iter() {
        let Some(group) = state.group(thread) else {
            continue;
        };
        assert!(
            group
                .threads
                .iter()
                .any(|member| member.serial == thread.serial)
        );
        if let Some(leader) = state.leader(thread) {
            assert!(leader.is_main());
        }
    }
}

#[test]
fn what_is_remembered_stays_true() {
    for seed in 1..40 {
        let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut state = machine();
        let mut views: HashMap<(u64, u64), String> = HashMap::new();
        let mut images = HashMap::new();
        for step in 0..400 {
            let event = random_event(&mut random, step);
            event.apply(&mut state);
            for thread in state.threads.iter() {
                let key = (thread.serial, state.lineage_id(thread));
                let now = view(&state, thread);
                let before = views.entry(key).or_insert_with(|| now.clone());
                assert_eq!(*before, now, "seed {seed}, step {step}: {event:?}");
                let image = images
                    .entry(thread.image_id)
                    .or_insert_with(|| thread.image.clone());
                assert_eq!(*image, thread.image, "seed {seed}, step {step}");
            }
            check_links(&state);
        }
        state.purge(START * 2, 0, |_| false);
        assert!(state.threads.len() < 60);
    }
}
