//! JSON Patches of test cases.

use serde_json::Value;

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
