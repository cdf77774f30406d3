//! Where bytes come from: files, standard input, memory; plain, gzip or
//! zstandard, told apart by their first bytes.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use lanner_event::input::{Compressed, Counting};

/// One input of a scan.
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// Bytes in memory, with a name for messages.
    Bytes {
        /// What messages call it.
        name: String,
        /// The content.
        data: Vec<u8>,
    },
    /// Anything else that bytes come from.
    Reader {
        /// What messages call it.
        name: String,
        /// Where they come from; read to its end.
        reader: Box<dyn Read + Send>,
    },
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({})", self.name())
    }
}

impl Input {
    /// What messages call the input.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdin => "<stdin>".into(),
            Self::Bytes { name, .. } | Self::Reader { name, .. } => name.clone(),
        }
    }
}

/// An input that cannot be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// Name of the input.
    pub path: String,
    /// What kind of trouble.
    pub kind: io::ErrorKind,
    /// For people.
    pub message: String,
}

impl InputError {
    pub(super) fn new(path: &str, error: &io::Error) -> Self {
        Self {
            path: path.into(),
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for InputError {}

/// An open input, decompressed.
pub(super) struct Opened {
    pub reader: Box<dyn Read + Send>,
    /// Bytes read so far as they are stored.
    pub stored_bytes: Arc<AtomicU64>,
}

/// Opens an input.
pub(super) fn open(input: Input) -> io::Result<Opened> {
    let raw: Box<dyn Read + Send> = match input {
        Input::Path(path) => Box::new(File::open(path)?),
        Input::Stdin => Box::new(io::stdin()),
        Input::Bytes { data, .. } => Box::new(Cursor::new(data)),
        Input::Reader { reader, .. } => reader,
    };
    let stored_bytes = Arc::new(AtomicU64::new(0));
    let mut raw = Counting::new(raw, Arc::clone(&stored_bytes));
    let mut head = Vec::with_capacity(Compressed::HEAD_BYTES);
    raw.by_ref()
        .take(Compressed::HEAD_BYTES as u64)
        .read_to_end(&mut head)?;
    let compressed = Compressed::of(&head);
    let whole = Cursor::new(head).chain(raw);
    let reader: Box<dyn Read + Send> = match compressed {
        // Log rotation by append makes files of several members.
        Some(Compressed::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        Some(Compressed::Zstd) => Box::new(zstd::stream::read::Decoder::new(whole)?),
        None => Box::new(whole),
    };
    Ok(Opened {
        reader,
        stored_bytes,
    })
}
