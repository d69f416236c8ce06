//! Helpers of several test files.

mod patch;

use std::fs;
use std::path::Path;

use serde_json::Value;

pub(crate) use patch::patched;

/// Reads a file that must be JSON.
#[track_caller]
#[expect(clippy::panic, reason = "a test file that cannot be read is a broken test")]
pub(crate) fn read_json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
