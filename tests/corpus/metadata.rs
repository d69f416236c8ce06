//! Kubernetes' own errors for labels and annotations, held against the violations here.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_update::{Job, Validator, ViolationCode};

use crate::data::{report, shared};
use crate::lines;

/// What an error of Kubernetes and a message here have in common if they mean the same.
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
fn labels_are_denied_for_the_reasons_of_kubernetes() {
    compare_table("labels");
}

#[test]
fn annotations_are_denied_for_the_reasons_of_kubernetes() {
    compare_table("annotations");
}

fn compare_table(field: &str) {
    let Some(file) = shared(&format!("corpus/values/{field}.jsonl")) else { return };
    let rows: Vec<Row> = lines(&file);
    let mut errors = 0;
    for row in &rows {
        let map = row.map.clone().unwrap_or_else(|| {
            // One key of one byte, and a value that makes up the rest.
            json!({"a": "x".repeat(row.annotation_bytes.unwrap_or_default() - 1)})
        });
        let meaning = |text: &String, of_kubernetes: bool| {
            let found = MEANINGS.iter().position(|(theirs, ours)| {
                text.contains(if of_kubernetes { theirs } else { ours })
            });
            found.unwrap_or_else(|| panic!("{text}: what does it mean?"))
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

/// What is said of an update that adds this map.
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
