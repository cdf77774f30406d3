//! The content of blocks, in their newest versions.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use lanner_event::RawEvent;
use lanner_event::inventory::{Descriptor, Group, Interface, Machine, Process, Target, User};

use crate::parse::cursor::until_nul;
use crate::parse::descriptors::kind;
use crate::parse::{descriptors, interfaces, machine, process, users};
use crate::reader::BYTE_ORDER;

/// Major and minor version of the format.
const VERSION: (u16, u16) = (1, 2);

pub(super) fn section(out: &mut Vec<u8>) {
    put(out, &BYTE_ORDER.to_le_bytes());
    put(out, &VERSION.0.to_le_bytes());
    put(out, &VERSION.1.to_le_bytes());
    // The length of the section is not known.
    put(out, &u64::MAX.to_le_bytes());
}

pub(super) fn machine(out: &mut Vec<u8>, machine: &Machine) {
    put(out, &machine.cpus.to_le_bytes());
    put(out, &machine.memory_bytes.to_le_bytes());
    put(out, &machine.max_pid.to_le_bytes());
    let name = until_nul(&machine.hostname);
    let name = &name[..name.len().min(machine::HOSTNAME - 1)];
    put(out, name);
    out.resize(out.len() + machine::HOSTNAME - name.len(), 0);
    put(out, &machine.boot_ts_epoch.to_le_bytes());
    // Flags and two reserved numbers.
    put(out, &[0; 24]);
}

pub(super) fn interface(out: &mut Vec<u8>, interface: &Interface) {
    let name = cut(until_nul(&interface.name), interfaces::NAME.into());
    let mut entry = |kind: u16, address: &[u8], netmask: &[u8], broadcast: &[u8]| {
        // Type, length of the name, link speed; the size does not count itself.
        let size = 2 + 2 + 3 * address.len() + 8 + name.len();
        put(out, &to_u32(size).to_le_bytes());
        put(out, &kind.to_le_bytes());
        put(out, &to_u16(name.len()).to_le_bytes());
        [address, netmask, broadcast, &[0; 8], name]
            .into_iter()
            .for_each(|bytes| put(out, bytes));
    };
    match (interface.address, interface.netmask) {
        (IpAddr::V4(address), IpAddr::V4(mask)) => {
            let broadcast = (address | !mask).octets();
            entry(
                interfaces::IPV4,
                &address.octets(),
                &mask.octets(),
                &broadcast,
            );
        }
        (address, mask) => entry(
            interfaces::IPV6,
            &v6(address).octets(),
            &v6(mask).octets(),
            &[0; 16],
        ),
    }
}

pub(super) fn user(out: &mut Vec<u8>, user: &User) {
    sized(out, |out| {
        out.push(users::USER);
        put(out, &user.uid.to_le_bytes());
        put(out, &user.gid.to_le_bytes());
        text(out, &user.name, users::TEXT);
        text(out, &user.homedir, users::TEXT);
        text(out, &user.shell, users::TEXT);
    });
}

pub(super) fn group(out: &mut Vec<u8>, group: &Group) {
    sized(out, |out| {
        out.push(users::GROUP);
        put(out, &group.gid.to_le_bytes());
        text(out, &group.name, users::TEXT);
    });
}

pub(super) fn process(out: &mut Vec<u8>, process: &Process) {
    sized(out, |out| {
        for id in [
            process.tid,
            process.pid,
            process.ptid,
            process.sid,
            process.vpgid,
        ] {
            put(out, &id.to_le_bytes());
        }
        text(out, &process.comm, process::PATH);
        text(out, &process.exe, process::PATH);
        text(out, &process.exepath, process::PATH);
        bytes(out, &process.args, process::STRINGS);
        text(out, &process.cwd, process::PATH);
        put(out, &process.fdlimit.to_le_bytes());
        for number in [
            process.flags,
            process.uid,
            process.gid,
            process.vmsize_kb,
            process.vmrss_kb,
            process.vmswap_kb,
        ] {
            put(out, &number.to_le_bytes());
        }
        put(out, &process.pfmajor.to_le_bytes());
        put(out, &process.pfminor.to_le_bytes());
        bytes(out, &process.env, process::STRINGS);
        put(out, &process.vtid.to_le_bytes());
        put(out, &process.vpid.to_le_bytes());
        bytes(out, &process.cgroups, process::STRINGS);
        text(out, &process.root, process::PATH);
        appended(out, process);
    });
}

/// What was appended to the entries of processes over time, in order.
fn appended(out: &mut Vec<u8>, process: &Process) {
    let (file, capabilities) = (&process.exe_file, &process.capabilities);
    put(out, &process.pidns_init_start_ts.to_le_bytes());
    put(out, &process.tty.to_le_bytes());
    put(out, &process.loginuid.to_le_bytes());
    out.push(file.writable.into());
    put(out, &capabilities.inheritable.to_le_bytes());
    put(out, &capabilities.permitted.to_le_bytes());
    put(out, &capabilities.effective.to_le_bytes());
    out.push(file.upper_layer.into());
    put(out, &file.ino.to_le_bytes());
    put(out, &file.ctime.to_le_bytes());
    put(out, &file.mtime.to_le_bytes());
    out.push(file.from_memfd.into());
    out.push(file.lower_layer.into());
    put(out, &process.pgid.to_le_bytes());
}

