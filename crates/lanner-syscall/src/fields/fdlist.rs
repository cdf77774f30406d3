//! `fdlist.*`: the descriptors of a poll (`sinsp_filtercheck_fdlist.cpp` of
//! libs 0.25.4).

use std::net::{IpAddr, Ipv4Addr};

use bumpalo::Bump;
use bumpalo::collections::Vec;
use lanner_event::sockets::write_ip;
use lanner_event::{ExtractorError, Value, Values, codes};
use lanner_state::fd::Fd;

use super::fd::kind::{ends, local};
use crate::SyscallEvent;
use crate::params::{descriptor_list, number};

/// A field of class `fdlist`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the fields")]
pub enum FdList {
    Nums,
    Names,
    ClientIps,
    ServerIps,
    ClientPorts,
    ServerPorts,
}

impl FdList {
    /// The field of a name; `None` for fields of other classes.
    pub fn compile(field: &str, _argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        Some(Ok(match field.strip_prefix("fdlist.")? {
            "nums" => FdList::Nums,
            "names" => FdList::Names,
            "cips" => FdList::ClientIps,
            "sips" => FdList::ServerIps,
            "cports" => FdList::ClientPorts,
            "sports" => FdList::ServerPorts,
            _ => return None,
        }))
    }

    /// Appends the value of the field: one text with commas.
    pub fn extract<'a>(self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        if !matches!(
            event.raw.code,
            codes::SYSCALL_POLL_X | codes::SYSCALL_PPOLL_X
        ) {
            return;
        }
        let (Some(thread), Some(bytes)) = (event.thread, event.raw.param(1)) else {
            return;
        };
        let mut text = Vec::new_in(arena);
        for (number, _) in descriptor_list(bytes) {
            let fd = event.state.fd(thread, number);
            let start = text.len();
            if start > 0 {
                text.push(b',');
            }
            if self.write(number, fd, arena, &mut text).is_none() {
                text.truncate(start);
            }
        }
        if !text.is_empty() {
            out.push(Value::Str(text.into_bump_slice()));
        }
    }

    /// Writes an entry; `None` for descriptors that have none.
    fn write(
        self,
        number: i64,
        fd: Option<&Fd>,
        arena: &Bump,
        out: &mut Vec<'_, u8>,
    ) -> Option<()> {
        match self {
            Self::Nums => write_number(number, arena, out),
            Self::Names => {
                let name = fd.map(|fd| &fd.name).filter(|name| !name.is_empty());
                out.extend_from_slice(name.map_or(b"<NA>", |name| name));
            }
            Self::ClientIps => write_address(ends(fd?)?.0.0, out),
            Self::ServerIps => {
                let fd = fd?;
                let address = match (ends(fd), local(fd)) {
                    (Some((_, server)), _) => server.0,
                    (None, Some((listening, _))) => shown_listening(listening),
                    (None, None) => return None,
                };
                write_address(address, out);
            }
            Self::ClientPorts => write_number(ends(fd?)?.0.1.into(), arena, out),
            Self::ServerPorts => write_number(ends(fd?)?.1.1.into(), arena, out),
        }
        Some(())
    }
}

/// Falco shows the first four bytes of an IPv6 address that is listened on as
/// an IPv4 address.
fn shown_listening(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
    }
}

fn write_number(number: i64, arena: &Bump, out: &mut Vec<'_, u8>) {
    out.extend_from_slice(number::decimal(number, arena));
}

fn write_address(address: IpAddr, out: &mut Vec<'_, u8>) {
    let mut text = std::vec::Vec::with_capacity(40);
    write_ip(address, &mut text);
    out.extend_from_slice(&text);
}
