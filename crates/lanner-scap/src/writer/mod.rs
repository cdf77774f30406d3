//! Writing captures that Falco, sysdig and [`crate::Reader`] read.

mod copier;
mod entries;
mod frame;

use std::io::{self, Write};

use flate2::write::GzEncoder;
use lanner_event::RawEvent;
use lanner_event::inventory::{Descriptor, Group, Interface, Machine, Process, User};
use lanner_event::schema::{self, Flags};

use crate::block;
use frame::Frame;

pub use copier::Copier;

/// How a capture is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// With gzip, as Falco and sysdig do.
    #[default]
    Gzip,
}

/// Writes a capture. What was there when it began comes first (in the order of
/// the methods: a process before its descriptors), then events.
///
/// Texts that are longer than readers take are cut.
pub struct Writer<W: Write> {
    output: Output<W>,
    frame: Frame,
    /// An event was written.
    events: bool,
}

enum Output<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(bytes),
            Self::Gzip(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            Self::Gzip(output) => output.flush(),
        }
    }
}

/// A list of processes goes into several blocks when it has more bytes than this.
const LIST: usize = 1 << 20;
/// What readers take in a block that is not for large events, its type and length left out.
const NORMAL_EVENT: usize = 64 << 10;

impl<W: Write> Writer<W> {
    /// Begins a capture. Give it something buffered.
    ///
    /// # Errors
    /// When the output cannot be written, as for all methods.
    pub fn new(output: W, compression: Compression) -> io::Result<Self> {
        let output = match compression {
            Compression::None => Output::Plain(output),
            Compression::Gzip => {
                let level = flate2::Compression::default();
                Output::Gzip(Box::new(GzEncoder::new(output, level)))
            }
        };
        let mut writer = Self {
            output,
            frame: Frame::default(),
            events: false,
        };
        writer.section()?;
        Ok(writer)
    }

    /// Begins another capture in the same file, which readers go on with after the first.
    ///
    /// # Errors
    /// When the output fails.
    pub fn section(&mut self) -> io::Result<()> {
        self.events = false;
        entries::section(self.frame.begin(block::SECTION));
        self.write()
    }

    /// The machine.
    ///
    /// # Errors
    /// When the output fails, or an event was written before.
    pub fn machine(&mut self, machine: &Machine) -> io::Result<()> {
        self.before_events()?;
        entries::machine(self.frame.begin(block::MACHINE), machine);
        self.write()
    }

    /// Addresses of network interfaces.
    ///
    /// # Errors
    /// As for [`Writer::machine`].
    pub fn interfaces(&mut self, interfaces: &[Interface]) -> io::Result<()> {
        // One block: readers forget a list when another one comes. So for users.
        self.before_events()?;
        let content = self.frame.begin(block::INTERFACES_V2);
        interfaces
            .iter()
            .for_each(|interface| entries::interface(content, interface));
        self.write()
    }

    /// Users and groups.
    ///
    /// # Errors
    /// As for [`Writer::machine`].
    pub fn users(&mut self, users: &[User], groups: &[Group]) -> io::Result<()> {
        self.before_events()?;
        let content = self.frame.begin(block::USERS_V2);
        users.iter().for_each(|user| entries::user(content, user));
        groups
            .iter()
            .for_each(|group| entries::group(content, group));
        self.write()
    }

    /// Threads that were running.
    ///
    /// # Errors
    /// As for [`Writer::machine`].
    pub fn processes<'p>(
        &mut self,
        processes: impl IntoIterator<Item = &'p Process>,
    ) -> io::Result<()> {
        self.before_events()?;
        let mut processes = processes.into_iter().peekable();
        while processes.peek().is_some() {
            let content = self.frame.begin(block::PROCESSES_V9);
            while content.len() < LIST
                && let Some(process) = processes.next()
            {
                entries::process(content, process);
            }
            self.write()?;
        }
        Ok(())
    }

    /// Descriptors that a thread had open.
    ///
    /// # Errors
    /// As for [`Writer::machine`].
    pub fn descriptors(&mut self, tid: i64, descriptors: &[Descriptor]) -> io::Result<()> {
        self.before_events()?;
        // Rather several blocks than a long one.
        for some in descriptors.chunks(4096) {
            let content = self.frame.begin(block::DESCRIPTORS_V2);
            content.extend_from_slice(&tid.to_le_bytes());
            some.iter()
                .for_each(|descriptor| entries::descriptor(content, descriptor));
            self.write()?;
        }
        Ok(())
    }

    /// An event, as it is.
    ///
    /// # Errors
    /// When the output fails, or a parameter is longer than events of its code can have.
    pub fn event(&mut self, event: &RawEvent<'_>) -> io::Result<()> {
        self.events = true;
        let flags = event.flags != 0;
        let wide =
            schema::event_type(event.code).is_some_and(|kind| kind.flags.has(Flags::LARGE_PAYLOAD));
        let content = self.frame.begin(0);
        entries::event(content, event, wide)?;
        // The length at the end counts, too.
        let large = wide || content.len() + block::TRAILER > NORMAL_EVENT;
        self.frame.set_kind(match (flags, large) {
            (false, false) => block::EVENT_V2,
            (true, false) => block::EVENT_FLAGS_V2,
            (false, true) => block::EVENT_V2_LARGE,
            (true, true) => block::EVENT_FLAGS_V2_LARGE,
        });
        self.write()
    }

    /// Ends the capture and gives back the output.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(self) -> io::Result<W> {
        match self.output {
            Output::Plain(mut output) => {
                output.flush()?;
                Ok(output)
            }
            Output::Gzip(output) => {
                let mut output = output.finish()?;
                output.flush()?;
                Ok(output)
            }
        }
    }

    fn before_events(&self) -> io::Result<()> {
        if self.events {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "lists come before events in a capture",
            ));
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        self.output.write_all(self.frame.end()?)
    }
}
