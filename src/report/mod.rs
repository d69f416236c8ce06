//! A review as JSON and as text.

mod text;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::diff::{Change, ChangeKind, Verdict};
use crate::path::FieldPath;
use crate::validate::Review;
use crate::validate::Violation;

/// The version of the JSON form.
const API_VERSION: &str = "volcano-job-update/v1";

/// A [`Review`] in the form in which programs and people read it.
///
/// As `Serialize` it is the object that `schemas/report.schema.json` describes; as text it comes in
/// two forms, [`Report::check_text`] and [`Report::diff_text`]. Values of the Jobs are left out
/// unless asked for, as Jobs carry secrets.
///
/// ```
/// use volcano_job_update::{Job, Report, Validator};
///
/// let existing = Job::from_slice(br#"{"spec": {"tasks": [{"name": "a", "replicas": 1}]}}"#)?;
/// let replacement = Job::from_slice(br#"{"spec": {"tasks": [{"name": "a", "replicas": 2}]}}"#)?;
/// let review = Validator::default().review(&existing, &replacement)?;
///
/// let report = serde_json::to_value(Report::new(&review))?;
/// assert_eq!(report["changes"][0]["path"], "spec.tasks[0].replicas");
/// assert_eq!(report["violations"][0]["code"], "wrong-object", "it has no apiVersion");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Report<'r> {
    review: &'r Review,
    values: bool,
}

/// How text is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextStyle {
    /// Nothing but the text.
    #[default]
    Plain,
    /// With the escape sequences of a terminal for colours.
    Ansi,
}

impl<'r> Report<'r> {
    /// The report of a review, without values.
    #[must_use]
    pub fn new(review: &'r Review) -> Self {
        Self { review, values: false }
    }

    /// Shows the old and new values too, or not.
    #[must_use]
    pub fn with_values(self, values: bool) -> Self {
        Self { values, ..self }
    }

    /// The verdict first, then what stands in the way and what to do, then what else changes.
    #[must_use]
    pub fn check_text(&self, style: TextStyle) -> String {
        text::check(self, style)
    }

    /// The changes, a line each. Empty if there are none.
    #[must_use]
    pub fn diff_text(&self, style: TextStyle) -> String {
        text::diff(self, style)
    }
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { review, values } = *self;
        let violations = review.violations().map(|violations| &**violations).unwrap_or_default();
        let change = |change| ChangeEntry::of(change, values);
        let violation = |violation| ViolationEntry::of(violation, values);
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("apiVersion", API_VERSION)?;
        object.serialize_entry("policy", review.policy().name())?;
        object.serialize_entry("allowed", &review.is_allowed())?;
        object
            .serialize_entry("changes", &review.changes().iter().map(change).collect::<Vec<_>>())?;
        object
            .serialize_entry("violations", &violations.iter().map(violation).collect::<Vec<_>>())?;
        if let Some(violations) = review.violations().filter(|violations| violations.omitted() > 0)
        {
            object.serialize_entry("omittedViolations", &violations.omitted())?;
        }
        object.serialize_entry(
            "warnings",
            &review.warnings().iter().map(violation).collect::<Vec<_>>(),
        )?;
        if review.omitted_warnings() > 0 {
            object.serialize_entry("omittedWarnings", &review.omitted_warnings())?;
        }
        object.end()
    }
}

#[derive(Serialize)]
struct ChangeEntry<'r> {
    path: &'r FieldPath,
    pointer: String,
    change: ChangeKind,
    verdict: Verdict,
    #[serde(flatten)]
    values: Values<'r>,
}

impl<'r> ChangeEntry<'r> {
    fn of(change: &'r Change, values: bool) -> Self {
        Self {
            path: change.path(),
            pointer: change.path().to_pointer(),
            change: change.kind(),
            verdict: change.verdict(),
            values: Values::of(change.before(), change.after(), values),
        }
    }
}

#[derive(Serialize)]
struct ViolationEntry<'r> {
    #[serde(flatten)]
    violation: &'r Violation,
    #[serde(flatten)]
    values: Values<'r>,
}

impl<'r> ViolationEntry<'r> {
    fn of(violation: &'r Violation, values: bool) -> Self {
        Self { violation, values: Values::of(violation.before(), violation.after(), values) }
    }
}

/// The values that are shown, if they are to be.
#[derive(Serialize)]
struct Values<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'r Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'r Value>,
}

impl<'r> Values<'r> {
    fn of(before: Option<&'r Value>, after: Option<&'r Value>, shown: bool) -> Self {
        Self { before: before.filter(|_| shown), after: after.filter(|_| shown) }
    }
}
