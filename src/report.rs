//! A review as JSON and as text.

mod text;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::change::Change;
use crate::review::Review;
use crate::violation::Violation;

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
        let change = |change| ChangeEntry { change, values };
        let finding = |finding| Finding { finding, values };
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("apiVersion", API_VERSION)?;
        object.serialize_entry("policy", review.policy().name())?;
        object.serialize_entry("allowed", &review.is_allowed())?;
        object
            .serialize_entry("changes", &review.changes().iter().map(change).collect::<Vec<_>>())?;
        object
            .serialize_entry("violations", &violations.iter().map(finding).collect::<Vec<_>>())?;
        if let Some(violations) = review.violations().filter(|violations| violations.omitted() > 0)
        {
            object.serialize_entry("omittedViolations", &violations.omitted())?;
        }
        object.serialize_entry(
            "warnings",
            &review.warnings().iter().map(finding).collect::<Vec<_>>(),
        )?;
        object.end()
    }
}

struct ChangeEntry<'r> {
    change: &'r Change,
    values: bool,
}

impl Serialize for ChangeEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let change = self.change;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("path", change.path())?;
        object.serialize_entry("pointer", &change.path().to_pointer())?;
        object.serialize_entry("change", &change.kind())?;
        object.serialize_entry("verdict", &change.verdict())?;
        serialize_values::<S>(&mut object, self.values, change.old(), change.new())?;
        object.end()
    }
}

struct Finding<'r> {
    finding: &'r Violation,
    values: bool,
}

impl Serialize for Finding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finding = self.finding;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("code", &finding.code())?;
        object.serialize_entry("path", finding.path())?;
        object.serialize_entry("pointer", &finding.path().to_pointer())?;
        object.serialize_entry("message", finding.message())?;
        if let Some(hint) = finding.hint() {
            object.serialize_entry("hint", hint)?;
        }
        serialize_values::<S>(&mut object, self.values, finding.old(), finding.new())?;
        object.end()
    }
}

fn serialize_values<S: Serializer>(
    object: &mut S::SerializeMap,
    values: bool,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Result<(), S::Error> {
    for (name, value) in [("old", old), ("new", new)] {
        if let Some(value) = value.filter(|_| values) {
            object.serialize_entry(name, value)?;
        }
    }
    Ok(())
}
