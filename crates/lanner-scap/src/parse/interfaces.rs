//! Entries of interface lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lanner_event::inventory::Interface;

use super::cursor::{Cursor, Fault, until_nul};

/// The longest entry in what is known here; room to spare.
pub(crate) const ENTRY: usize = 2 << 10;
/// Names are shorter than this (`SCAP_MAX_PATH_SIZE`).
pub(crate) const NAME: u16 = 1023;

/// Types of entries (`SCAP_II_*`); the first two have the link speed, too.
pub(crate) const IPV4: u16 = 1;
pub(crate) const IPV6: u16 = 2;
const IPV4_NO_SPEED: u16 = 3;
const IPV6_NO_SPEED: u16 = 4;

/// An entry, and how many bytes of it are not known here.
pub(crate) fn interface(cursor: &mut Cursor<'_>, sized: bool) -> Result<(Interface, u32), Fault> {
    let size = if sized { Some(cursor.u32()?) } else { None };
    let kind = cursor.u16()?;
    let name = cursor.u16()?;
    if name > NAME {
        return Err(Fault::Wrong("name of an interface"));
    }
    let (address, netmask): (IpAddr, IpAddr) = match kind {
        IPV4 | IPV4_NO_SPEED => {
            let address = Ipv4Addr::from(cursor.array::<4>()?);
            let netmask = Ipv4Addr::from(cursor.array::<4>()?);
            cursor.take(4)?; // broadcast
            (address.into(), netmask.into())
        }
        IPV6 | IPV6_NO_SPEED => {
            let address = Ipv6Addr::from(cursor.array::<16>()?);
            let netmask = Ipv6Addr::from(cursor.array::<16>()?);
            cursor.take(16)?; // broadcast
            (address.into(), netmask.into())
        }
        _ => return Err(Fault::Wrong("type of an interface")),
    };
    if matches!(kind, IPV4 | IPV6) {
        cursor.take(8)?; // link speed
    }
    let name = until_nul(cursor.take(usize::from(name))?).into();
    let rest = match size {
        None => 0,
        // The size does not count itself here.
        Some(size) => {
            let read = u32::try_from(cursor.read() - 4).map_err(|_| Fault::Wrong("size"))?;
            size.checked_sub(read).ok_or(Fault::Wrong("size"))?
        }
    };
    let interface = Interface {
        name,
        address,
        netmask,
    };
    Ok((interface, rest))
}
