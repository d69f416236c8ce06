//! What real Kubernetes and Volcano code said, held against this library.
//!
//! The data is large and no part of this repository; without it these tests do nothing, and say so.

#[path = "../util/data.rs"]
mod data;
#[path = "../util/files.rs"]
mod files;
mod metadata;
mod server;
#[path = "../util/mod.rs"]
mod util;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use volcano_job_update::{Job, UpdatePolicy, Validator, ViolationCode, diff};

use data::{report, shared};
use files::files;
use util::{patched, read_json};

/// Reads a file of one JSON value a line.
#[track_caller]
#[expect(clippy::panic, reason = "data that cannot be read is a broken test")]
fn lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

fn presets() -> Vec<Validator> {
    ["documented", "admission"]
        .into_iter()
        .filter_map(UpdatePolicy::preset)
        .map(Validator::new)
        .collect()
}

/// Reviews an update by every preset: there is a verdict, and the same each time, from text as from
/// values.
#[expect(clippy::unwrap_used, clippy::panic, reason = "no verdict is what these tests look for")]
fn review(name: &str, validators: &[Validator], existing: &Value, replacement: &Value) {
    let texts = [existing.to_string(), replacement.to_string()];
    let [old, new] = [existing, replacement].map(|value| Job::from_value(value).unwrap());
    for validator in validators {
        let review = validator.review(&old, &new).unwrap_or_else(|e| panic!("{name}: {e}"));
        let again = validator.review_bytes(texts[0].as_bytes(), texts[1].as_bytes()).unwrap();
        assert_eq!(review, again, "{name}");
        assert_eq!(validator.is_update_allowed(&old, &new), review.is_allowed(), "{name}");
    }
}

#[derive(Deserialize)]
struct Upstream {
    name: String,
    base: String,
    patch: Value,
}

#[test]
fn every_update_gets_a_verdict() {
    let Some(folder) = shared("corpus") else { return };
    let validators = presets();
    let mut bases = HashMap::new();
    let updates: Vec<Upstream> = lines(&folder.join("upstream-verdicts.jsonl"));
    for Upstream { name, base, patch } in &updates {
        let file = folder.join(format!("jobs/{base}.json"));
        let existing: &Value = bases.entry(base).or_insert_with(|| read_json(&file));
        review(name, &validators, existing, &patched(existing, patch));
    }
    report(updates.len(), "updates by every preset");
}

#[test]
fn every_admission_review_gets_a_verdict() {
    let Some(folder) = shared("recordings") else { return };
    let validators = presets();
    let (mut count, mut shortened, mut unreadable) = (0, 0, 0);
    for file in files(&folder) {
        // One recording holds half of a surrogate pair, which no value can.
        let Ok(recording) = serde_json::from_slice(&fs::read(&file).unwrap()) else {
            unreadable += 1;
            continue;
        };
        for review_sent in admission_reviews(&recording) {
            // Of some only the length was recorded.
            let Some(body) = body(&review_sent) else {
                shortened += 1;
                continue;
            };
            let request = &body["request"];
            let name = format!("{}: {}", file.display(), request["uid"]);
            review(&name, &validators, &request["oldObject"], &request["object"]);
            count += 1;
        }
    }
    let note = format!(
        "admission reviews ({shortened} were not recorded in full, {unreadable} files are no values)"
    );
    report(count, &note);
}

fn admission_reviews(recording: &Value) -> Vec<Value> {
    let list = |value: &Value, key| value[key].as_array().cloned().unwrap_or_default();
    let mut reviews = Vec::new();
    for step in list(recording, "steps") {
        reviews.extend(list(&step, "reviews"));
        reviews.extend(list(&step, "exchanges").iter().flat_map(|e| list(e, "reviews")));
    }
    reviews
}

fn body(review: &Value) -> Option<Value> {
    let text = || serde_json::from_str(review.get("text")?.as_str()?).ok();
    review.get("json").cloned().or_else(text)
}

fn job_with_cpu(cpu: &str) -> Value {
    let containers = json!([{"name": "main", "resources": {"limits": {"cpu": cpu}}}]);
    json!({"spec": {"tasks": [{"template": {"spec": {"containers": containers}}}]}})
}

fn job_with_estimate(estimate: &str) -> Value {
    json!({"spec": {"runningEstimate": estimate}})
}

#[expect(clippy::unwrap_used, reason = "a Job made here that cannot be read fails the test")]
fn is_same(existing: &Value, replacement: &Value) -> bool {
    let [existing, replacement] = [existing, replacement].map(|job| Job::from_value(job).unwrap());
    diff(&existing, &replacement).unwrap().is_empty()
}

#[derive(Deserialize)]
struct QuantityPair {
    a: String,
    b: String,
    equal: bool,
}

#[test]
fn quantities_are_equal_where_kubernetes_says_so() {
    let Some(file) = shared("corpus/values/quantity-pair.jsonl") else { return };
    let pairs: Vec<QuantityPair> = lines(&file);
    for QuantityPair { a, b, equal } in &pairs {
        assert_eq!(is_same(&job_with_cpu(a), &job_with_cpu(b)), *equal, "{a:?} {b:?}");
        assert_eq!(is_same(&job_with_cpu(b), &job_with_cpu(a)), *equal, "{b:?} {a:?}");
    }
    report(pairs.len(), "pairs of quantities");
}

