//! The output of a command and its exit status.

use std::io::{self, Write};

use serde::Serialize;
use volcano_job_update_programs::printable;

use crate::error::Error;

/// Begins the codes of colours.
const ESCAPE: char = '\u{1b}';

/// The text for standard output, and the exit status.
pub(crate) struct Output {
    text: String,
    is_positive: bool,
}

impl Output {
    /// Output with exit status 0.
    pub(crate) fn success(text: String) -> Self {
        Self { text, is_positive: true }
    }

    /// Output that answers a question: the exit status is 0 if the answer is positive (allowed, no
    /// changes) and 1 if it is negative.
    pub(crate) fn answer(text: String, is_positive: bool) -> Self {
        Self { text, is_positive }
    }

    /// The exit status.
    pub(crate) fn exit_status(&self) -> u8 {
        u8::from(!self.is_positive)
    }

    pub(crate) fn print(&self) -> Result<(), Error> {
        print(&self.text)
    }
}

/// Prints to standard output. A closed pipe is not an error.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    // The text of a Job must not control the terminal. In JSON the escapes mean the same. Reports
    // escape texts themselves, so what is left of the escape character are colours, which the stream
    // takes away if they are not wanted.
    let text = printable(text, &['\n', ESCAPE]);
    match write_to(anstream::stdout().lock(), &text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Error::Output),
    }
}

/// Prints an error to standard error, where nothing can be done if that fails.
pub(crate) fn error(error: &Error) {
    let text = error.to_string();
    drop(writeln!(anstream::stderr(), "error: {}", printable(&text, &['\n'])));
}

/// Prints a warning to standard error. A warning that cannot be printed is dropped: the output matters
/// more.
pub(crate) fn warn(warning: &str) {
    drop(writeln!(anstream::stderr(), "Warning: {}", printable(warning, &[])));
}

/// Prints to standard error what helps to understand the output.
pub(crate) fn note(text: &str) {
    drop(writeln!(anstream::stderr(), "note: {}", printable(text, &[])));
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A document as JSON, without a line break at the end.
#[expect(clippy::expect_used, reason = "the documents of this program always serialize")]
pub(crate) fn to_json(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("it has only values of JSON, under string keys")
}

/// A document as JSON, with a line break at the end, as commands print it.
pub(crate) fn json_text(document: &impl Serialize) -> String {
    to_json(document) + "\n"
}
