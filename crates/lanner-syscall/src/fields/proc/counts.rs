//! Numbers that change from event to event.

use lanner_event::Value;
use lanner_state::thread::Thread;

use super::ancestors::ancestor;
use crate::SyscallEvent;

/// A number that changes from event to event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Count {
    Args,
    ArgsLength,
    Duration,
    ParentDuration,
    OpenFds,
    FdLimit,
    FdUsage,
    VmSize,
    VmRss,
    VmSwap,
    Threads,
    SecondaryThreads,
}

impl Count {
    pub(super) fn of<'a>(self, event: &SyscallEvent<'a>, thread: &Thread) -> Option<Value<'a>> {
        let args = &thread.image.args;
        let leader = event.state.leader(thread);
        let open = leader.map_or(0, |leader| leader.fds.len() as u64);
        let limit = leader.map_or(0, |leader| leader.fdlimit);
        let since = |start: u64| Value::U64(event.raw.time_ns.wrapping_sub(start));
        Some(match self {
            Self::Args => Value::U64(args.len() as u64),
            Self::ArgsLength => Value::U64(args.iter().map(|arg| arg.len() as u64).sum()),
            Self::Duration => (thread.clone_ts != 0).then(|| since(thread.clone_ts))?,
            Self::ParentDuration => match ancestor(event.state, thread, 1)?.clone_ts {
                // So has Falco it: of an unknown parent's age, the count of
                // descriptors is told.
                0 => Value::U64(open),
                start => since(start),
            },
            Self::OpenFds => Value::U64(open),
            Self::FdLimit => Value::I64(limit),
            Self::FdUsage => Value::F64(usage(open, limit)),
            Self::VmSize => Value::U64(thread.vmsize_kb.into()),
            Self::VmRss => Value::U64(thread.vmrss_kb.into()),
            Self::VmSwap => Value::U64(thread.vmswap_kb.into()),
            Self::Threads => {
                let living = event.state.group(thread).map_or(0, |group| group.living);
                Value::U64(living.into())
            }
            Self::SecondaryThreads => Value::U64(event.state.secondary_threads(thread).into()),
        })
    }
}

/// Percent of a limit.
fn usage(open: u64, limit: i64) -> f64 {
    if limit <= 0 {
        0.0
    } else if open > limit.unsigned_abs() {
        100.0
    } else {
        open as f64 * 100.0 / limit as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_in_percent() {
        for (open, limit, percent) in [
            (1, 0, 0.0),
            (1, -1, 0.0),
            (3, 2, 100.0),
            (1, 1024, 0.097_656_25),
        ] {
            assert!((usage(open, limit) - percent).abs() < 1e-12);
        }
    }
}
