//! See docs/architecture.md.

pub mod event;
pub mod fields;
pub mod json;
pub mod reader;
pub mod time;
