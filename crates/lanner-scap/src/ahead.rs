//! Reading and inflating on another thread, some chunks ahead.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::window::{HISTORY, Source};

/// How much a chunk has besides what came before it.
const ROOM: usize = 256 << 10;
/// How many chunks may wait.
const WAITING: usize = 4;

/// Bytes of the capture: `bytes[HISTORY..end]`, and before them those that came before.
pub(crate) struct Chunk {
    pub bytes: Vec<u8>,
    pub end: usize,
}

/// The receiving end. The thread ends when this is dropped, or the source ends.
pub(crate) struct Ahead {
    chunks: Receiver<io::Result<Chunk>>,
    spent: Sender<Vec<u8>>,
}

impl Ahead {
    /// Starts the thread.
    pub(crate) fn new(source: Box<dyn Source>) -> io::Result<Self> {
        let (send, chunks) = sync_channel(WAITING);
        let (spent, reuse) = channel();
        thread::Builder::new()
            .name("lanner-inflate".to_owned())
            .spawn(move || run(source, &send, &reuse))?;
        Ok(Self { chunks, spent })
    }

    /// The next chunk; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<io::Result<Chunk>> {
        self.chunks.recv().ok()
    }

    /// Gives back the memory of a chunk.
    pub(crate) fn give_back(&self, bytes: Vec<u8>) {
        // The thread may have ended; then nobody needs it.
        let _ = self.spent.send(bytes);
    }
}

/// Makes chunks until the source ends, or nobody wants them.
fn run(
    mut source: Box<dyn Source>,
    send: &SyncSender<io::Result<Chunk>>,
    reuse: &Receiver<Vec<u8>>,
) {
    let mut history = vec![0; HISTORY];
    loop {
        let mut bytes = reuse.try_recv().unwrap_or_default();
        bytes.resize(HISTORY + ROOM, 0);
        bytes[..HISTORY].copy_from_slice(&history);
        let mut end = HISTORY;
        let fault = loop {
            match source.fill(&mut bytes, end) {
                Ok(0) => break Some(Ok(())),
                Ok(got) => end = bytes.len().min(end + got),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => break Some(Err(fault)),
            }
            if end == bytes.len() {
                break None;
            }
        };
        history.copy_from_slice(&bytes[end - HISTORY..end]);
        if end > HISTORY && send.send(Ok(Chunk { bytes, end })).is_err() {
            return;
        }
        match fault {
            None => {}
            Some(Ok(())) => return,
            Some(Err(fault)) => {
                // Nobody may be left to hear of it.
                let _ = send.send(Err(fault));
                return;
            }
        }
    }
}
