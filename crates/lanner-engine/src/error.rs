//! Why a plan was refused.

use std::fmt;

/// A plan that the engine cannot run: not JSON, of another version, with a
/// reference to nowhere, or with an operator that its operand does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    message: String,
}

impl PlanError {
    /// An error with this message, for people.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for PlanError {}
