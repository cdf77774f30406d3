//! What the tests of captures share.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod synthetic;

use std::io::{self, Write};

use lanner_event::inventory::{Descriptor, Group, Interface, Machine, Process, User};
use lanner_event::{Header, RawEvent};
use lanner_scap::{Compression, Copier, Item, Options, Reader, ScapError, Writer};
use lanner_testing::scap_folder;

/// Captures of less than 100 kB.
pub const SMALL: [&str; 10] = [
    "cat_write",
    "connect_localhost",
    "curl_google",
    "curl_google_comments",
    "empty",
    "open-multiple-files",
    "ping_sendto",
    "single_ipv6_conn",
    "syscall",
    "test_ipv6_client",
];

/// A capture's bytes.
pub fn small(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(scap_folder()?.join(name).with_extension("scap")).unwrap())
}

/// An item that borrows nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    Section,
    Machine(Machine),
    Interface(Interface),
    User(User),
    Group(Group),
    Process(Box<Process>),
    Descriptors(i64, Vec<Descriptor>),
    Event(Header, Vec<Vec<u8>>),
}

impl From<Item<'_>> for Owned {
    fn from(item: Item<'_>) -> Self {
        match item {
            Item::Section => Self::Section,
            Item::Machine(machine) => Self::Machine(machine),
            Item::Interface(interface) => Self::Interface(interface),
            Item::User(user) => Self::User(user),
            Item::Group(group) => Self::Group(group),
            Item::Process(process) => Self::Process(process),
            Item::Descriptors { tid, list } => Self::Descriptors(tid, list),
            Item::Event(event) => {
                Self::Event(event.header(), event.params().map(<[u8]>::to_vec).collect())
            }
        }
    }
}

/// As recorded, without conversion.
pub fn raw() -> Options {
    Options {
        convert: false,
        ..Options::default()
    }
}

/// Everything up to the end or to an error.
pub fn read(bytes: Vec<u8>, options: Options) -> (Vec<Owned>, Option<ScapError>) {
    let mut items = Vec::new();
    let mut reader = match Reader::new(Box::new(std::io::Cursor::new(bytes)), options) {
        Ok(reader) => reader,
        Err(error) => return (items, Some(error)),
    };
    loop {
        match reader.next() {
            Ok(Some(item)) => items.push(item.into()),
            Ok(None) => return (items, None),
            Err(error) => {
                // One error, and the end.
                assert!(matches!(reader.next(), Ok(None)));
                return (items, Some(error));
            }
        }
    }
}

/// A capture of the items.
pub fn write(items: &[Owned], compression: Compression) -> Vec<u8> {
    let writer = Writer::new(Vec::new(), compression).unwrap();
    let mut copier = Copier::new(writer);
    for item in items {
        copy(&mut copier, item).unwrap();
    }
    copier.finish().unwrap()
}

/// Copies an item.
pub fn copy<W: Write>(copier: &mut Copier<W>, item: &Owned) -> io::Result<()> {
    let item = match item.clone() {
        Owned::Event(header, params) => {
            return with_event(header, &params, |event| copier.event(event));
        }
        Owned::Section => Item::Section,
        Owned::Machine(machine) => Item::Machine(machine),
        Owned::Interface(interface) => Item::Interface(interface),
        Owned::User(user) => Item::User(user),
        Owned::Group(group) => Item::Group(group),
        Owned::Process(process) => Item::Process(process),
        Owned::Descriptors(tid, list) => Item::Descriptors { tid, list },
    };
    copier.item(&item)
}

/// Hands an event to a function.
pub fn with_event<T>(
    header: Header,
    params: &[Vec<u8>],
    then: impl FnOnce(&RawEvent<'_>) -> T,
) -> T {
    let length = |param: &Vec<u8>| u32::try_from(param.len()).unwrap().to_le_bytes();
    let lengths: Vec<_> = params.iter().map(length).collect();
    let data = params.concat();
    let lengths = lanner_event::Lengths::Long(&lengths);
    then(&RawEvent::new(header, lengths, &data).unwrap())
}
