//! The names of files as code hosts want them: relative to the folder of the sources.

use std::borrow::Cow;
use std::env;
use std::path::{MAIN_SEPARATOR_STR, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::paths::normal;

/// The folder to which names are relative.
pub(super) struct SourceRoot {
    working_directory: PathBuf,
    root: PathBuf,
}

/// What a URI has as it is.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl SourceRoot {
    pub(super) fn working_directory() -> Self {
        let working_directory = env::current_dir().unwrap_or_default();
        Self { root: working_directory.clone(), working_directory }
    }

    /// The folder of the repository in a job of GitHub Actions, else the working directory.
    pub(super) fn github_workspace() -> Self {
        let here = Self::working_directory();
        match env::var_os("GITHUB_WORKSPACE").map(PathBuf::from) {
            Some(root) if root.is_absolute() => Self { root: normal(&root), ..here },
            _ => here,
        }
    }

    /// The path of a file below the root, else its absolute path. `None` if there is no such file, as for
    /// standard input.
    pub(super) fn path(&self, file: &str) -> Option<PathBuf> {
        let absolute = normal(&self.working_directory.join(file));
        if !absolute.is_file() {
            return None;
        }
        let relative = absolute.strip_prefix(&self.root).map(Path::to_path_buf);
        Some(relative.unwrap_or(absolute))
    }

    /// The same as a text.
    pub(super) fn path_text(&self, file: &str) -> Option<String> {
        self.path(file).map(|path| with_slashes(&path))
    }
}

/// The path with `/` between its steps.
fn with_slashes(path: &Path) -> String {
    path.to_string_lossy().replace(MAIN_SEPARATOR_STR, "/")
}

/// The URI of a path: a relative reference, or `file://` for an absolute path.
pub(super) fn uri(path: &Path) -> String {
    let text = with_slashes(path);
    let encoded: Cow<'_, str> = utf8_percent_encode(text.trim_start_matches('/'), ENCODED).into();
    if path.is_absolute() { format!("file:///{encoded}") } else { encoded.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_percent_encoded() {
        for (path, expected) in [
            ("jobs/a.yaml", "jobs/a.yaml"),
            ("a b%/ü:#?.yaml", "a%20b%25/%C3%BC%3A%23%3F.yaml"),
            ("/tmp/<a>.json", "file:///tmp/%3Ca%3E.json"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
    }
}
