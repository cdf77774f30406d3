//! What stands in blocks.

pub(crate) mod cursor;
pub(crate) mod descriptors;
pub(crate) mod event;
pub(crate) mod interfaces;
pub(crate) mod machine;
pub(crate) mod process;
pub(crate) mod users;
