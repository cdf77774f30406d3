//! Copying: what a reader gives, into another capture.

use std::io::{self, Write};

use lanner_event::RawEvent;
use lanner_event::inventory::{Group, Interface, Process, User};

use super::Writer;
use crate::item::Item;

/// Writes the items of one or more [`crate::Reader`]s, in their order.
pub struct Copier<W: Write> {
    writer: Writer<W>,
    lists: Lists,
}

/// Entries that go into one block each.
#[derive(Default)]
struct Lists {
    interfaces: Vec<Interface>,
    users: Vec<User>,
    groups: Vec<Group>,
    processes: Vec<Process>,
}

impl<W: Write> Copier<W> {
    /// Goes on where `writer` is.
    pub fn new(writer: Writer<W>) -> Self {
        Self {
            writer,
            lists: Lists::default(),
        }
    }

    /// Writes an item.
    ///
    /// # Errors
    /// When the output fails, or a list comes after events.
    pub fn item(&mut self, item: &Item<'_>) -> io::Result<()> {
        match item {
            Item::Event(event) => return self.event(event),
            Item::Section => {
                self.write_lists()?;
                self.writer.section()?;
            }
            Item::Machine(machine) => self.writer.machine(machine)?,
            Item::Interface(interface) => self.lists.interfaces.push(interface.clone()),
            Item::User(user) => self.lists.users.push(user.clone()),
            Item::Group(group) => self.lists.groups.push(group.clone()),
            Item::Process(process) => self.lists.processes.push(Process::clone(process)),
            Item::Descriptors { tid, list } => {
                self.write_lists()?;
                self.writer.descriptors(*tid, list)?;
            }
        }
        Ok(())
    }

    /// Writes an event.
    ///
    /// # Errors
    /// As for [`Writer::event`].
    pub fn event(&mut self, event: &RawEvent<'_>) -> io::Result<()> {
        self.write_lists()?;
        self.writer.event(event)
    }

    /// Ends the capture and gives back the output.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_lists()?;
        self.writer.finish()
    }

    fn write_lists(&mut self) -> io::Result<()> {
        let Lists {
            interfaces,
            users,
            groups,
            processes,
        } = &mut self.lists;
        if !interfaces.is_empty() {
            self.writer.interfaces(interfaces)?;
            interfaces.clear();
        }
        if !users.is_empty() || !groups.is_empty() {
            self.writer.users(users, groups)?;
            users.clear();
            groups.clear();
        }
        if !processes.is_empty() {
            self.writer.processes(processes.iter())?;
            processes.clear();
        }
        Ok(())
    }
}
