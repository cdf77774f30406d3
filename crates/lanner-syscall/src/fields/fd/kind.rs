//! Ends of connections, and which of them is on this machine (`ifinfo.cpp` of
//! libs 0.25.4).

use std::net::IpAddr;

use lanner_event::sockets::End;
use lanner_state::container::ContainerId;
use lanner_state::fd::{Ends, Fd, FdType};
use lanner_state::thread::Thread;

use crate::SyscallEvent;

/// Whether it is a connection: an internet socket that does not listen.
pub(crate) fn is_connection(kind: FdType) -> bool {
    matches!(kind, FdType::Ipv4 | FdType::Ipv6)
}

/// Whether it is an internet socket that is bound or listens.
pub(crate) fn is_server(kind: FdType) -> bool {
    matches!(kind, FdType::Ipv4Server | FdType::Ipv6Server)
}

pub(crate) fn is_socket(kind: FdType) -> bool {
    is_connection(kind) || is_server(kind) || kind == FdType::Unix
}

/// Both ends of a connection: client and server.
pub(crate) fn ends(fd: &Fd) -> Option<(End, End)> {
    match fd.ends {
        Ends::Internet {
            source,
            destination,
        } if is_connection(fd.kind) => Some((source, destination)),
        _ => None,
    }
}

/// Where a socket listens.
pub(crate) fn local(fd: &Fd) -> Option<End> {
    match fd.ends {
        Ends::Server { local } if is_server(fd.kind) => Some(local),
        _ => None,
    }
}

/// Whether an address is one of the machine's, or of the thread's container.
pub(crate) fn is_local(event: &SyscallEvent<'_>, thread: &Thread, address: IpAddr) -> bool {
    let in_container = thread.container != ContainerId::HOST;
    let interfaces = || event.state.interfaces.iter().map(|known| known.address);
    match address {
        IpAddr::V4(_) => match container_decides(event, thread, address) {
            Some(decision) if in_container => decision,
            _ => interfaces().any(|known| known == address),
        },
        IpAddr::V6(address) => {
            !in_container
                && interfaces().any(|known| match known {
                    // The first 64 bits are the network.
                    IpAddr::V6(known) => known.segments()[..4] == address.segments()[..4],
                    IpAddr::V4(_) => false,
                })
        }
    }
}

/// What a thread's container says of an address: its own is local. When it is
/// not known, those of all containers are, and nothing else.
fn container_decides(event: &SyscallEvent<'_>, thread: &Thread, address: IpAddr) -> Option<bool> {
    let containers = &event.state.containers;
    let own = container_ip(event, thread.container).filter(|ip| !ip.is_empty());
    match own {
        Some(ip) if ip.parse() == Ok(address) => Some(true),
        Some(_) => None,
        None => {
            let ids = (0..containers.len()).map(|index| ContainerId(index as u32));
            let mut ips = ids.filter_map(|id| container_ip(event, id));
            Some(ips.any(|ip| ip.parse() == Ok(address)))
        }
    }
}

fn container_ip<'a>(event: &SyscallEvent<'a>, id: ContainerId) -> Option<&'a str> {
    let container = event.state.containers.get(id)?;
    container.metadata.as_ref().map(|known| known.ip.as_str())
}
