//! Capture files (`.scap`): blocks, the lists that a capture begins with, and
//! events; reading and writing.
//!
//! A capture is a row of blocks, each with its type, its length, and its length
//! once more at the end (the frame of pcapng files). The first says that it is a
//! capture; lists of what was there follow (machine, interfaces, users,
//! processes, descriptors), then events. Facts on the format:
//! falcosecurity/libs 0.25.4, `userspace/libscap/scap_savefile.h` and
//! `engine/savefile`.

mod ahead;
mod block;
mod convert;
mod error;
mod input;
mod item;
mod parse;
mod reader;
mod window;
mod writer;

pub use error::{ErrorKind, ScapError};
pub use item::{Counters, Item};
pub use reader::{Options, Reader};
pub use writer::{Compression, Copier, Writer};
