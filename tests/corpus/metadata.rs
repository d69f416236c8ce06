//! Kubernetes' errors for labels and annotations, compared with the messages of our violations. The
//! rules have the same words; Kubernetes writes the value before them, a violation the key.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "data that is not as expected fails the test"
)]

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_update::{Job, Validator, ViolationCode};

use crate::data::{lines, report};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    map: Option<Value>,
    annotation_bytes: Option<usize>,
    errors: Vec<String>,
}

#[test]
fn label_errors_match_kubernetes() {
    compare_table("labels");
}

#[test]
fn annotation_errors_match_kubernetes() {
    compare_table("annotations");
}

fn compare_table(field: &str) {
    let rows: Vec<Row> = lines(&format!("corpus/{field}.jsonl"));
    let mut errors = 0;
    for row in &rows {
        let map = row.map.clone().unwrap_or_else(|| {
            // The key has one byte, the value all others.
            json!({"a": "x".repeat(row.annotation_bytes.unwrap_or_default() - 1)})
        });
        let mut wanted: Vec<&str> = row.errors.iter().map(|error| kubernetes_rule(error)).collect();
        let messages = messages(field, &map);
        let mut found: Vec<&str> = messages.iter().map(|message| violated_rule(message)).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{map}: {:?}", row.errors);
        errors += wanted.len();
    }
    report(rows.len(), &format!("maps of {field} with {errors} errors"));
}

/// The rule in an error of Kubernetes, such as `metadata.labels: Invalid value: "/a": prefix part must be
/// non-empty`.
fn kubernetes_rule(error: &str) -> &str {
    let rule = error.rsplit_once("\": ").or_else(|| error.split_once("Too long: "));
    rule.unwrap_or_else(|| panic!("no rule in {error}")).1
}

/// The rule in the message of a violation, such as ``key `/a`: prefix part must be non-empty``.
fn violated_rule(message: &str) -> &str {
    message.rsplit_once("`: ").map_or(message, |(_, rule)| rule)
}

/// The messages of the violations of an update that adds this map.
fn messages(field: &str, map: &Value) -> Vec<String> {
    let job = |metadata| json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": metadata});
    let (existing, replacement) =
        (job(json!({"name": "a"})), job(json!({"name": "a", field: map})));
    let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    let review = Validator::default().review(&old, &new).unwrap();
    let violations = review.violations().map(|violations| &**violations).unwrap_or_default();
    for violation in violations {
        assert_eq!(violation.code(), ViolationCode::InvalidValue);
        assert_eq!(violation.path().to_string(), format!("metadata.{field}"));
    }
    violations.iter().map(|violation| violation.message().to_owned()).collect()
}
