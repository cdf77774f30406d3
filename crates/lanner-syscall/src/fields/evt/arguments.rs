//! `evt.arg.…`, `evt.rawarg.…`: the parameters of the event.

use bumpalo::Bump;
use lanner_event::schema::{Format, event_types};
use lanner_event::{ExtractorError, Value};

use crate::SyscallEvent;
use crate::params;

/// A parameter by name or position.
#[derive(Clone, Debug)]
pub enum Argument {
    /// `evt.arg[0]`.
    At(usize),
    /// `evt.arg.flags`.
    Named(Named),
}

/// A parameter by name: where each event type has it.
#[derive(Clone, Debug)]
pub struct Named {
    /// By event code; [`NOWHERE`] for types that do not have it.
    positions: Box<[u8]>,
}

/// The position of a parameter that an event type does not have. No type has
/// so many.
const NOWHERE: u8 = u8::MAX;

impl Named {
    /// Looks a name up in the event table.
    pub(super) fn compile(name: &str) -> Result<Self, ExtractorError> {
        let position = |code| {
            let found = params::index_of(code, name);
            found.and_then(|index| u8::try_from(index).ok())
        };
        let positions = event_types().map(|event| position(event.code).unwrap_or(NOWHERE));
        let positions: Box<[u8]> = positions.collect();
        if positions.iter().all(|position| *position == NOWHERE) {
            let message = format!("unknown event argument {name}");
            return Err(ExtractorError { message });
        }
        Ok(Self { positions })
    }

    fn position(&self, event: &SyscallEvent<'_>) -> Option<usize> {
        let position = *self.positions.get(usize::from(event.raw.code))?;
        (position != NOWHERE).then_some(usize::from(position))
    }

    /// The bytes of the parameter.
    pub(super) fn bytes<'a>(&self, event: &SyscallEvent<'a>) -> Option<&'a [u8]> {
        event.raw.param(self.position(event)?)
    }

    /// How the parameter is shown.
    pub(super) fn format(&self, event: &SyscallEvent<'_>) -> Format {
        let param = self
            .position(event)
            .and_then(|at| event.kind.params.get(at));
        param.map_or(Format::Decimal, |param| param.format)
    }

    /// The parameter as it is, of the type that the event has it in.
    pub(super) fn value<'a>(&self, event: &SyscallEvent<'a>) -> Option<Value<'a>> {
        params::value(event, self.position(event)?)
    }
}

impl Argument {
    /// Reads the argument of the field.
    pub(super) fn compile(argument: Option<&str>) -> Result<Self, ExtractorError> {
        let argument = needed("evt.arg", argument)?;
        match argument.parse() {
            Ok(index) => Ok(Self::At(index)),
            Err(_) => Named::compile(argument).map(Self::Named),
        }
    }

    /// The parameter as text: what it means, else its value.
    pub(super) fn text<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump) -> Option<&'a [u8]> {
        let index = match self {
            Self::Named(name) => name.position(event)?,
            Self::At(index) => *index,
        };
        params::show(event, index, arena).map(params::Shown::best)
    }
}

/// The argument of a field that does not go without.
pub(super) fn needed<'t>(
    field: &str,
    argument: Option<&'t str>,
) -> Result<&'t str, ExtractorError> {
    argument.ok_or_else(|| ExtractorError {
        message: format!("`{field}` needs an argument"),
    })
}
