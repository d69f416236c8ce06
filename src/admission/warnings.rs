//! The warnings of a response, within the limits of an API server.

use std::collections::HashSet;

use crate::validate::shortened;

/// Characters of one warning. An API server [truncates] longer ones to 256 when the total is exceeded.
///
/// [truncates]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/warning.go
const WARNING_CHARACTERS: usize = 255;

/// Characters of all warnings of a response. An API server drops what exceeds 4096 for a request; the
/// rest of those is for the line `and N more`.
const TOTAL_CHARACTERS: usize = 4096 - 64;

/// The distinct lines, each on one line and truncated, as many as fit. The last line says how many are
/// left out, including the `omitted` ones that are not among `lines`.
pub(super) fn fitted(lines: impl IntoIterator<Item = String>, mut omitted: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut room = TOTAL_CHARACTERS;
    let mut fitting = Vec::new();
    for line in lines {
        let line = shortened(on_one_line(line), WARNING_CHARACTERS);
        if !seen.insert(line.clone()) {
            continue;
        }
        if let Some(left) = room.checked_sub(line.chars().count()) {
            room = left;
            fitting.push(line);
        } else {
            // A shorter line that follows must not take the place of this one.
            room = 0;
            omitted += 1;
        }
    }
    if omitted > 0 {
        fitting.push(format!("and {omitted} more"));
    }
    fitting
}

/// Replaces control characters: a warning becomes an HTTP header.
pub(super) fn on_one_line(text: String) -> String {
    if text.contains(char::is_control) {
        return text.replace(char::is_control, " ");
    }
    text
}
