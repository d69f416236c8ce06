//! Files and standard input, up to a limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A file cannot be read or written. `Display` is one line with the name of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Reading failed: the file does not exist, is a directory, …
    #[error("cannot read {name}: {error}")]
    Read {
        /// The file, as [`display_name`] gives it.
        name: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Writing failed.
    #[error("cannot write {name}: {error}")]
    Write {
        /// The file, as [`display_name`] gives it.
        name: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The file is larger than the limit.
    #[error("{name}: the text must be no longer than {limit} bytes")]
    TooLong {
        /// The file, as [`display_name`] gives it.
        name: String,
        /// The limit in bytes.
        limit: usize,
    },
}

impl FileError {
    /// Creates the error for reading a file.
    pub(crate) fn read(path: &Path, error: io::Error) -> Self {
        Self::Read { name: display_name(path), error }
    }

    /// Creates the error for writing a file.
    #[cfg(feature = "tls")]
    pub(crate) fn write(path: &Path, error: io::Error) -> Self {
        Self::Write { name: display_name(path), error }
    }
}

/// Reads a file, or standard input if the path is `-`.
///
/// # Errors
///
/// The file cannot be read, or has more than `limit` bytes.
pub fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    // Reading one byte more shows whether the file is too large.
    let text = read_prefix(path, limit.saturating_add(1))?;
    if text.len() > limit {
        return Err(FileError::TooLong { name: display_name(path), limit });
    }
    Ok(text)
}

/// Reads at most the first `length` bytes of a file, or of standard input if the path is `-`.
///
/// # Errors
///
/// The file cannot be read.
pub fn read_prefix(path: &Path, length: usize) -> Result<Vec<u8>, FileError> {
    let text = if is_stdin(path) {
        read_up_to(length, io::stdin().lock(), 0)
    } else {
        File::open(path).and_then(|file| {
            // One byte more, so that its end is read without another buffer. A pipe has no size.
            let size = file.metadata()?.len().saturating_add(1);
            read_up_to(length, file, usize::try_from(size).unwrap_or(usize::MAX))
        })
    };
    text.map_err(|error| FileError::read(path, error))
}

/// Reads at most `length` bytes, probably `expected`.
fn read_up_to(length: usize, from: impl Read, expected: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(expected.min(length));
    from.take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(&mut text)?;
    Ok(text)
}

/// Whether a path means standard input: `-`.
#[must_use]
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name of a file for a message: on one line, even if it contains line breaks.
#[must_use]
pub fn display_name(path: &Path) -> String {
    if is_stdin(path) {
        return "standard input".into();
    }
    path.display().to_string().escape_debug().to_string()
}
