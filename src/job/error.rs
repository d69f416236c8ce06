//! What can be wrong with the text of a Job.

use std::fmt;

use crate::path::FieldPath;

/// Why a text or value could not be read as a Job. No verdict was possible.
///
/// `Display` is one line: where, and what is wrong there. It shows no value of the Job.
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

/// Line and column in a text, both counted from 1, columns in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
}

/// What is wrong with a Job that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobErrorKind {
    /// The text is longer than [`Limits::text_bytes`](crate::Limits::text_bytes).
    TooLarge,
    /// The text is not UTF-8.
    NotUtf8,
    /// The text is not one JSON value, or holds a number or string that no value can have.
    Syntax,
    /// The Job, its `metadata`, `spec`, `spec.tasks` or one of the tasks is no object (list).
    WrongType,
    /// An object has a field twice.
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

    /// The line of the text, counted from 1, if the error has a place in a text.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.inner.position.map(|position| position.line)
    }

    /// The column in the line, in bytes, counted from 1, if the error has a place in a text.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.inner.position.map(|position| position.column)
    }

    /// The field, if the error is one of a field.
    #[must_use]
    pub fn path(&self) -> Option<&FieldPath> {
        self.inner.path.as_ref()
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(JobErrorKind::TooLarge, format!("the text must be no longer than {limit} bytes"))
    }

    pub(super) fn not_utf8(text: &[u8], offset: usize) -> Self {
        Self::new(JobErrorKind::NotUtf8, "the text must be UTF-8".into()).at_byte(text, offset)
    }

    pub(super) fn syntax(text: &str, offset: usize, message: impl Into<String>) -> Self {
        Self::new(JobErrorKind::Syntax, message.into()).at_byte(text.as_bytes(), offset)
    }

    pub(super) fn wrong_type(path: FieldPath, must_be: &str, found: &str) -> Self {
        Self::new(JobErrorKind::WrongType, format!("must be {must_be}, not {found}")).in_field(path)
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

    pub(super) fn in_field(mut self, path: FieldPath) -> Self {
        self.inner.path = Some(path).filter(|path| !path.segments().is_empty());
        self
    }

    fn at_byte(mut self, text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let newlines = before.iter().filter(|byte| **byte == b'\n');
        let line_start =
            before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        self.inner.position = Some(Position {
            line: newlines.count().saturating_add(1),
            column: before.len().saturating_sub(line_start).saturating_add(1),
        });
        self
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
