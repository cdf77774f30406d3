//! Files: open and its kin, close_range.

use std::borrow::Cow;

use lanner_event::{RawEvent, codes};

use super::{Call, result};
use crate::fd::{Fd, FdType, O_CLOEXEC, flags};
use crate::param;
use crate::path::{AT_FDCWD, UNKNOWN_DIRECTORY, join};
use crate::state::State;
use crate::thread::Thread;

/// `PPM_O_*` and `PPM_FD_*`.
mod open_flags {
    pub(super) const DIRECTORY: u32 = 1 << 10;
    /// From here on, the probe adds what is known when the call returns.
    pub(super) const FIRST_ADDED: u32 = 1 << 14;
    pub(super) const UPPER_LAYER: u32 = 1 << 15;
    pub(super) const LOWER_LAYER: u32 = 1 << 16;
}

/// What the kernel could not read.
const UNREADABLE: &[u8] = b"<NA>";

/// Where an event has the parts of a call that opens a file.
struct Layout {
    name: usize,
    flags: Option<usize>,
    dirfd: Option<usize>,
    dev: usize,
    ino: usize,
    /// The same in the enter event, where that counts: name, flags, directory.
    entered: Option<(usize, Option<usize>, Option<usize>)>,
}

fn layout(code: u16) -> Layout {
    match code {
        codes::SYSCALL_OPEN_X => Layout {
            name: 1,
            flags: Some(2),
            dirfd: None,
            dev: 4,
            ino: 5,
            entered: Some((0, Some(1), None)),
        },
        codes::SYSCALL_CREAT_X => Layout {
            name: 1,
            flags: None,
            dirfd: None,
            dev: 3,
            ino: 4,
            entered: Some((0, None, None)),
        },
        codes::SYSCALL_OPEN_BY_HANDLE_AT_X => Layout {
            name: 3,
            flags: Some(2),
            dirfd: None,
            dev: 4,
            ino: 5,
            entered: None,
        },
        _ => {
            // openat2 has one parameter more before these.
            let more = usize::from(code == codes::SYSCALL_OPENAT2_X);
            Layout {
                name: 2,
                flags: Some(3),
                dirfd: Some(1),
                dev: 5 + more,
                ino: 6 + more,
                entered: Some((1, Some(2), Some(0))),
            }
        }
    }
}

/// What a call asked for.
struct Opened<'b> {
    name: &'b [u8],
    flags: u32,
    dirfd: Option<i64>,
}

impl<'b> Opened<'b> {
    fn of_exit(raw: &RawEvent<'b>, layout: &Layout) -> Self {
        let flags = match layout.flags {
            Some(index) => raw.u32(index).unwrap_or(0),
            None => layers_of_creat(raw),
        };
        Self {
            name: param::text(raw, layout.name),
            flags,
            dirfd: layout.dirfd.and_then(|index| raw.i64(index)),
        }
    }

    /// What the enter event says counts more, as it was what the program
    /// asked for; but it can lack the name.
    fn prefer_entered(&mut self, enter: &RawEvent<'b>, layout: &Layout) {
        let Some((name, flags, dirfd)) = layout.entered else {
            return;
        };
        let name = param::text(enter, name);
        if name == UNREADABLE {
            return;
        }
        self.name = name;
        if let Some(flags) = flags {
            let added = self.flags & !(open_flags::FIRST_ADDED - 1);
            self.flags = enter.u32(flags).unwrap_or(0) | added;
        }
        if let Some(dirfd) = dirfd {
            self.dirfd = enter.i64(dirfd);
        }
    }
}

/// creat has no flags: its layer of an overlay comes apart.
fn layers_of_creat(raw: &RawEvent) -> u32 {
    match raw.u16(5).unwrap_or(0) {
        layers if layers & 1 != 0 => open_flags::UPPER_LAYER,
        layers if layers & 2 != 0 => open_flags::LOWER_LAYER,
        _ => 0,
    }
}

