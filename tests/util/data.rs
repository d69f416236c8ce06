//! The data that is no part of this repository; without it a test does nothing, and says so.

use std::fs;
use std::path::{Path, PathBuf};

/// A file or folder of the data, if it is there. Where everything must be tested, it must be.
#[expect(clippy::print_stderr, reason = "a test that is skipped must not be silent")]
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is missing, so nothing was compared",
        path.display()
    );
    eprintln!("SKIPPED: {} is missing, so nothing was compared", path.display());
    None
}

#[expect(clippy::print_stderr, reason = "how much was compared is part of the result")]
pub(crate) fn report(count: usize, what: &str) {
    assert!(count > 0, "no {what}: the data is there, but in another form");
    eprintln!("compared: {count} {what}");
}

/// The JSON files of a folder, in the order of their names.
#[expect(clippy::panic, reason = "a folder that cannot be read is a broken test")]
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}
