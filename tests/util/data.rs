//! The data that is no part of this repository; without it a test does nothing, and says so.

use std::path::{Path, PathBuf};

/// A file or folder of the data, if it is there. Where everything must be tested, it must be.
#[expect(clippy::print_stderr, reason = "a test that is skipped must not be silent")]
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let beside = |root: &Path| root.parent().map(|parent| parent.join("shared").join(name));
    // The package is the root of the repository, or a folder in it.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let roots = [Some(package), package.parent()];
    let mut paths = roots.into_iter().flatten().filter_map(beside);
    let path = paths.find(|path| path.exists());
    if path.is_some() {
        return path;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "../shared/{name} is missing, so nothing was compared"
    );
    eprintln!("SKIPPED: ../shared/{name} is missing, so nothing was compared");
    None
}

#[expect(clippy::print_stderr, reason = "how much was compared is part of the result")]
pub(crate) fn report(count: usize, what: &str) {
    assert!(count > 0, "no {what}: the data is there, but in another form");
    eprintln!("compared: {count} {what}");
}
