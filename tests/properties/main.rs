//! Property tests on Jobs made by the crate's own strategies.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

mod edits;
mod oracle;
mod reading;
mod regression;
#[path = "../util/same.rs"]
mod same;
mod spelling;
mod strategies;
mod update;

use proptest::test_runner::{Config, TestCaseError};
use serde_json::Value;
use volcano_job_update::{
    Change, ChangeKind, Changes, Job, UpdateError, Verdict, ViolationCode, diff,
};
use volcano_job_update::{is_update_allowed, validate_update};

/// The result of one case.
type Outcome = Result<(), TestCaseError>;

/// Half of the default number of cases, since there are many tests. `PROPTEST_CASES` raises it.
fn config() -> Config {
    let default = Config::default();
    Config { cases: default.cases.div_ceil(2), ..default }
}

/// A change without its values.
type Summary = (String, ChangeKind, Verdict);

fn summaries(changes: &Changes) -> Vec<Summary> {
    let summary = |change: &Change| (change.path().to_string(), change.kind(), change.verdict());
    changes.iter().map(summary).collect()
}

/// The changes between two Jobs.
fn changes(existing: &Value, replacement: &Value) -> Result<Changes, TestCaseError> {
    Ok(diff(&Job::from_value(existing)?, &Job::from_value(replacement)?)?)
}

/// Code and path of each violation.
fn violations(
    existing: &Job<'_>,
    replacement: &Job<'_>,
) -> Result<Vec<(ViolationCode, String)>, TestCaseError> {
    match validate_update(existing, replacement) {
        Ok(()) => Ok(Vec::new()),
        Err(UpdateError::Denied(violations)) => Ok(violations
            .iter()
            .map(|violation| (violation.code(), violation.path().to_string()))
            .collect()),
        Err(UpdateError::Review(error)) => Err(TestCaseError::fail(error.to_string())),
    }
}

/// All functions agree on the verdict, and the text of every path parses back.
fn check_consistency(existing: &Job<'_>, replacement: &Job<'_>) -> Outcome {
    let valid = validate_update(existing, replacement);
    proptest::prop_assert_eq!(is_update_allowed(existing, replacement), valid.is_ok());
    let changes = diff(existing, replacement);
    proptest::prop_assert_eq!(changes.is_err(), matches!(valid, Err(UpdateError::Review(_))));
    for change in changes.iter().flatten() {
        proptest::prop_assert_eq!(&change.path().to_string().parse(), &Ok(change.path().clone()));
    }
    if let Err(UpdateError::Denied(violations)) = valid {
        for violation in &violations {
            proptest::prop_assert_eq!(
                &violation.path().to_string().parse(),
                &Ok(violation.path().clone())
            );
        }
        proptest::prop_assert!(
            violations.is_sorted_by_key(|violation| (violation.path().clone(), violation.code()))
        );
    }
    Ok(())
}
