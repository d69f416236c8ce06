//! Violations of the update rules, and warnings.

use std::fmt;
use std::ops::Deref;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::ViolationCode;
use crate::job::KeptValue;
use crate::job::names::spelling;
use crate::path::FieldPath;
use crate::volcano::{Denial, DenialKind};

/// A rule violation: the field, the rule, and how to correct the replacement.
///
/// `Display` is one line, `path: message`. Neither `Display` nor `Debug` shows values of the Jobs,
/// except small numbers such as replicas: messages end up in logs, and Jobs contain secrets.
/// [`Violation::before`] and [`Violation::after`] return the values. A warning's line has fewer
/// than 256 characters, because an API server truncates longer ones.
///
/// Serializes as `{code, path, pointer, message, hint}`, without the values.
#[derive(Clone, PartialEq)]
pub struct Violation {
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq)]
struct Inner {
    code: ViolationCode,
    severity: Severity,
    path: FieldPath,
    /// If that is not `path`.
    place: Option<FieldPath>,
    message: String,
    hint: Option<String>,
    before: Option<KeptValue>,
    after: Option<KeptValue>,
}

/// Whether a [`Violation`] denies the update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The update is denied.
    Error,
    /// The violation does not deny the update.
    Warning,
}

spelling!(Severity, "severity", {
    Error => "error",
    Warning => "warning",
});

impl Violation {
    pub(crate) fn new(code: ViolationCode, path: FieldPath, message: impl Into<String>) -> Self {
        let inner = Inner {
            code,
            severity: Severity::Error,
            path,
            place: None,
            message: message.into(),
            hint: None,
            before: None,
            after: None,
        };
        Self { inner: Box::new(inner) }
    }

    /// Sets the place, which is below the path.
    #[must_use]
    pub(crate) fn with_place(mut self, place: FieldPath) -> Self {
        self.inner.place = Some(place);
        self
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
    pub(crate) fn with_values(
        mut self,
        before: Option<KeptValue>,
        after: Option<KeptValue>,
    ) -> Self {
        (self.inner.before, self.inner.after) = (before, after);
        self
    }

    #[must_use]
    pub(crate) fn into_warning(mut self) -> Self {
        self.inner.severity = Severity::Warning;
        self
    }

    /// What lists are sorted by.
    fn order(&self) -> (&FieldPath, ViolationCode, &str) {
        (self.path(), self.code(), self.message())
    }

    /// The violated rule.
    #[must_use]
    pub fn code(&self) -> ViolationCode {
        self.inner.code
    }

    /// The path of the field. List positions refer to the replacement or, for a removed value, to
    /// the existing Job.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.inner.path
    }

    /// The field that has to be corrected. That is [`Violation::path`], or a field below it: an API server
    /// reports a wrong label as a violation of `metadata.labels`.
    #[must_use]
    pub fn place(&self) -> &FieldPath {
        self.inner.place.as_ref().unwrap_or(&self.inner.path)
    }

    /// The message for people, without the path. Its wording is not stable; match on
    /// [`Violation::code`].
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// How to correct the replacement.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// The value in the existing Job, if the violation concerns one.
    #[must_use]
    pub fn before(&self) -> Option<&Value> {
        self.inner.before.as_ref().map(KeptValue::get)
    }

    /// The value in the replacement, if the violation concerns one.
    #[must_use]
    pub fn after(&self) -> Option<&Value> {
        self.inner.after.as_ref().map(KeptValue::get)
    }

    /// The values before and after that are neither objects nor lists.
    pub(crate) fn scalars(&self) -> (Option<&Value>, Option<&Value>) {
        let [before, after] =
            [&self.inner.before, &self.inner.after].map(|kept| kept.as_ref()?.scalar());
        (before, after)
    }

    /// Whether the violation denies the update.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.inner.severity
    }
}

/// The maximum number of characters in a warning's line.
const WARNING_CHARACTERS: usize = 255;

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { severity, path, message, .. } = &*self.inner;
        match severity {
            Severity::Error => write!(f, "{path}: {message}"),
            Severity::Warning => {
                let path = shortened(path.to_string(), WARNING_CHARACTERS / 2);
                f.write_str(&shortened(format!("{path}: {message}"), WARNING_CHARACTERS))
            }
        }
    }
}

impl fmt::Debug for Violation {
    /// Omits the values, like `Display`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, severity, path, message, .. } = &*self.inner;
        write!(f, "{severity:?}[{code}] {path}: {message}")
    }
}

