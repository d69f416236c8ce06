//! Violations: what stands in the way of an update.

use std::fmt;
use std::ops::Deref;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::ViolationCode;
use crate::path::FieldPath;
use crate::spelling::spelling;

/// One violation: which field, what is wrong with it, what would make it right.
///
/// `Display` is one line, `path: message`. It shows no value of the Jobs but for small numbers such
/// as replicas, since messages end up in logs and Jobs carry secrets, and `Debug` shows none either;
/// [`Violation::old`] and [`Violation::new`] have the values. That of a warning has fewer than 256
/// characters, as an API server cuts longer ones.
#[derive(Clone, PartialEq)]
pub struct Violation {
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq)]
struct Inner {
    code: ViolationCode,
    severity: Severity,
    path: FieldPath,
    message: String,
    hint: Option<String>,
    old: Option<Value>,
    new: Option<Value>,
}

/// Whether a violation stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The update is denied.
    Error,
    /// The update may pass; there is something to know about it.
    Warning,
}

spelling!(Severity, "severity", ParseSeverityError {
    Error => "error",
    Warning => "warning",
});

impl Violation {
    pub(crate) fn found(code: ViolationCode, path: FieldPath, message: impl Into<String>) -> Self {
        let message = message.into();
        let severity = Severity::Error;
        Self {
            inner: Box::new(Inner {
                code,
                severity,
                path,
                message,
                hint: None,
                old: None,
                new: None,
            }),
        }
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.inner.hint = Some(hint.into());
        self
    }

    pub(crate) fn set_hint(&mut self, hint: String) {
        self.inner.hint = Some(hint);
    }

    #[must_use]
    pub(crate) fn with_values(mut self, old: Option<&Value>, new: Option<&Value>) -> Self {
        (self.inner.old, self.inner.new) = (old.cloned(), new.cloned());
        self
    }

    #[must_use]
    pub(crate) fn into_warning(mut self) -> Self {
        self.inner.severity = Severity::Warning;
        self
    }

    /// What kind of violation it is.
    #[must_use]
    pub fn code(&self) -> ViolationCode {
        self.inner.code
    }

    /// The field. List positions are those of the replacement; for something removed, those of the
    /// existing Job.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.inner.path
    }

    /// What is wrong, in words, without the path. Not stable; match on [`Violation::code`].
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What would make it right.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// The value in the existing Job, if the violation is about a value there.
    #[must_use]
    pub fn old(&self) -> Option<&Value> {
        self.inner.old.as_ref()
    }

    /// The value in the replacement, if the violation is about a value there.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "old and new are the two values of a change")]
    pub fn new(&self) -> Option<&Value> {
        self.inner.new.as_ref()
    }

    /// Whether it stands in the way of the update.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.inner.severity
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { severity, path, message, .. } = &*self.inner;
        if *severity == Severity::Error {
            return write!(f, "{path}: {message}");
        }
        let path = shortened(path.to_string(), WARNING_CHARACTERS / 2);
        f.write_str(&shortened(format!("{path}: {message}"), WARNING_CHARACTERS))
    }
}

/// What a warning may have at most.
const WARNING_CHARACTERS: usize = 255;

/// The text, or as much of its beginning as there is room for.
pub(crate) fn shortened(mut text: String, characters: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        let last = text.get(..end).and_then(|text| text.char_indices().next_back());
        text.truncate(last.map_or(0, |(start, _)| start));
        text.push('…');
    }
    text
}

impl fmt::Debug for Violation {
    /// Without the values, as `Display`: what is not handled ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, severity, path, message, .. } = &*self.inner;
        write!(f, "{severity:?}[{code}] {path}: {message}")
    }
}

impl Serialize for Violation {
    /// As an object `{code, path, pointer, message, hint}`, without the values.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Violation", 5)?;
        object.serialize_field("code", &self.inner.code)?;
        object.serialize_field("path", &self.inner.path)?;
        object.serialize_field("pointer", &self.inner.path.to_pointer())?;
        object.serialize_field("message", &self.inner.message)?;
        match &self.inner.hint {
            Some(hint) => object.serialize_field("hint", hint)?,
            None => object.skip_field("hint")?,
        }
        object.end()
    }
}

/// All violations that stand in the way of an update: at least one, sorted by path, then code.
///
/// There are at most as many as [`Limits::violations`](crate::Limits::violations) says; the rest is
/// counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Violations {
    // INVARIANT: not empty.
    list: Vec<Violation>,
    omitted: usize,
}

impl Violations {
    /// `None` if there is no violation.
    pub(crate) fn from_list(mut list: Vec<Violation>, limit: usize) -> Option<Self> {
        sort(&mut list);
        let omitted = list.len().saturating_sub(limit.max(1));
        list.truncate(limit.max(1));
        (!list.is_empty()).then_some(Self { list, omitted })
    }

    pub(crate) fn listed_mut(&mut self) -> &mut [Violation] {
        &mut self.list
    }

    /// How many violations there are beyond those listed.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl Deref for Violations {
    type Target = [Violation];

    fn deref(&self) -> &[Violation] {
        &self.list
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'v> IntoIterator for &'v Violations {
    type Item = &'v Violation;
    type IntoIter = std::slice::Iter<'v, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, violation) in self.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        if self.omitted > 0 {
            write!(f, "; and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// By path, then code, then message: the same violations always come in the same order.
pub(crate) fn sort(list: &mut [Violation]) {
    let key = |violation: &Violation| {
        (violation.path().clone(), violation.code(), violation.message().to_owned())
    };
    list.sort_by_cached_key(key);
}
