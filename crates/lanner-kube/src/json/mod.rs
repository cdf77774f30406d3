//! A lazy JSON reader: one pass finds the structure and checks the grammar,
//! values are looked at only when somebody asks.
//!
//! Why our own: an audit log is hundreds of bytes a record and rules need a
//! dozen short strings of it. `sonic-rs` chooses its instructions at compile
//! time and falls back to plain loops in a wheel that must run on every
//! x86-64; a tape (`simd-json`) or a tree (`serde_json`) is built in full for
//! every record. Here 64 bytes at a time become bit masks (SSE2, which every
//! x86-64 has; AVX2 where the machine has it, found at run time; plain
//! arithmetic elsewhere), as described by Langdale and Lemire in "Parsing
//! Gigabytes of JSON per Second", and a second pass over the positions checks
//! the grammar and links each bracket with its partner, so that skipping a
//! value costs nothing. Numbers: `examples/bench_kube.rs`.

mod blocks;
mod index;
mod node;
mod scalar;
mod structure;
#[cfg(test)]
mod tests;
mod text;

pub use index::{Index, MAX_DEPTH, SyntaxError};
pub(crate) use node::Slot;
pub use node::{Elements, Kind, Members, Node};
pub(crate) use scalar::is_space;
pub(crate) use text::check_escapes;
pub use text::{compact, indent, quote, unescape};
