//! The internals of this crate that the programs use.
//!
//! Not part of the public interface: it may change in any release.

use crate::go;
pub use crate::go::Indenter;

/// Indents compact JSON by two spaces a level, as Go's `json.MarshalIndent` does.
#[must_use]
pub fn indent(json: &str) -> String {
    go::indent(json)
}

/// Appends a text as a string in JSON, with Go's escapes.
pub fn write_string(json: &mut String, text: &str) {
    go::write_string(json, text);
}