impl Serialize for Violation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Violation", 5)?;
        object.serialize_field("code", &self.inner.code)?;
        object.serialize_field("path", &self.inner.path)?;
        match self.inner.path.short_pointer() {
            Some(pointer) => object.serialize_field("pointer", &pointer)?,
            None => object.skip_field("pointer")?,
        }
        object.serialize_field("message", &self.inner.message)?;
        match &self.inner.hint {
            Some(hint) => object.serialize_field("hint", hint)?,
            None => object.skip_field("hint")?,
        }
        object.end()
    }
}

/// The violations that deny an update: at least one, sorted by path, then code.
///
/// The list is limited to [`Limits::violations`](crate::Limits::violations); further violations are
/// only counted. Serializes as a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Violations {
    // INVARIANT: not empty.
    list: Box<[Violation]>,
    #[serde(skip)]
    omitted: usize,
    #[serde(skip)]
    denies_change: bool,
}

impl Violations {
    /// `None` if there is no violation.
    pub(super) fn of(collected: Collected) -> Option<Self> {
        let denies_change = collected.denies_change;
        let (list, omitted) = collected.into_sorted();
        (!list.is_empty()).then(|| Self { list: list.into(), omitted, denies_change })
    }

    pub(super) fn listed_mut(&mut self) -> &mut [Violation] {
        &mut self.list
    }

    /// The number of violations beyond those listed.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether any violation, listed or omitted, denies a change regardless of its value.
    pub(crate) fn deny_a_change(&self) -> bool {
        self.denies_change
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
        self.list.into_vec().into_iter()
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

/// The violations and warnings of a review.
pub(super) struct Results {
    pub(super) violations: Collected,
    pub(super) warnings: Collected,
}

impl Results {
    /// At most `limit` violations and as many warnings are kept.
    pub(super) fn new(limit: usize) -> Self {
        Self { violations: Collected::new(limit), warnings: Collected::new(limit) }
    }

    pub(super) fn add(&mut self, violation: Violation) {
        match violation.severity() {
            Severity::Error => self.violations.add(violation),
            Severity::Warning => self.warnings.add(violation),
        }
    }

    /// Counts invalid values that were not collected.
    pub(super) fn add_omitted(&mut self, invalid_values: usize) {
        self.violations.add_omitted(invalid_values);
    }
}

/// Violations or warnings while they are collected. Only the first ones by path are kept; the others
/// are counted.
#[derive(Debug)]
pub(super) struct Collected {
    list: Vec<Violation>,
    limit: usize,
    omitted: usize,
    denies_change: bool,
}

impl Collected {
    /// A limit of 0 means 1.
    pub(super) fn new(limit: usize) -> Self {
        Self { list: Vec::new(), limit: limit.max(1), omitted: 0, denies_change: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn add(&mut self, violation: Violation) {
        self.denies_change |= violation.code().denies_change();
        self.list.push(violation);
        if self.list.len() / 2 >= self.limit {
            self.trim();
        }
    }

    /// Counts invalid values that were not collected.
    pub(super) fn add_omitted(&mut self, invalid_values: usize) {
        self.omitted += invalid_values;
    }

    /// The list, sorted, and the number of violations that are not in it.
    pub(super) fn into_sorted(mut self) -> (Vec<Violation>, usize) {
        self.trim();
        (self.list, self.omitted)
    }

    fn trim(&mut self) {
        // The limit is at least 1.
        if self.list.len() < 2 {
            return;
        }
        self.list.sort_by(|a, b| a.order().cmp(&b.order()));
        let kept = self.list.len().min(self.limit);
        self.omitted += self.list.drain(kept..).len();
    }
}

/// Truncates a text to this many characters, of which the last is an ellipsis.
pub(crate) fn shortened(mut text: String, characters: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        let last = text.get(..end).and_then(|text| text.char_indices().next_back());
        text.truncate(last.map_or(0, |(start, _)| start));
        text.push('…');
    }
    text
}

impl From<Denial> for Violation {
    fn from(denial: Denial) -> Self {
        let code = match denial.kind {
            DenialKind::Value => ViolationCode::InvalidValue,
            DenialKind::ReplicasBelowMinAvailable => ViolationCode::ReplicasBelowMinAvailable,
            DenialKind::Partition => ViolationCode::PartitionMismatch,
            DenialKind::MinAvailableAboveTotal => ViolationCode::MinAvailableAboveTotal,
            DenialKind::TaskAdded => ViolationCode::TaskAdded,
            DenialKind::TaskRemoved => ViolationCode::TaskRemoved,
            DenialKind::Immutable => ViolationCode::ImmutableField,
        };
        Self::new(code, denial.path, denial.reason.in_full())
    }
}
