//! The inventory of now: what a capture that begins in the middle begins with. [`crate::State`] takes
//! one in with `seed_process` and its like.

use lanner_event::inventory::{Descriptor, Process};

use crate::state::State;
use crate::thread::Thread;

/// Each ended by a NUL.
fn ended<'t>(texts: impl IntoIterator<Item = &'t Box<[u8]>>) -> Box<[u8]> {
    let mut joined = Vec::new();
    for text in texts {
        joined.extend_from_slice(text);
        joined.push(0);
    }
    joined.into()
}

impl State {
    /// A thread as lists have it.
    #[must_use]
    pub fn process(&self, thread: &Thread) -> Process {
        let image = &*thread.image;
        let cgroups = thread.cgroups.iter().flat_map(|(subsystem, path)| {
            let parts: [&[u8]; 4] = [subsystem, b"=", path, b"\0"];
            parts.concat()
        });
        Process {
            tid: thread.tid,
            pid: thread.pid,
            ptid: thread.ptid,
            sid: thread.sid,
            vpgid: thread.vpgid,
            pgid: thread.pgid,
            vtid: thread.vtid,
            vpid: thread.vpid,
            comm: image.comm.clone(),
            exe: image.exe.clone(),
            exepath: image.exepath.clone(),
            args: ended(&image.args),
            env: ended(self.env(thread)),
            cwd: Box::from(&**self.cwd(thread)),
            root: Box::from(&*thread.root),
            cgroups: cgroups.collect(),
            fdlimit: thread.fdlimit,
            flags: thread.flags,
            uid: thread.uid,
            gid: thread.gid,
            loginuid: thread.loginuid,
            vmsize_kb: thread.vmsize_kb,
            vmrss_kb: thread.vmrss_kb,
            vmswap_kb: thread.vmswap_kb,
            pfmajor: thread.pfmajor,
            pfminor: thread.pfminor,
            pidns_init_start_ts: thread.pidns_init_start_ts,
            clone_ts: thread.clone_ts,
            tty: thread.tty,
            exe_file: image.file,
            capabilities: thread.capabilities,
        }
    }
}

impl Thread {
    /// Its own descriptors as lists have them, by number.
    #[must_use]
    pub fn descriptors(&self) -> Vec<Descriptor> {
        let found = self.fds.iter();
        let mut list: Vec<_> = found
            .filter_map(|(number, fd)| fd.to_inventory(number))
            .collect();
        list.sort_unstable_by_key(|descriptor| descriptor.fd);
        list
    }
}
