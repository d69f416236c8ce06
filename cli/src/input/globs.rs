//! Paths with patterns.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A path with `*`, `?` or `[` that is not the name of a file.
pub(super) fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && path.symlink_metadata().is_err()
}

/// The directories of a glob before the first one with a pattern.
pub(super) fn literal_front(glob: &Path) -> PathBuf {
    let is_literal = |part: &&OsStr| !part.to_string_lossy().contains(['*', '?', '[']);
    glob.iter().take_while(is_literal).collect()
}

/// How the parts of a glob match: `*` and `?` match no `/`, and nothing at the start of a hidden name.
pub(super) const GLOB_OPTIONS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}
