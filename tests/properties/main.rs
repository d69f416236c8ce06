//! Laws that hold for all Jobs, on Jobs made by the crate's own strategies.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

mod edits;
mod oracle;
mod reading;
mod regression;
mod spelling;
mod update;

use proptest::test_runner::{Config, TestCaseError};
use serde_json::Value;
use volcano_job_update::{
    Change, ChangeKind, Changes, Job, UpdateError, Verdict, ViolationCode, diff,
};
use volcano_job_update::{is_update_allowed, validate_update};

/// How a case ends.
type Outcome = Result<(), TestCaseError>;

/// Half the usual number of cases, as there are many laws; `PROPTEST_CASES` still makes it more.
fn config() -> Config {
    let default = Config::default();
    Config { cases: default.cases.div_ceil(2), ..default }
}

/// What a change says, but for the values.
type Said = (String, ChangeKind, Verdict);

fn said(changes: &Changes) -> Vec<Said> {
    let said = |change: &Change| (change.path().to_string(), change.kind(), change.verdict());
    changes.iter().map(said).collect()
}

/// The changes between two documents that can be read.
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
        Err(UpdateError::Denied(violations)) => {
            Ok(violations.iter().map(|one| (one.code(), one.path().to_string())).collect())
        }
        Err(UpdateError::Review(error)) => Err(TestCaseError::fail(error.to_string())),
    }
}

/// Every way to ask gives the same verdict, and every path is the text of itself.
fn check_consistency(existing: &Job<'_>, replacement: &Job<'_>) -> Outcome {
    let valid = validate_update(existing, replacement);
    proptest::prop_assert_eq!(is_update_allowed(existing, replacement), valid.is_ok());
    let changes = diff(existing, replacement);
    proptest::prop_assert_eq!(changes.is_err(), matches!(valid, Err(UpdateError::Review(_))));
    for change in changes.iter().flatten() {
        proptest::prop_assert_eq!(&change.path().to_string().parse(), &Ok(change.path().clone()));
    }
    if let Err(UpdateError::Denied(violations)) = valid {
        for one in &violations {
            proptest::prop_assert_eq!(&one.path().to_string().parse(), &Ok(one.path().clone()));
        }
        proptest::prop_assert!(violations.is_sorted_by_key(|one| (one.path().clone(), one.code())));
    }
    Ok(())
}
