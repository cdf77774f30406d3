//! Entries of descriptor lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lanner_event::inventory::{Descriptor, Target};

use super::cursor::{Cursor, Fault};

/// The longest entry in what is known here; room to spare.
pub(crate) const ENTRY: usize = 2 << 10;
/// Names are shorter than this (`SCAP_MAX_PATH_SIZE`).
pub(crate) const NAME: usize = 1023;

/// Types of descriptors (`SCAP_FD_*`).
pub(crate) mod kind {
    pub(crate) const UNKNOWN: u8 = 0;
    pub(crate) const IPV4_SOCKET: u8 = 3;
    pub(crate) const IPV6_SOCKET: u8 = 4;
    pub(crate) const IPV4_SERVER: u8 = 5;
    pub(crate) const IPV6_SERVER: u8 = 6;
    pub(crate) const UNIX: u8 = 8;
    pub(crate) const UNSUPPORTED: u8 = 10;
    pub(crate) const FILE_V2: u8 = 16;
    pub(crate) const LAST: u8 = 21;
}

/// An entry, and how many bytes of it are not known here.
pub(crate) fn descriptor(cursor: &mut Cursor<'_>, sized: bool) -> Result<(Descriptor, u32), Fault> {
    let size = if sized { cursor.u32()? } else { 0 };
    let fd = cursor.i64()?;
    let ino = cursor.u64()?;
    let kind = cursor.u8()?;
    let target = target(cursor, kind, size)?;
    let rest = if size > 0 {
        let read = u32::try_from(cursor.read()).map_err(|_| Fault::Wrong("size"))?;
        size.checked_sub(read).ok_or(Fault::Wrong("size"))?
    } else {
        0
    };
    Ok((Descriptor { fd, ino, target }, rest))
}

fn target(cursor: &mut Cursor<'_>, kind: u8, size: u32) -> Result<Target, Fault> {
    Ok(match kind {
        kind::IPV4_SOCKET | kind::IPV6_SOCKET => {
            let address = if kind == kind::IPV4_SOCKET { v4 } else { v6 };
            let (source, destination) = (address(cursor)?, address(cursor)?);
            let (source_port, destination_port) = (cursor.u16()?, cursor.u16()?);
            Target::Socket {
                source: (source, source_port),
                destination: (destination, destination_port),
                l4proto: cursor.u8()?,
            }
        }
        kind::IPV4_SERVER | kind::IPV6_SERVER => {
            let address = if kind == kind::IPV4_SERVER { v4 } else { v6 };
            Target::Server {
                local: (address(cursor)?, cursor.u16()?),
                l4proto: cursor.u8()?,
            }
        }
        kind::UNIX => Target::Unix {
            source: cursor.u64()?,
            destination: cursor.u64()?,
            path: cursor.text(NAME, "path of a socket")?,
        },
        kind::FILE_V2 => {
            let flags = cursor.u32()?;
            let path = cursor.text(NAME, "path of a file")?;
            let dev = if size as usize >= cursor.read() + 4 {
                cursor.u32()?
            } else {
                0
            };
            Target::File { path, flags, dev }
        }
        kind::UNKNOWN => Target::Other {
            kind,
            name: Box::default(),
        },
        1..=kind::LAST => Target::Other {
            kind,
            name: cursor.text(NAME, "name of a descriptor")?,
        },
        // From a newer library; named as Falco names it.
        _ => Target::Other {
            kind: kind::UNSUPPORTED,
            name: format!("unknown-type:[{kind}]").into_bytes().into(),
        },
    })
}

fn v4(cursor: &mut Cursor<'_>) -> Result<IpAddr, Fault> {
    Ok(Ipv4Addr::from(cursor.array::<4>()?).into())
}

fn v6(cursor: &mut Cursor<'_>) -> Result<IpAddr, Fault> {
    Ok(Ipv6Addr::from(cursor.array::<16>()?).into())
}
