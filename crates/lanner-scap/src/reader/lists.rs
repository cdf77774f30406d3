//! The lists that a capture begins with.

use super::{DESCRIPTORS, List, Reader};
use crate::block::{Block, HEADER, TRAILER};
use crate::error::ScapError;
use crate::item::Item;
use crate::parse::cursor::{Cursor, Fault};
use crate::parse::{descriptors, interfaces, machine, process, users};

impl Reader {
    /// The machine block that begins here.
    pub(super) fn machine(&mut self, total: u32) -> Result<Item<'static>, ScapError> {
        // Newer libraries may append to it; a page is plenty for what is known.
        const KNOWN: usize = 4096;
        self.window.consume(HEADER);
        let content = total as usize - HEADER - TRAILER;
        let want = content.min(KNOWN);
        if !self.window.need(want) {
            return Err(self.cut_short());
        }
        let machine = machine::machine(&self.window.bytes()[..want]).map_err(|_| {
            self.damaged("the machine block is too short: the capture is damaged here")
        })?;
        if !self.window.skip(content as u64) {
            return Err(self.cut_short());
        }
        self.trailer(total)?;
        Ok(Item::Machine(machine))
    }

    /// Begins with the list in the block that begins here.
    pub(super) fn begin_list(&mut self, block: Block, total: u32) -> Result<(), ScapError> {
        let end = self.window.offset() + u64::from(total) - TRAILER as u64;
        self.window.consume(HEADER);
        let mut tid = 0;
        if matches!(block, Block::Descriptors { .. }) {
            if end - self.window.offset() < 8 {
                return Err(
                    self.damaged("a list of descriptors is too short: the capture is damaged here")
                );
            }
            if !self.window.need(8) {
                return Err(self.cut_short());
            }
            tid = Cursor::new(self.window.bytes()).i64().unwrap_or_default();
            self.window.consume(8);
        }
        self.list = Some(List {
            block,
            total,
            end,
            tid,
        });
        Ok(())
    }

    /// The next entry of the list; `None` when there are no more.
    pub(super) fn next_entry(&mut self) -> Result<Option<Item<'static>>, ScapError> {
        let Some(List { block, tid, .. }) = self.list else {
            return Ok(None);
        };
        match block {
            Block::Processes(version) => self.entry(process::ENTRY, |cursor| {
                let (process, rest) = process::process(cursor, version)?;
                Ok((Item::Process(Box::new(process)), rest))
            }),
            Block::Interfaces { sized } => self.entry(interfaces::ENTRY, |cursor| {
                let (interface, rest) = interfaces::interface(cursor, sized)?;
                Ok((Item::Interface(interface), rest))
            }),
            Block::Users { sized } => {
                self.entry(users::ENTRY, |cursor| users::user_or_group(cursor, sized))
            }
            Block::Descriptors { sized } => self.descriptors(tid, sized),
            _ => {
                self.list = None;
                Ok(None)
            }
        }
    }

    /// Descriptors up to the end of the list, or as many as one item holds.
    /// Those before a damage come first, then the error.
    fn descriptors(&mut self, tid: i64, sized: bool) -> Result<Option<Item<'static>>, ScapError> {
        if let Some(error) = self.held_back.take() {
            return Err(error);
        }
        let mut list = Vec::new();
        while list.len() < DESCRIPTORS {
            let entry = self.entry(descriptors::ENTRY, |cursor| {
                descriptors::descriptor(cursor, sized)
            });
            match entry {
                Ok(Some(descriptor)) => list.push(descriptor),
                Ok(None) => break,
                Err(error) if list.is_empty() => return Err(error),
                Err(error) => {
                    self.held_back = Some(error);
                    break;
                }
            }
        }
        Ok((!list.is_empty()).then_some(Item::Descriptors { tid, list }))
    }

    /// One entry, at most `longest` bytes long in what is known here. `parse`
    /// says how many more bytes belong to it.
    fn entry<T>(
        &mut self,
        longest: usize,
        parse: impl FnOnce(&mut Cursor<'_>) -> Result<(T, u32), Fault>,
    ) -> Result<Option<T>, ScapError> {
        let Some(List { end, total, .. }) = self.list else {
            return Ok(None);
        };
        let left = end - self.window.offset();
        // What is shorter than a number is padding.
        if left < 4 {
            if !self.window.skip(left) {
                return Err(self.cut_short());
            }
            self.trailer(total)?;
            self.list = None;
            return Ok(None);
        }
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(longest);
        let complete = self.window.need(want);
        let bytes = self.window.bytes();
        let mut cursor = Cursor::new(&bytes[..bytes.len().min(want)]);
        match parse(&mut cursor) {
            Ok((item, rest)) => {
                let size = cursor.read() as u64 + u64::from(rest);
                if size > left {
                    return Err(self
                        .damaged("an entry is longer than its list: the capture is damaged here"));
                }
                if self.window.skip(size) {
                    Ok(Some(item))
                } else {
                    Err(self.cut_short())
                }
            }
            Err(Fault::Short) if !complete => Err(self.cut_short()),
            Err(Fault::Short) => {
                Err(self.damaged("an entry is longer than its list: the capture is damaged here"))
            }
            Err(Fault::Wrong(what)) => Err(self.damaged(format!(
                "the {what} in an entry of a list cannot be right: the capture is damaged here"
            ))),
        }
    }
}
