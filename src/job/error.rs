//! Errors of reading a Job.

use std::fmt;

use super::JsonType;
use super::names::spelling;
use super::syntax_error::{Position, SyntaxError};
use crate::path::FieldPath;

/// Why a text or document could not be read as a Job, so that no verdict is possible.
///
/// `Display` is one line: the position or field, then the problem. It never shows a value of the
/// Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobError {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: JobErrorKind,
    position: Option<Position>,
    path: Option<FieldPath>,
    message: String,
}

/// What is wrong with a Job that could not be read.
///
/// `Display` and [`FromStr`](std::str::FromStr) use the spelling of [`JobErrorKind::as_str`]:
///
/// ```
/// use volcano_job_update::JobErrorKind;
///
/// assert_eq!(JobErrorKind::TooDeep.to_string(), "too-deep");
/// assert_eq!("too-deep".parse(), Ok(JobErrorKind::TooDeep));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobErrorKind {
    /// The text is longer than [`Limits::text_bytes`](crate::Limits::text_bytes).
    TooLarge,
    /// The text is not UTF-8.
    NotUtf8,
    /// The text is not exactly one JSON value, or contains a number or string that cannot be
    /// represented (`1e999`, `"\ud800"`).
    Syntax,
    /// The Job, its `metadata` or `spec` or a task is not an object, or `spec.tasks` is not a list.
    WrongType,
    /// An object has a duplicate field.
    DuplicateField,
    /// Objects and lists are nested deeper than [`Limits::nesting`](crate::Limits::nesting).
    TooDeep,
    /// There are more tasks than [`Limits::tasks`](crate::Limits::tasks).
    TooManyTasks,
}

impl JobError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> JobErrorKind {
        self.inner.kind
    }

    /// The line in the text, counted from 1. `None` if the error has no position in a text.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.inner.position.map(|position| position.line)
    }

    /// The column in the line, in characters, counted from 1. `None` if the error has no position in a
    /// text.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.inner.position.map(|position| position.column)
    }

    /// The field with the error. `None` if the error does not concern a field.
    #[must_use]
    pub fn path(&self) -> Option<&FieldPath> {
        self.inner.path.as_ref()
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(JobErrorKind::TooLarge, format!("the text must be no longer than {limit} bytes"))
    }

    pub(super) fn not_utf8(text: &[u8], offset: usize) -> Self {
        Self::new(JobErrorKind::NotUtf8, "the text must be UTF-8".into())
            .at_position(Position::of(text, offset))
    }

    pub(super) fn wrong_type(path: FieldPath, expected: JsonType, found: JsonType) -> Self {
        let (expected, found) = (expected.with_article(), found.with_article());
        Self::new(JobErrorKind::WrongType, format!("must be {expected}, not {found}"))
            .in_field(path)
    }

    pub(super) fn duplicate_field(path: FieldPath) -> Self {
        Self::new(JobErrorKind::DuplicateField, "the field is given twice".into()).in_field(path)
    }

    pub(super) fn too_deep(path: FieldPath, limit: usize) -> Self {
        let message = format!("objects and lists must be nested no deeper than {limit}");
        Self::new(JobErrorKind::TooDeep, message).in_field(path)
    }

    pub(super) fn too_many_tasks(path: FieldPath, limit: usize) -> Self {
        Self::new(JobErrorKind::TooManyTasks, format!("must have no more than {limit} tasks"))
            .in_field(path)
    }

    fn new(kind: JobErrorKind, message: String) -> Self {
        Self { inner: Box::new(Inner { kind, position: None, path: None, message }) }
    }

    /// Sets the field, unless the path is the root.
    pub(super) fn in_field(mut self, path: FieldPath) -> Self {
        self.inner.path = Some(path).filter(|path| !path.segments().is_empty());
        self
    }

    fn at_position(mut self, position: Position) -> Self {
        self.inner.position = Some(position);
        self
    }
}

impl From<SyntaxError> for JobError {
    fn from(error: SyntaxError) -> Self {
        Self::new(JobErrorKind::Syntax, error.message().into()).at_position(error.position())
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.inner.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        if let Some(path) = &self.inner.path {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.inner.message)
    }
}

impl std::error::Error for JobError {}

spelling!(JobErrorKind, "kind of error", {
    TooLarge => "too-large",
    NotUtf8 => "not-utf8",
    Syntax => "syntax",
    WrongType => "wrong-type",
    DuplicateField => "duplicate-field",
    TooDeep => "too-deep",
    TooManyTasks => "too-many-tasks",
});
