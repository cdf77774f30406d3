//! What loading needs, and how the loader's errors are told.

use std::fmt::Write as _;
use std::io;

use aya::Ebpf;
use aya::maps::Map;
use aya::programs::{BtfTracePoint, ProgramError};

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
