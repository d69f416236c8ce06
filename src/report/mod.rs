//! The rendering of a review as JSON. Those for people need the files of both Jobs, so the program has them.

use std::collections::HashMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::diff::{Change, ChangeKind, Verdict};
use crate::job::Position;
use crate::path::{FieldPath, FieldPattern};
use crate::validate::{Review, Violation, Violations};

/// The version of the JSON format.
#[doc(hidden)]
pub const API_VERSION: &str = "volcano-job-update/v1";

/// The maximum number of changes that a report lists.
const LISTED_CHANGES: usize = 1000;

/// A rendering of a [`Review`].
///
/// `Serialize` writes the JSON object that `schemas/report.schema.json` describes. Values of the Jobs are
/// included only after [`Report::with_values`], since Jobs can contain secrets.
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
    values: ShownValues,
    places: Option<&'r HashMap<FieldPath, Places>>,
}

/// Which values a report includes.
#[derive(Clone, Copy, Debug)]
enum ShownValues {
    None,
    All,
    /// The scalars for which this is true.
    Some(fn(&FieldPath, &Value) -> bool),
}

/// Where a field stands in the files of both Jobs.
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "public only for another crate of this workspace")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Places {
    /// In the file of the existing Job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<Position>,
    /// In the file of the replacement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Position>,
}

impl<'r> Report<'r> {
    /// The report of a review, without values.
    #[must_use]
    pub fn new(review: &'r Review) -> Self {
        Self { review, values: ShownValues::None, places: None }
    }

    /// Sets whether the report includes the values before and after each change.
    #[must_use]
    pub fn with_values(self, values: bool) -> Self {
        Self { values: if values { ShownValues::All } else { ShownValues::None }, ..self }
    }

    /// Includes the numbers and other scalars for which a condition is true.
    #[doc(hidden)]
    #[must_use]
    pub fn with_values_if(self, condition: fn(&FieldPath, &Value) -> bool) -> Self {
        Self { values: ShownValues::Some(condition), ..self }
    }

    /// Adds where the fields stand, by their paths.
    #[doc(hidden)]
    #[must_use]
    pub fn with_places(self, places: &'r HashMap<FieldPath, Places>) -> Self {
        Self { places: Some(places), ..self }
    }

    fn places_of(&self, path: &FieldPath) -> Option<&'r Places> {
        self.places?.get(path)
    }
}

/// The report without values.
impl Serialize for Review {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Report::new(self).serialize(serializer)
    }
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let review = self.review;
        let violation = |violation| ViolationEntry::of(violation, self);
        let (changes, omitted_changes) = listed(review.changes().iter());
        let changes = changes.into_iter().map(|change| ChangeEntry::of(change, self));
        let violations = review.violations().into_iter().flatten().map(violation);
        let omitted_violations = review.violations().map_or(0, Violations::omitted);
        let warnings = review.warnings().iter().map(violation);

        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("apiVersion", API_VERSION)?;
        object.serialize_entry("policy", review.policy().name())?;
        object.serialize_entry("allowed", &review.is_allowed())?;
        let may_change = review.policy().allowed().iter().map(FieldPattern::as_str);
        object.serialize_entry("mayChange", &may_change.collect::<Vec<_>>())?;
        object.serialize_entry("changes", &changes.collect::<Vec<_>>())?;
        if omitted_changes > 0 {
            object.serialize_entry("omittedChanges", &omitted_changes)?;
        }
        object.serialize_entry("violations", &violations.collect::<Vec<_>>())?;
        if omitted_violations > 0 {
            object.serialize_entry("omittedViolations", &omitted_violations)?;
        }
        object.serialize_entry("warnings", &warnings.collect::<Vec<_>>())?;
        if review.omitted_warnings() > 0 {
            object.serialize_entry("omittedWarnings", &review.omitted_warnings())?;
        }
        object.end()
    }
}

/// The changes that a report lists, and the number of the others.
fn listed<'r>(mut changes: impl Iterator<Item = &'r Change>) -> (Vec<&'r Change>, usize) {
    let listed = changes.by_ref().take(LISTED_CHANGES).collect();
    (listed, changes.count())
}

#[derive(Serialize)]
struct ChangeEntry<'r> {
    path: &'r FieldPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    change: ChangeKind,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<&'r Places>,
    #[serde(flatten)]
    values: Values<'r>,
}

impl<'r> ChangeEntry<'r> {
    fn of(change: &'r Change, report: &Report<'r>) -> Self {
        Self {
            path: change.path(),
            pointer: change.path().short_pointer(),
            change: change.kind(),
            verdict: change.verdict(),
            places: report.places_of(change.path()),
            values: Values::of(report.values, change.path(), change.scalars(), || {
                (change.before(), change.after())
            }),
        }
    }
}

#[derive(Serialize)]
struct ViolationEntry<'r> {
    #[serde(flatten)]
    violation: &'r Violation,
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<&'r Places>,
    #[serde(flatten)]
    values: Values<'r>,
}

impl<'r> ViolationEntry<'r> {
    fn of(violation: &'r Violation, report: &Report<'r>) -> Self {
        let all = || (violation.before(), violation.after());
        let values = Values::of(report.values, violation.path(), violation.scalars(), all);
        Self { violation, places: report.places_of(violation.place()), values }
    }
}

/// The values before and after.
type BeforeAfter<'r> = (Option<&'r Value>, Option<&'r Value>);

/// The values of a change or violation that are shown.
#[derive(Serialize)]
struct Values<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'r Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'r Value>,
}

impl<'r> Values<'r> {
    /// `all` are parsed when they are asked for.
    fn of(
        shown: ShownValues,
        path: &FieldPath,
        scalars: BeforeAfter<'r>,
        all: impl FnOnce() -> BeforeAfter<'r>,
    ) -> Self {
        let (before, after) = match shown {
            ShownValues::None => (None, None),
            ShownValues::All => all(),
            ShownValues::Some(condition) => {
                let is_shown = |value: &&Value| condition(path, value);
                (scalars.0.filter(is_shown), scalars.1.filter(is_shown))
            }
        };
        Self { before, after }
    }
}
