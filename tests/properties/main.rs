//! Laws that hold for all Jobs, on Jobs made by the crate's own strategies.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

mod regression;

use proptest::test_runner::TestCaseError;
use serde_json::Value;
use volcano_job_update::validate_update;
use volcano_job_update::{Change, ChangeKind, Changes, Code, Job, UpdateError, Verdict, diff};

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

/// Code and path of each finding.
fn findings(
    existing: &Job<'_>,
    replacement: &Job<'_>,
) -> Result<Vec<(Code, String)>, TestCaseError> {
    match validate_update(existing, replacement) {
        Ok(()) => Ok(Vec::new()),
        Err(UpdateError::Refused(violations)) => {
            Ok(violations.iter().map(|one| (one.code(), one.path().to_string())).collect())
        }
        Err(UpdateError::NoVerdict(error)) => Err(TestCaseError::fail(error.to_string())),
    }
}
