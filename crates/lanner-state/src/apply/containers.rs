//! Events of containers, users and groups; and which container a thread is in.

use std::sync::Arc;

use lanner_event::inventory::{Group, User};
use lanner_event::{RawEvent, codes};

use crate::cgroups::Known;
use crate::container::{self, Container, ContainerId, Kind, Metadata, Probe};
use crate::param;
use crate::state::{Context, State};
use crate::thread::{Category, Thread};

/// How many ancestors are looked at for the init of a container.
const MAX_ANCESTORS: usize = 4096;

/// Names of asynchronous events of the container plugin.
const ADDED: &[u8] = b"container";
const REMOVED: &[u8] = b"container_removed";

/// Events that tell of the machine, not of a thread; false for those that change nothing.
pub(super) fn apply(state: &mut State, raw: &RawEvent, context: &mut Context) -> bool {
    match raw.code {
        codes::ASYNCEVENT_E => async_event(state, raw, context),
        codes::CONTAINER_E => old_container(state, raw, context),
        codes::CONTAINER_JSON_2_E => {
            container_json(state, raw.param(0).unwrap_or_default(), context);
        }
        codes::USER_ADDED_E => add_user(state, raw),
        codes::USER_DELETED_E => {
            if let Some((container, uid)) = place(state, raw, 5) {
                state.users.remove_user(container, uid);
            }
        }
        codes::GROUP_ADDED_E => add_group(state, raw),
        codes::GROUP_DELETED_E => {
            if let Some((container, gid)) = place(state, raw, 2) {
                state.users.remove_group(container, gid);
            }
        }
        _ => return false,
    }
    true
}

fn async_event(state: &mut State, raw: &RawEvent, context: &mut Context) {
    let data = raw.param(2).unwrap_or_default();
    match raw.text(1) {
        Some(ADDED) => container_json(state, data, context),
        Some(REMOVED) => match container::parse(data) {
            Some(container) => {
                state.containers.forget(&container.id);
                context.container = Some(Arc::new(container));
            }
            None => state.counters.bad_containers += 1,
        },
        _ => {}
    }
}

/// A container as JSON tells it.
pub(super) fn container_json(state: &mut State, data: &[u8], context: &mut Context) {
    match container::parse(data) {
        Some(container) => {
            let document = data.strip_suffix(b"\0").unwrap_or(data);
            context.container = Some(state.containers.learn_document(container, document));
        }
        None => state.counters.bad_containers += 1,
    }
}

/// A container of captures before JSON: id, type, name and image.
fn old_container(state: &mut State, raw: &RawEvent, context: &mut Context) {
    let text = |index| String::from_utf8_lossy(raw.text(index).unwrap_or_default()).into_owned();
    let container = Container {
        id: text(0).into(),
        kind: Kind::of(i64::from(raw.u32(1).unwrap_or(Kind::Unknown as u32))),
        metadata: Some(Box::new(Metadata {
            name: text(2),
            image: text(3),
            ..Metadata::default()
        })),
        ..Container::default()
    };
    let size = raw.params().map(<[u8]>::len).sum();
    context.container = Some(state.containers.learn(container, size));
}

/// The container, whose id is the parameter `index`, and the user or group of an event.
fn place(state: &State, raw: &RawEvent, index: usize) -> Option<(ContainerId, u32)> {
    let id = raw.text(index).unwrap_or_default();
    let container = state.containers.find(std::str::from_utf8(id).ok()?)?;
    Some((container, raw.u32(0)?))
}

/// libs looks users of containers up on the machine that reads the capture,
/// where they are not, so only those of the host are new here.
fn add_user(state: &mut State, raw: &RawEvent) {
    let Some((container, uid)) = place(state, raw, 5) else {
        return;
    };
    let known = state.users.user(container, uid);
    if container != ContainerId::HOST && known.is_none() {
        return;
    }
    let gid = match known {
        Some(user) => user.gid,
        None => raw.u32(1).unwrap_or(u32::MAX),
    };
    let user = User {
        uid,
        gid,
        name: param::text(raw, 2).into(),
        homedir: param::text(raw, 3).into(),
        shell: param::text(raw, 4).into(),
    };
    state.users.add_user(container, user);
}

/// See [`add_user`].
fn add_group(state: &mut State, raw: &RawEvent) {
    let Some((container, gid)) = place(state, raw, 2) else {
        return;
    };
    if container == ContainerId::HOST || state.users.group(container, gid).is_some() {
        let name = param::text(raw, 1).into();
        state.users.add_group(container, Group { gid, name });
    }
}

impl Thread {
    /// Takes control groups. The container follows with an event of the thread
    /// itself ([`State::attach_container`]).
    pub(crate) fn take_cgroups(&mut self, known: Known) {
        self.cgroups = known.list;
        self.cgroups_container = known.container;
    }
}

impl State {
    /// Finds the container and the category of a thread; at its clone, exec and chroot.
    pub(crate) fn attach_container(&mut self, tid: i64) {
        let Some(thread) = self.threads.get_mut(tid) else {
            return;
        };
        let before = (thread.container, thread.category);
        thread.container = thread.cgroups_container;
        let container = thread.container;
        if container != ContainerId::HOST
            && let Some(category) = self.category(tid)
            && let Some(thread) = self.threads.get_mut(tid)
        {
            thread.category = category;
        }
        let now = self.threads.get(tid).map(|t| (t.container, t.category));
        if now != Some(before) {
            self.touch(tid);
        }
    }

    /// What a thread does in its container, if that can be told.
    fn category(&self, tid: i64) -> Option<Category> {
        let thread = self.threads.get(tid)?;
        let metadata = self.containers.get(thread.container)?.metadata.as_ref()?;
        if thread.vpid == 1 {
            return Some(Category::Container);
        }
        let parent = self.threads.get(thread.ptid);
        if let Some(parent) = parent.filter(|parent| parent.category != Category::None) {
            return Some(parent.category);
        }
        let category = probe(metadata, thread)?;
        let runs_in_container = self.has_init_above(thread);
        (!runs_in_container).then_some(category)
    }

    fn has_init_above(&self, thread: &Thread) -> bool {
        let mut ptid = thread.ptid;
        for _ in 0..MAX_ANCESTORS {
            let Some(parent) = self.threads.get(ptid) else {
                return false;
            };
            if parent.vpid == 1 && parent.container != ContainerId::HOST {
                return true;
            }
            ptid = parent.ptid;
        }
        false
    }
}

/// Which probe of its container a thread runs.
fn probe(metadata: &Metadata, thread: &Thread) -> Option<Category> {
    let probes = [
        (&metadata.healthcheck, Category::Healthcheck),
        (&metadata.liveness_probe, Category::LivenessProbe),
        (&metadata.readiness_probe, Category::ReadinessProbe),
    ];
    let runs = |probe: &Probe| {
        let args = thread.image.args.iter().filter(|arg| !arg.is_empty());
        probe.exe.as_bytes() == &*thread.image.exe
            && args
                .map(|arg| &**arg)
                .eq(probe.args.iter().map(String::as_bytes))
    };
    let mut probes = probes.into_iter();
    probes
        .find_map(|(probe, category)| probe.as_ref().filter(|probe| runs(probe)).map(|_| category))
}
