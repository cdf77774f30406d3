//! Images of threads as clone and exec events tell them.

use std::sync::Arc;

use lanner_event::{RawEvent, codes};

use crate::param;
use crate::state::State;
use crate::thread::{CommandLine, Image};

/// Clone and exec events hold the control groups at the same place.
const CGROUPS: usize = 14;

/// The control groups that a clone or exec event tells.
pub(super) fn cgroups<'b>(raw: &RawEvent<'b>) -> Option<&'b [u8]> {
    let tells = matches!(
        raw.code,
        codes::SYSCALL_CLONE_20_X
            | codes::SYSCALL_CLONE3_X
            | codes::SYSCALL_FORK_20_X
            | codes::SYSCALL_VFORK_20_X
            | codes::SYSCALL_EXECVE_19_X
            | codes::SYSCALL_EXECVEAT_X
    );
    param::filled(raw, CGROUPS).filter(|_| tells)
}

/// The command of a clone or exec event: both hold it at the same places.
#[derive(Clone, Copy)]
pub(super) struct Command<'b> {
    pub(super) exe: &'b [u8],
    /// Arguments, each ended by a NUL.
    pub(super) args: &'b [u8],
    pub(super) comm: &'b [u8],
}

impl<'b> Command<'b> {
    pub(super) fn of(raw: &RawEvent<'b>) -> Self {
        let exe = param::text(raw, 1);
        let comm = param::filled(raw, 13).map(|_| param::text(raw, 13));
        Self {
            exe,
            args: raw.param(2).unwrap_or_default(),
            comm: comm.unwrap_or(exe),
        }
    }

    fn is_of(&self, image: &Image) -> bool {
        *self.comm == *image.comm
            && *self.exe == *image.exe
            && param::list(self.args).eq(image.args.iter().map(|arg| &**arg))
    }

    /// An image that runs this, and is like another in all else.
    pub(super) fn image(&self, like: &Image, keeps_env: bool) -> Image {
        Image {
            comm: self.comm.into(),
            exe: self.exe.into(),
            exepath: like.exepath.clone(),
            args: param::owned_list(self.args),
            env: if keeps_env {
                like.env.clone()
            } else {
                Box::default()
            },
            file: like.file,
            line: CommandLine::default(),
        }
    }
}

impl State {
    /// The image of a new thread: that of `from`, if it runs the same.
    pub(super) fn inherit_image(
        &mut self,
        command: Command,
        from: (&Arc<Image>, u64),
        keeps_env: bool,
    ) -> (Arc<Image>, u64) {
        let (image, id) = from;
        if command.is_of(image) && (keeps_env || image.env.is_empty()) {
            return (Arc::clone(image), id);
        }
        (Arc::new(command.image(image, keeps_env)), self.next_id())
    }

    /// Gives a thread another image; its descendants see it, too.
    pub(super) fn set_image(&mut self, tid: i64, image: Image) {
        let id = self.next_id();
        if let Some(thread) = self.threads.get_mut(tid) {
            thread.image = Arc::new(image);
            thread.image_id = id;
            self.touch_tree(tid);
        }
    }
}
