//! What loading needs, and how the loader's errors are told.

use std::fmt::Write as _;
use std::io;

use aya::maps::Map;
use aya::programs::{BtfTracePoint, ProgramError};
use aya::{Btf, Ebpf};
use aya_obj::btf::BtfKind;

use crate::error::Error;

/// The oldest kernel with all that the probe uses: ring buffers came with 5.8.
const OLDEST: (u32, u32) = (5, 8);

/// Major and minor version of a kernel's release: `6.1.0-18-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Refuses kernels that are too old.
pub(crate) fn check_release() -> Result<(), Error> {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    match version(&release) {
        Some(version) if version < OLDEST => Err(Error::Kernel(release.into_owned())),
        _ => Ok(()),
    }
}

/// An error with what caused it.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        // Writing to a string does not fail.
        let _ = write!(text, ": {one}");
        cause = one.source();
    }
    // The verifier says a lot; the end is what matters.
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    match lines.len() {
        0..=6 => text,
        many => format!("{} … {}", lines[0], lines[many - 5..].join("; ")),
    }
}

fn is_denied(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(error) = one.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::PermissionDenied
                && error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error());
        }
        cause = one.source();
    }
    false
}

/// What the kernel refuses.
pub(crate) fn refused(what: &'static str, error: &(dyn std::error::Error + 'static)) -> Error {
    if is_denied(error) {
        return Error::Privileges;
    }
    Error::Refused {
        what,
        reason: causes(error),
    }
}

pub(crate) fn types(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::NoTypes(causes(error))
}

/// The kernel's function that tells the verifier what a pointer points to, and the number that stands
/// for it in the probe.
const CAST: (&str, u32) = ("bpf_rdonly_cast", 0x7ff0_ca57);
/// A call of a helper, and what makes it one of a function of the kernel: the source register
/// (`BPF_PSEUDO_KFUNC_CALL`, include/uapi/linux/bpf.h). The number is in the last four bytes.
const CALL: [u8; 4] = [0x85, 0, 0, 0];
const CALL_OF_KERNEL: [u8; 4] = [0x85, 0x20, 0, 0];

/// A build of the probe with the kernel's own number for [`CAST`]. (The loader knows nothing of such
/// calls.)
pub(crate) fn with_cast(object: &[u8], kernel: &Btf) -> Result<Vec<u8>, Error> {
    let (name, placeholder) = CAST;
    let number = kernel
        .id_by_type_name_kind(name, BtfKind::Func)
        .map_err(|error| refused("probe", &error))?;
    let mut object = object.to_vec();
    // Instructions have eight bytes, and the sections that hold them are aligned so.
    for instruction in object.as_chunks_mut::<8>().0 {
        let (operation, constant) = instruction.split_at_mut(4);
        if operation == CALL && constant == placeholder.to_le_bytes() {
            operation.copy_from_slice(&CALL_OF_KERNEL);
            constant.copy_from_slice(&number.to_le_bytes());
        }
    }
    Ok(object)
}

/// A program of the probe.
pub(crate) fn program<'e>(
    ebpf: &'e mut Ebpf,
    name: &'static str,
) -> Result<&'e mut BtfTracePoint, Error> {
    let found = ebpf.program_mut(name).ok_or_else(|| missing(name))?;
    found
        .try_into()
        .map_err(|error: ProgramError| refused(name, &error))
}

/// A map of the probe.
pub(crate) fn take<M: TryFrom<Map>>(ebpf: &mut Ebpf, name: &'static str) -> Result<M, Error>
where
    M::Error: std::error::Error + 'static,
{
    let map = ebpf.take_map(name).ok_or_else(|| missing(name))?;
    M::try_from(map).map_err(|error| refused(name, &error))
}

fn missing(name: &'static str) -> Error {
    Error::Refused {
        what: name,
        reason: "it is not in the probe".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (release, expected) in [
            ("6.1.0-18-amd64", Some((6, 1))),
            ("5.10.0", Some((5, 10))),
            ("4.19-rc1", Some((4, 19))),
            ("strange", None),
            ("", None),
        ] {
            assert_eq!(version(release), expected, "{release}");
        }
        assert!(version("5.7.19") < Some(OLDEST));
    }
}
