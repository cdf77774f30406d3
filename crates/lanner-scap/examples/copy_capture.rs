//! Copies a capture in the newest format: `copy_capture FROM TO [--raw]`.
//!
//! Events of older schemas are converted, unless `--raw` is given. Compare what
//! `sysdig -r` says of both.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use lanner_event::RawEvent;
use lanner_event::inventory::{Group, Interface, Process, User};
use lanner_scap::{Compression, Item, Options, Reader, Writer};

type Output = Writer<BufWriter<File>>;

/// Lists that go into one block each.
#[derive(Default)]
struct Lists {
    interfaces: Vec<Interface>,
    users: Vec<User>,
    groups: Vec<Group>,
    processes: Vec<Process>,
}

impl Lists {
    /// Writes what has come until now.
    fn write(&mut self, writer: &mut Output) -> std::io::Result<()> {
        if !self.interfaces.is_empty() {
            writer.interfaces(&self.interfaces)?;
        }
        if !self.users.is_empty() || !self.groups.is_empty() {
            writer.users(&self.users, &self.groups)?;
        }
        if !self.processes.is_empty() {
            writer.processes(&self.processes)?;
        }
        *self = Self::default();
        Ok(())
    }

    fn event(&mut self, writer: &mut Output, event: &RawEvent<'_>) -> std::io::Result<()> {
        self.write(writer)?;
        writer.event(event)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, rest @ ..] = arguments.as_slice() else {
        return Err("usage: copy_capture FROM TO [--raw]".into());
    };
    let options = Options {
        convert: rest.is_empty(),
        ..Options::default()
    };
    let mut reader = Reader::new(Box::new(File::open(from)?), options)?;
    let mut writer = Writer::new(BufWriter::new(File::create(to)?), Compression::Gzip)?;
    let mut lists = Lists::default();
    while let Some(item) = reader.next()? {
        match item {
            Item::Section => return Err("these are several captures in one file".into()),
            Item::Machine(machine) => writer.machine(&machine)?,
            Item::Interface(interface) => lists.interfaces.push(interface),
            Item::User(user) => lists.users.push(user),
            Item::Group(group) => lists.groups.push(group),
            Item::Process(process) => lists.processes.push(*process),
            Item::Descriptors { tid, list } => {
                lists.write(&mut writer)?;
                writer.descriptors(tid, &list)?;
            }
            Item::Event(event) => lists.event(&mut writer, &event)?,
        }
    }
    writer.finish()?;
    Ok(())
}
