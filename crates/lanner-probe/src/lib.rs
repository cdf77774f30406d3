//! System calls from the running kernel: loads the eBPF probe (`probe/`), chooses what it tells of,
//! and reads its ring. Events come out in the form that captures have.
//!
//! Needs Linux ≥ 5.8 with type information (`/sys/kernel/btf/vmlinux`) on x86-64; elsewhere only the
//! table of system calls is there.

pub mod calls;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod clock;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod counters;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod error;
mod flags;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod loading;
mod places;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod probe;
pub mod record;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use counters::Counters;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use error::Error;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use probe::{Options, Probe};
