//! The inventory: what was there before the first event.

use std::sync::Arc;

use lanner_event::inventory::{Descriptor, Group, Interface, Machine, Process, User};

use crate::container::ContainerId;
use crate::fd;
use crate::param;
use crate::state::{Found, State};
use crate::thread::{CommandLine, Image, Thread, flags};

impl State {
    /// A thread of the list.
    pub fn seed_process(&mut self, process: Process) {
        let thread = self.thread_of_list(process);
        self.add_thread(thread, false);
    }

    /// Takes in a thread as the system knows it, with its leader; whether it does, and there is
    /// room.
    pub(crate) fn look_for(&mut self, tid: i64) -> bool {
        let Some(mut finder) = self.finder.take() else {
            return false;
        };
        let found = (finder.0)(tid);
        let leader = found.as_ref().map(|(process, _)| process.pid);
        let is_there = found.is_some_and(|found| self.take_found(found));
        if let Some(pid) = leader.filter(|pid| is_there && self.threads.get(*pid).is_none())
            && let Some(found) = (finder.0)(pid)
        {
            self.take_found(found);
        }
        self.finder = Some(finder);
        is_there
    }

    fn take_found(&mut self, (process, descriptors): Found) -> bool {
        let tid = process.tid;
        let thread = self.thread_of_list(process);
        let is_added = self.add_thread(thread, true);
        if is_added {
            self.counters.found_threads += 1;
            self.seed_descriptors(tid, descriptors);
            self.attach_container(tid);
        }
        is_added
    }

    fn thread_of_list(&mut self, process: Process) -> Thread {
        let mut thread = self.seeded_thread(&process);
        let is_main = thread.is_main();
        thread.image = Arc::new(Image {
            exepath: param::without_deleted(&process.exepath).into(),
            args: param::owned_list(&process.args),
            env: if is_main {
                param::owned_list(&process.env)
            } else {
                Box::default()
            },
            comm: process.comm,
            exe: process.exe,
            file: process.exe_file,
            line: CommandLine::default(),
        });
        if is_main {
            thread.cwd = crate::cwd::enter(b"", &process.cwd);
        }
        if let Some(known) = self.cgroups.get(&process.cgroups, &mut self.containers) {
            thread.take_cgroups(known);
        }
        thread
    }

    fn seeded_thread(&mut self, process: &Process) -> Thread {
        Thread {
            tid: process.tid,
            pid: process.pid,
            ptid: process.ptid,
            sid: process.sid,
            pgid: process.pgid,
            vtid: process.vtid,
            vpid: process.vpid,
            vpgid: process.vpgid,
            image_id: self.next_id(),
            root: Arc::from(&*process.root),
            flags: process.flags | flags::NAME_CHANGED | flags::ACTIVE,
            fdlimit: process.fdlimit,
            uid: process.uid,
            gid: process.gid,
            loginuid: process.loginuid,
            capabilities: process.capabilities,
            vmsize_kb: process.vmsize_kb,
            vmrss_kb: process.vmrss_kb,
            vmswap_kb: process.vmswap_kb,
            pfmajor: process.pfmajor,
            pfminor: process.pfminor,
            tty: process.tty,
            clone_ts: process.clone_ts,
            pidns_init_start_ts: process.pidns_init_start_ts,
            ..Thread::default()
        }
    }

    /// Descriptors of a thread of the list; of an unknown one, they are ignored.
    pub fn seed_descriptors(&mut self, tid: i64, descriptors: Vec<Descriptor>) {
        for descriptor in descriptors {
            let id = self.next_id();
            let thread = self.threads.get_mut(tid);
            if let (Some(thread), Some((number, mut fd))) = (thread, fd::from_inventory(descriptor))
            {
                fd.id = id;
                thread.fds.insert(number, fd);
            }
        }
    }

    /// A user of the host.
    pub fn seed_user(&mut self, user: User) {
        self.users.add_user(ContainerId::HOST, user);
    }

    /// A group of the host.
    pub fn seed_group(&mut self, group: Group) {
        self.users.add_group(ContainerId::HOST, group);
    }

    /// An address of an interface.
    pub fn seed_interface(&mut self, interface: Interface) {
        self.interfaces.push(interface);
    }

    /// The machine.
    pub fn seed_machine(&mut self, machine: Machine) {
        self.machine = machine;
    }

    /// Links threads with their groups and parents, once the lists are complete.
    pub fn finish_seeding(&mut self) {
        fd::settle_sockets(self);
        let mut tids: Vec<i64> = self.threads.iter().map(|thread| thread.tid).collect();
        tids.sort_unstable();
        for tid in tids {
            self.link(tid);
        }
        self.touch_all();
    }

    /// Finds the containers of all threads, once the events that belong to the
    /// lists have told of containers.
    pub(crate) fn open(&mut self) {
        self.is_open = true;
        let mut tids: Vec<i64> = self.threads.iter().map(|thread| thread.tid).collect();
        tids.sort_unstable();
        for tid in tids {
            self.attach_container(tid);
        }
    }
}