impl Call<'_, '_> {
    /// open, creat, openat, openat2, open_by_handle_at.
    pub(super) fn open(&mut self, state: &mut State) {
        let number = result(self.raw);
        if number < 0 {
            return;
        }
        let Some(fd) = self.opened(state) else {
            return;
        };
        self.add(state, number, fd);
    }

    fn opened(&self, state: &State) -> Option<Fd> {
        let raw = self.raw;
        let layout = layout(raw.code);
        let thread = state.thread(self.tid)?;
        let mut opened = Opened::of_exit(raw, &layout);
        if let Some(enter) = state.enter_event(self.tid) {
            opened.prefer_entered(&enter, &layout);
        }
        let directory: Cow<[u8]> = match (opened.dirfd, raw.code) {
            (Some(dirfd), _) => state.directory(Some(thread), dirfd, opened.name),
            (None, codes::SYSCALL_OPEN_X | codes::SYSCALL_CREAT_X) => {
                Cow::Borrowed(&**state.cwd(thread))
            }
            (None, _) => Cow::Borrowed(b""),
        };
        let mut fd = Fd::new(match opened.flags & open_flags::DIRECTORY {
            0 => FdType::FileV2,
            _ => FdType::Directory,
        });
        fd.name = join(&directory, opened.name).into();
        fd.raw_name = opened.name.into();
        fd.open_flags = opened.flags;
        fd.dev = raw.u32(layout.dev).unwrap_or(0);
        fd.ino = raw.u64(layout.ino).unwrap_or(0);
        if opened.flags & open_flags::UPPER_LAYER != 0 {
            fd.flags |= flags::OVERLAY_UPPER;
        }
        if opened.flags & open_flags::LOWER_LAYER != 0 {
            fd.flags |= flags::OVERLAY_LOWER;
        }
        Some(fd)
    }

    /// close_range closes at once, or when the process runs another program.
    pub(super) fn close_range(&mut self, state: &mut State) {
        const CLOEXEC: u32 = 1 << 2;
        let raw = self.raw;
        if result(raw) < 0 {
            return;
        }
        let (first, last) = (raw.u32(1).unwrap_or(0), raw.u32(2).unwrap_or(0));
        let range = i64::from(first)..=i64::from(last);
        let Some(fds) = state.fds_mut(self.tid) else {
            return;
        };
        self.changed = true;
        if raw.u32(3).unwrap_or(0) & CLOEXEC == 0 {
            fds.retain(|number, _| !range.contains(&number));
            return;
        }
        let marked: Vec<i64> = fds
            .iter()
            .filter(|(number, fd)| range.contains(number) && fd.open_flags & O_CLOEXEC == 0)
            .map(|(number, _)| number)
            .collect();
        for number in marked {
            if let Some(fd) = fds.get_mut(number) {
                fd.open_flags |= O_CLOEXEC;
            }
        }
    }
}

impl State {
    /// The directory at which a path of a call starts, for [`join`]: that of a
    /// descriptor, or the thread's own (`dirfd` -100). Paths that are absolute
    /// need none.
    #[must_use]
    pub fn directory<'s>(
        &'s self,
        thread: Option<&'s Thread>,
        dirfd: i64,
        path: &[u8],
    ) -> Cow<'s, [u8]> {
        if path.starts_with(b"/") {
            return Cow::Borrowed(b".");
        }
        let Some(thread) = thread else {
            return Cow::Borrowed(UNKNOWN_DIRECTORY);
        };
        if dirfd == AT_FDCWD {
            return Cow::Borrowed(self.cwd(thread));
        }
        let Some(fd) = self.fd(thread, dirfd).filter(|_| dirfd >= 0) else {
            return Cow::Borrowed(UNKNOWN_DIRECTORY);
        };
        match fd.name.last() {
            None | Some(b'/') => Cow::Borrowed(&fd.name),
            Some(_) => Cow::Owned([&*fd.name, b"/"].concat()),
        }
    }
}
