//! What the tests of all crates share: where the recorded inputs are.

use std::env::var_os;
use std::path::{Path, PathBuf};

/// The folder of real inputs with the verdicts of real systems: what
/// `LANNER_CAPTURES` names, `../shared/captures` beside the repository, or
/// `/work/shared/captures`. `None`, and a line that says so, where there is
/// none; as `tests/conftest.py`.
///
/// # Panics
/// When there is none although `LANNER_REQUIRE_CAPTURES` is set.
#[must_use]
pub fn captures() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let named = var_os("LANNER_CAPTURES").map(PathBuf::from);
    let places = [named, Some(beside), Some("/work/shared/captures".into())];
    let found = places.into_iter().flatten().find(|place| place.is_dir());
    if found.is_none() {
        let reason = "the folder of recorded inputs is not here (set LANNER_CAPTURES)";
        let required = var_os("LANNER_REQUIRE_CAPTURES").is_some_and(|value| !value.is_empty());
        assert!(!required, "{reason}");
        eprintln!("skipped: {reason}");
    }
    found
}

/// The folder of captures of system calls; see [`captures`].
#[must_use]
pub fn scap_folder() -> Option<PathBuf> {
    captures().map(|folder| folder.join("scap"))
}
