//! Folders of JSON files.

use std::fs;
use std::path::{Path, PathBuf};

/// The JSON files of a folder, in the order of their names.
#[expect(clippy::panic, reason = "a folder that cannot be read is a broken test")]
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}
