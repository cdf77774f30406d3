//! Entries of user lists: users and groups.

use lanner_event::inventory::{Group, User};

use super::cursor::{Cursor, Fault};
use crate::item::Item;

/// The longest entry in what is known here; room to spare.
pub(crate) const ENTRY: usize = 2 << 10;
/// Texts are shorter than this (`MAX_CREDENTIALS_STR_LEN`).
pub(crate) const TEXT: usize = 255;
/// The entry is a user; anything else is a group.
pub(crate) const USER: u8 = 0;
/// What groups are written as.
pub(crate) const GROUP: u8 = 1;

/// An entry, and how many bytes of it are not known here.
pub(crate) fn user_or_group(
    cursor: &mut Cursor<'_>,
    sized: bool,
) -> Result<(Item<'static>, u32), Fault> {
    let size = if sized { cursor.u32()? } else { 0 };
    let item = if cursor.u8()? == USER {
        Item::User(User {
            uid: cursor.u32()?,
            gid: cursor.u32()?,
            name: cursor.text(TEXT, "name of a user")?,
            homedir: cursor.text(TEXT, "home directory of a user")?,
            shell: cursor.text(TEXT, "shell of a user")?,
        })
    } else {
        Item::Group(Group {
            gid: cursor.u32()?,
            name: cursor.text(TEXT, "name of a group")?,
        })
    };
    let rest = if size > 0 {
        let read = u32::try_from(cursor.read()).map_err(|_| Fault::Wrong("size"))?;
        size.checked_sub(read).ok_or(Fault::Wrong("size"))?
    } else {
        0
    };
    Ok((item, rest))
}
