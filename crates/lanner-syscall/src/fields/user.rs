//! `user.*` and `group.*`: who runs the process.
//!
//! Source of values: `sinsp_filtercheck_user.cpp` and
//! `sinsp_filtercheck_group.cpp` in libs 0.25.4. Names are those that the
//! capture lists; those of containers only where its events told them.

use bumpalo::Bump;
use lanner_event::{ExtractorError, Value, Values, codes};
use lanner_state::users::User;

use crate::SyscallEvent;

/// Where a name is not known.
const UNKNOWN: &[u8] = b"<NA>";

/// A field of the class `user`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum UserField {
    Uid,
    Name,
    HomeDir,
    Shell,
    LoginUid,
    LoginName,
}

impl UserField {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, _argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        Some(Ok(match field {
            "user.uid" => Self::Uid,
            "user.name" => Self::Name,
            "user.homedir" => Self::HomeDir,
            "user.shell" => Self::Shell,
            "user.loginuid" => Self::LoginUid,
            "user.loginname" => Self::LoginName,
            _ => return None,
        }))
    }

    /// Appends the value; nothing without a thread.
    pub fn extract<'a>(self, event: &SyscallEvent<'a>, _arena: &'a Bump, out: &mut Values<'a>) {
        let Some(thread) = event.thread else {
            return;
        };
        let user = |uid| event.state.users.user(thread.container, uid);
        let root = |uid: u32, name: &'static [u8]| if uid == 0 { name } else { UNKNOWN };
        let known = |uid, text: fn(&User) -> &[u8], of_root| {
            Value::Str(user(uid).map_or(root(uid, of_root), text))
        };
        let (uid, loginuid) = (thread.uid, thread.loginuid);
        out.push(match self {
            Self::Uid => Value::U64(uid.into()),
            Self::Name => match container_user(event) {
                Some(name) => Value::Str(name),
                None => known(uid, |user| &user.name, b"root"),
            },
            Self::HomeDir => known(uid, |user| &user.homedir, b"/root"),
            Self::Shell => known(uid, |user| &user.shell, UNKNOWN),
            Self::LoginUid if loginuid == u32::MAX => Value::I64(-1),
            Self::LoginUid => Value::I64(loginuid.into()),
            Self::LoginName => known(loginuid, |user| &user.name, b"root"),
        });
    }
}

/// Events that tell of containers have the user of the container.
fn container_user<'a>(event: &SyscallEvent<'a>) -> Option<&'a [u8]> {
    let tells = match event.raw.code {
        codes::CONTAINER_JSON_2_E => true,
        codes::ASYNCEVENT_E => event.raw.text(1) == Some(b"container"),
        _ => false,
    };
    if !tells {
        return None;
    }
    let container = event.state.containers.get(event.thread?.container)?;
    let user = container.metadata.as_ref()?.user.as_bytes();
    Some(user).filter(|user| !user.is_empty())
}

/// A field of the class `group`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum GroupField {
    Gid,
    Name,
}

impl GroupField {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, _argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        Some(Ok(match field {
            "group.gid" => Self::Gid,
            "group.name" => Self::Name,
            _ => return None,
        }))
    }

    /// Appends the value; nothing without a thread.
    pub fn extract<'a>(self, event: &SyscallEvent<'a>, _arena: &'a Bump, out: &mut Values<'a>) {
        let Some(thread) = event.thread else {
            return;
        };
        out.push(match self {
            Self::Gid => Value::U64(thread.gid.into()),
            Self::Name => {
                let group = event.state.users.group(thread.container, thread.gid);
                let unknown: &[u8] = if thread.gid == 0 { b"root" } else { UNKNOWN };
                Value::Str(group.map_or(unknown, |group| &group.name))
            }
        });
    }
}
