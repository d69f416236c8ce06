//! The warnings of a response, within the limits of an API server.

use std::collections::HashSet;

use crate::validate::shortened;

/// The limit for one warning, in characters. An API server [truncates] longer ones to 256 when the
/// total is exceeded.
///
/// [truncates]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/warning.go
const WARNING_CHARACTERS: usize = 255;

/// The limit for all warnings of a response, in characters. An API server drops what exceeds 4096
/// per request. The difference is reserved for the line `and N more`.
const TOTAL_CHARACTERS: usize = 4096 - 64;

/// Deduplicates the lines, truncates each, and keeps as many as fit. The last line counts those
/// left out, including the `omitted` ones that are not in `lines`.
pub(super) fn limit_warnings(
    lines: impl IntoIterator<Item = String>,
    mut omitted: usize,
) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut remaining = TOTAL_CHARACTERS;
    let mut kept = Vec::new();
    for line in lines {
        let line = shortened(on_one_line(line), WARNING_CHARACTERS);
        if !seen.insert(line.clone()) {
            continue;
        }
        if let Some(rest) = remaining.checked_sub(line.chars().count()) {
            remaining = rest;
            kept.push(line);
        } else {
            // Stop here: a shorter line that follows must not take the place of this one.
            remaining = 0;
            omitted += 1;
        }
    }
    if omitted > 0 {
        kept.push(format!("and {omitted} more"));
    }
    kept
}

/// Replaces control characters, since a warning becomes an HTTP header.
pub(super) fn on_one_line(text: String) -> String {
    if text.contains(char::is_control) {
        return text.replace(char::is_control, " ");
    }
    text
}
