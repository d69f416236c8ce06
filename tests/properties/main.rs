//! Laws that hold for all Jobs, on Jobs made by the crate's own strategies.

mod regression;

use proptest::test_runner::TestCaseError;
use serde_json::Value;
use volcano_job_update::{Change, ChangeKind, Changes, Job, Verdict, diff};

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
