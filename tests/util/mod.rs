//! What several test files share.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Reads a file that must be JSON.
#[track_caller]
#[expect(clippy::panic, reason = "a test file that cannot be read is a broken test")]
pub(crate) fn read_json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Applies a JSON Patch.
#[track_caller]
#[expect(clippy::panic, reason = "a patch that does not apply is a broken test")]
pub(crate) fn patched(document: &Value, patch: &Value) -> Value {
    let mut result = document.clone();
    let patch: json_patch::Patch =
        serde_json::from_value(patch.clone()).unwrap_or_else(|error| panic!("{patch}: {error}"));
    json_patch::patch(&mut result, &patch).unwrap_or_else(|error| panic!("{error}"));
    result
}
