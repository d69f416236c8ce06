//! Kubernetes' errors for labels and annotations, compared with our violations.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "data that is not as expected fails the test"
)]

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_update::{Job, Validator, ViolationCode};

use crate::data::{lines, report};

/// Phrases by which an error of Kubernetes (first) and a message of ours (second) are recognised as the
/// same error.
const MEANINGS: [(&str, &str); 10] = [
    ("a valid label key must consist", "must be a name, or a DNS subdomain, `/` and a name"),
    ("prefix part must be non-empty", "prefix part must be non-empty"),
    ("prefix part must be no more than 253 bytes", "prefix part must be no more than 253 bytes"),
    ("prefix part a lowercase RFC 1123 subdomain", "prefix part must be a DNS subdomain"),
    ("name part must be non-empty", "name part must be non-empty"),
    ("name part must be no more than 63 bytes", "name part must be no more than 63 bytes"),
    ("name part must consist", "name part must consist"),
    ("\": must be no more than 63 bytes", "`: must be no more than 63 bytes"),
    ("a valid label must be an empty string or consist", "must be empty, or must consist"),
    ("may not be more than 262144 bytes", "must be no more than 262144 bytes"),
];

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
        let meaning = |text: &String, of_kubernetes: bool| {
            let found = MEANINGS.iter().position(|(theirs, ours)| {
                text.contains(if of_kubernetes { theirs } else { ours })
            });
            found.unwrap_or_else(|| panic!("{text}: not in MEANINGS"))
        };
        let mut wanted: Vec<usize> = row.errors.iter().map(|text| meaning(text, true)).collect();
        let mut found: Vec<usize> =
            messages(field, &map).iter().map(|text| meaning(text, false)).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{map}: {:?}", row.errors);
        errors += wanted.len();
    }
    report(rows.len(), &format!("maps of {field} with {errors} errors"));
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
