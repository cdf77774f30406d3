//! The fields of system call events: one module for each field class. Values
//! are those of Falco 0.44.1 (libs 0.25.4).

mod container;
mod evt;
mod fd;
mod fdlist;
mod fs;
mod join;
mod k8s;
mod mounts;
mod proc;
#[cfg(test)]
mod tests;
mod thread;
mod user;

use bumpalo::Bump;
use lanner_event::schema::Format;
use lanner_event::{ExtractorError, Values};

use crate::SyscallEvent;
use container::ContainerField;
use evt::Evt;
use fd::FdField;
use fdlist::FdList;
use fs::FsPath;
use k8s::K8sField;
use proc::ProcField;
use thread::ThreadField;
use user::{GroupField, UserField};

/// A field with its argument, resolved.
#[derive(Clone, Debug)]
pub enum Extractor {
    /// `evt.*` and `syscall.type`.
    Evt(Evt),
    /// `fd.*`.
    Fd(FdField),
    /// `fdlist.*`.
    FdList(FdList),
    /// `fs.path.*`.
    Fs(FsPath),
    /// `proc.*`.
    Proc(ProcField),
    /// `thread.*`.
    Thread(ThreadField),
    /// `user.*`.
    User(UserField),
    /// `group.*`.
    Group(GroupField),
    /// `container.*`.
    Container(ContainerField),
    /// `k8s.*` and `k8smeta.*`.
    K8s(K8sField),
    /// `json.*` and `jevt.*`: where the json plugin is loaded rules can use them, and events of
    /// system calls have no JSON.
    Json,
}

impl Extractor {
    /// Resolves a field.
    ///
    /// # Errors
    /// When there is no such field, or the argument is not valid for it.
    pub fn compile(field: &str, argument: Option<&str>) -> Result<Self, ExtractorError> {
        Evt::compile(field, argument)
            .map(|found| found.map(Self::Evt))
            .or_else(|| FdField::compile(field, argument).map(|found| found.map(Self::Fd)))
            .or_else(|| FdList::compile(field, argument).map(|found| found.map(Self::FdList)))
            .or_else(|| FsPath::compile(field, argument).map(|found| found.map(Self::Fs)))
            .or_else(|| ProcField::compile(field, argument).map(|found| found.map(Self::Proc)))
            .or_else(|| ThreadField::compile(field, argument).map(|found| found.map(Self::Thread)))
            .or_else(|| UserField::compile(field, argument).map(|found| found.map(Self::User)))
            .or_else(|| GroupField::compile(field, argument).map(|found| found.map(Self::Group)))
            .or_else(|| {
                ContainerField::compile(field, argument).map(|found| found.map(Self::Container))
            })
            .or_else(|| K8sField::compile(field, argument).map(|found| found.map(Self::K8s)))
            .or_else(|| {
                (field.starts_with("json.") || field.starts_with("jevt.")).then_some(Ok(Self::Json))
            })
            .unwrap_or_else(|| Err(unknown(field)))
    }

    /// Appends the values of the field; nothing when it is absent.
    pub fn extract<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        match self {
            Self::Evt(field) => field.extract(event, arena, out),
            Self::Fd(field) => field.extract(event, arena, out),
            Self::FdList(field) => field.extract(event, arena, out),
            Self::Fs(field) => field.extract(event, arena, out),
            Self::Proc(field) => field.extract(event, arena, out),
            Self::Thread(field) => field.extract(event, arena, out),
            Self::User(field) => field.extract(event, arena, out),
            Self::Group(field) => field.extract(event, arena, out),
            Self::Container(field) => field.extract(event, arena, out),
            Self::K8s(field) => field.extract(event, arena, out),
            Self::Json => {}
        }
    }

    /// How outputs show a number of this field.
    #[must_use]
    pub fn format(&self, event: &SyscallEvent<'_>) -> Format {
        match self {
            Self::Evt(field) => field.format(event),
            Self::Fd(FdField::Dev) => Format::Hexadecimal,
            _ => Format::Decimal,
        }
    }

    /// Why a field is absent that the container's runtime would have to tell.
    pub fn absence<'a>(&self, event: &'a SyscallEvent<'_>) -> Option<&'a str> {
        let is_told = match self {
            Self::Container(field) => field.is_told(),
            Self::K8s(field) => field.is_told(),
            _ => false,
        };
        let container = container::container(event).filter(|_| is_told)?;
        match container.metadata {
            Some(_) => None,
            None => container.problem.as_deref(),
        }
    }

    /// Whether the code of the event alone decides the value.
    #[must_use]
    pub fn decided_by_class(&self) -> bool {
        matches!(self, Self::Evt(field) if field.decided_by_class())
    }
}

fn missing_argument(field: &str) -> ExtractorError {
    ExtractorError {
        message: format!("`{field}` needs an argument"),
    }
}

fn unknown(field: &str) -> ExtractorError {
    ExtractorError {
        message: format!("system call events have no field `{field}`"),
    }
}