#[derive(Deserialize)]
struct Quantity {
    text: String,
    valid: bool,
    canonical: Option<String>,
}

#[test]
fn a_quantity_is_equal_to_its_canonical_form() {
    let Some(file) = shared("corpus/values/quantity.jsonl") else { return };
    let (mut valid, mut invalid) = (0, 0);
    for quantity in lines::<Quantity>(&file) {
        let job = job_with_cpu(&quantity.text);
        if let (true, Some(canonical)) = (quantity.valid, &quantity.canonical) {
            assert!(is_same(&job, &job_with_cpu(canonical)), "{:?} {canonical:?}", quantity.text);
            valid += 1;
        } else {
            // What is no quantity has no value that another text could have too.
            assert!(is_same(&job, &job), "{:?}", quantity.text);
            assert!(!is_same(&job, &job_with_cpu("0")), "{:?}", quantity.text);
            invalid += 1;
        }
    }
    report(valid, "quantities with their canonical forms");
    report(invalid, "texts that are no quantity");
}

#[derive(Deserialize)]
struct Duration {
    text: String,
    nanoseconds: Option<i64>,
}

#[test]
fn durations_are_equal_where_their_nanoseconds_are() {
    let Some(file) = shared("corpus/values/duration.jsonl") else { return };
    let durations: Vec<Duration> = lines(&file);
    let mut pairs = 0;
    for (position, a) in durations.iter().enumerate() {
        for b in &durations[position..] {
            let wanted =
                a.text == b.text || (a.nanoseconds.is_some() && a.nanoseconds == b.nanoseconds);
            let same = is_same(&job_with_estimate(&a.text), &job_with_estimate(&b.text));
            assert_eq!(same, wanted, "{:?} {:?}", a.text, b.text);
            pairs += 1;
        }
    }
    report(pairs, "pairs of durations");
}

#[test]
fn a_manifest_sent_again_lacks_defaults_and_nothing_else() {
    let Some(folder) = shared("corpus/jobs") else { return };
    let (mut pairs, mut nameless, mut unknown, mut complete) = (0, 0, 0, 0);
    for file in files(&folder) {
        let name = file.to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".mutated.json") else { continue };
        let (existing, replacement) =
            (read_json(&file), read_json(format!("{stem}.raw.json").as_ref()));
        let violations = violations(&existing, &replacement);
        let is_nameless = !replacement["metadata"]["name"].is_string();
        for (path, code) in &violations {
            match code {
                ViolationCode::DroppedDefault => {}
                // The webhook reads a manifest into its own types, which lose what they do not know.
                ViolationCode::UnknownField => unknown += 1,
                ViolationCode::WrongObject if is_nameless && path == "metadata.name" => {
                    nameless += 1;
                }
                other => panic!("{name}: {path}: {other}"),
            }
        }
        assert_restoring_mends(&existing, &replacement, &name);
        pairs += 1;
        complete += usize::from(violations.is_empty());
    }
    let note = format!(
        "manifests ({nameless} without a name, {unknown} unknown fields, {complete} without a violation)"
    );
    report(pairs, &note);
}

/// With the defaults put back nothing is dropped any more, and there is nothing left to put back.
#[expect(clippy::unwrap_used, reason = "a Job of the data that cannot be read fails the test")]
fn assert_restoring_mends(existing: &Value, replacement: &Value, name: &str) {
    let restore = |replacement: &Value| {
        let [existing, replacement] =
            [existing, replacement].map(|job| Job::from_value(job).unwrap());
        Validator::default().restore_defaults(&existing, &replacement).unwrap()
    };
    let restored = restore(replacement);
    let patch = serde_json::to_value(restored.patch()).unwrap();
    assert_eq!(&patched(replacement, &patch), restored.job(), "{name}");
    assert!(restore(restored.job()).patch().is_empty(), "{name}");
    let left = violations(existing, restored.job());
    let left: Vec<_> =
        left.iter().filter(|(_, code)| *code == ViolationCode::DroppedDefault).collect();
    assert!(left.is_empty(), "{name}: {left:?}");
    let others = |job| {
        violations(existing, job)
            .into_iter()
            .filter(|(_, code)| *code != ViolationCode::DroppedDefault)
            .count()
    };
    assert_eq!(others(restored.job()), others(replacement), "{name}: nothing else comes or goes");
}

#[expect(clippy::unwrap_used, reason = "a Job of the data that cannot be read fails the test")]
fn violations(existing: &Value, replacement: &Value) -> Vec<(String, ViolationCode)> {
    let [existing, replacement] = [existing, replacement].map(|job| Job::from_value(job).unwrap());
    let review = Validator::default().review(&existing, &replacement).unwrap();
    let violations = review.violations().map(|violations| &**violations).unwrap_or_default();
    violations.iter().map(|violation| (violation.path().to_string(), violation.code())).collect()
}