pub(super) fn descriptor(out: &mut Vec<u8>, descriptor: &Descriptor) {
    sized(out, |out| {
        put(out, &descriptor.fd.to_le_bytes());
        put(out, &descriptor.ino.to_le_bytes());
        match &descriptor.target {
            Target::File { path, flags, dev } => {
                out.push(kind::FILE_V2);
                put(out, &flags.to_le_bytes());
                text(out, path, descriptors::NAME);
                put(out, &dev.to_le_bytes());
            }
            Target::Socket {
                source,
                destination,
                l4proto,
            } => {
                let is_v4 = source.0.is_ipv4() && destination.0.is_ipv4();
                out.push(if is_v4 {
                    kind::IPV4_SOCKET
                } else {
                    kind::IPV6_SOCKET
                });
                address(out, source.0, is_v4);
                address(out, destination.0, is_v4);
                put(out, &source.1.to_le_bytes());
                put(out, &destination.1.to_le_bytes());
                out.push(*l4proto);
            }
            Target::Server { local, l4proto } => {
                let is_v4 = local.0.is_ipv4();
                out.push(if is_v4 {
                    kind::IPV4_SERVER
                } else {
                    kind::IPV6_SERVER
                });
                address(out, local.0, is_v4);
                put(out, &local.1.to_le_bytes());
                out.push(*l4proto);
            }
            Target::Unix {
                source,
                destination,
                path,
            } => {
                out.push(kind::UNIX);
                put(out, &source.to_le_bytes());
                put(out, &destination.to_le_bytes());
                text(out, path, descriptors::NAME);
            }
            Target::Other { kind: number, name } => other(out, *number, name),
        }
    });
}

fn other(out: &mut Vec<u8>, number: u8, name: &[u8]) {
    match number {
        kind::UNKNOWN => out.push(number),
        // These have a form of their own, and would be read in it.
        kind::IPV4_SOCKET..=kind::IPV6_SERVER | kind::UNIX | kind::FILE_V2 => {
            out.push(kind::UNSUPPORTED);
            text(out, name, descriptors::NAME);
        }
        number => {
            out.push(if number > kind::LAST {
                kind::UNSUPPORTED
            } else {
                number
            });
            text(out, name, descriptors::NAME);
        }
    }
}

/// The event with its CPU and flags; lengths in 32 bits if `wide`.
pub(super) fn event(out: &mut Vec<u8>, event: &RawEvent<'_>, wide: bool) -> io::Result<()> {
    put(out, &event.cpu.to_le_bytes());
    if event.flags != 0 {
        put(out, &event.flags.to_le_bytes());
    }
    let start = out.len();
    put(out, &event.time_ns.to_le_bytes());
    put(out, &event.tid.to_le_bytes());
    put(out, &[0; 4]);
    put(out, &event.code.to_le_bytes());
    put(out, &to_u32(event.len()).to_le_bytes());
    let too_long = || {
        let message = "a parameter is longer than events of its code can have";
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    for param in event.params() {
        if wide {
            let length = u32::try_from(param.len()).map_err(|_| too_long())?;
            put(out, &length.to_le_bytes());
        } else {
            let length = u16::try_from(param.len()).map_err(|_| too_long())?;
            put(out, &length.to_le_bytes());
        }
    }
    event.params().for_each(|param| put(out, param));
    let length = u32::try_from(out.len() - start).map_err(|_| too_long())?;
    out[start + 16..start + 20].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

/// An entry with its size before it, which counts itself.
fn sized(out: &mut Vec<u8>, entry: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    put(out, &[0; 4]);
    entry(out);
    let size = to_u32(out.len() - start).to_le_bytes();
    out[start..start + 4].copy_from_slice(&size);
}

/// Text with its length before it, up to its first NUL.
fn text(out: &mut Vec<u8>, text: &[u8], limit: usize) {
    bytes(out, until_nul(text), limit);
}

/// Bytes with their length before them.
fn bytes(out: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    let bytes = cut(bytes, limit);
    put(out, &to_u16(bytes.len()).to_le_bytes());
    put(out, bytes);
}

fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    &bytes[..bytes.len().min(limit)]
}

fn address(out: &mut Vec<u8>, address: IpAddr, is_v4: bool) {
    match address {
        IpAddr::V4(address) if is_v4 => put(out, &address.octets()),
        address => put(out, &v6(address).octets()),
    }
}

fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// All entries are far shorter than this, as their texts are cut.
fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn to_u16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
