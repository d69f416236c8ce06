//! The warnings of an answer, within what an API server passes on.

use std::collections::HashSet;

use crate::validate::shortened;

/// Characters of one warning; an API server [cuts] what is longer.
///
/// [cuts]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/warning.go
const CHARACTERS: usize = 255;

/// Characters of all warnings. Beyond 4096 for a request an API server passes on no more.
const TOTAL: usize = 4096;

/// What the line needs that counts the rest.
const RESERVED: usize = 64;

/// The lines, each once and on one line, as many as there is room for; what is left out is counted,
/// with what was `omitted` before.
pub(super) fn fitted(lines: impl IntoIterator<Item = String>, mut omitted: usize) -> Vec<String> {
    let mut known = HashSet::new();
    let mut room = TOTAL.saturating_sub(RESERVED);
    let mut fitting = Vec::new();
    for line in lines {
        let line = shortened(on_one_line(line), CHARACTERS);
        if !known.insert(line.clone()) {
            continue;
        }
        let length = line.chars().count();
        if length > room {
            omitted = omitted.saturating_add(1);
            room = 0;
            continue;
        }
        room = room.saturating_sub(length);
        fitting.push(line);
    }
    if omitted > 0 {
        fitting.push(format!("and {omitted} more"));
    }
    fitting
}

/// A warning goes into an HTTP header, which has no room for control characters.
pub(super) fn on_one_line(text: String) -> String {
    if text.contains(char::is_control) {
        return text.replace(char::is_control, " ");
    }
    text
}
