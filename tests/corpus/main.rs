//! Answers of real Kubernetes and Volcano code, compared with those of this library.

#[path = "../util/data.rs"]
mod data;
mod metadata;
#[path = "../util/patch.rs"]
mod patch;
mod server;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_update::internals::WrittenQuantity;
use volcano_job_update::{Job, UpdatePolicy, Validator, Violation, ViolationCode, diff};

use data::{lines, recordings, report};
use patch::patched;

fn presets() -> Vec<Validator> {
    ["documented", "admission", "volcano"]
        .into_iter()
        .filter_map(UpdatePolicy::preset)
        .map(Validator::new)
        .collect()
}

/// Reviews an update with each validator, from text and from values, and compares the results.
#[expect(clippy::unwrap_used, clippy::panic, reason = "an error of a review fails the test")]
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
struct NamedJob {
    name: String,
    job: Value,
}

/// The Jobs of the corpus, by name.
fn jobs() -> HashMap<String, Value> {
    lines("corpus/jobs.jsonl").into_iter().map(|NamedJob { name, job }| (name, job)).collect()
}

#[derive(Deserialize)]
struct Update {
    base: String,
    name: String,
    patch: Value,
    upstream: Upstream,
}

/// The answer of Volcano's webhook.
#[derive(Deserialize)]
struct Upstream {
    allowed: bool,
    #[serde(default)]
    message: String,
}

#[test]
fn every_corpus_update_gets_a_verdict() {
    let (validators, jobs) = (presets(), jobs());
    let updates: Vec<Update> = lines("corpus/updates.jsonl");
    for Update { base, name, patch, .. } in &updates {
        let existing = &jobs[base];
        review(&format!("{base}/{name}"), &validators, existing, &patched(existing, patch));
    }
    report(updates.len(), "updates by every preset");
}

/// The verdict is that of the webhook, and so is its reason: one of the violations has its message, and
/// none if there is no reason.
#[test]
fn the_policy_volcano_decides_as_the_webhook_did() {
    let (validator, jobs) = (Validator::new(UpdatePolicy::volcano()), jobs());
    let updates: Vec<Update> = lines("corpus/updates.jsonl");
    for Update { base, name, patch, upstream } in &updates {
        let replacement = patched(&jobs[base], patch);
        let [old, new] = [&jobs[base], &replacement].map(|job| Job::from_value(job).unwrap());
        let review = validator.review(&old, &new).unwrap();
        assert_eq!(review.is_allowed(), upstream.allowed, "{base}/{name}: {}", upstream.message);
        let mut messages = review.violations().into_iter().flatten().map(Violation::message);
        let is_told = |message: &str| upstream.message == message;
        assert!(upstream.allowed || messages.any(is_told), "{base}/{name}: {}", upstream.message);
    }
    report(updates.len(), "updates by the answer of Volcano's webhook");
}

#[test]
fn every_recorded_review_gets_a_verdict() {
    let validators = presets();
    let mut count = 0;
    for (name, recording) in recordings() {
        for recorded in admission_reviews(&recording) {
            let body = parsed(&recorded).unwrap();
            let request = &body["request"];
            let name = format!("{name}: {}", request["uid"]);
            review(&name, &validators, &request["oldObject"], &request["object"]);
            count += 1;
        }
    }
    report(count, "admission reviews");
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

/// The JSON of a recorded body; `None` if it is not JSON.
fn parsed(body: &Value) -> Option<Value> {
    let text = || serde_json::from_str(body.get("text")?.as_str()?).ok();
    body.get("json").cloned().or_else(text)
}

fn job_with_cpu(cpu: &str) -> Value {
    let containers = json!([{"name": "main", "resources": {"limits": {"cpu": cpu}}}]);
    json!({"spec": {"tasks": [{"template": {"spec": {"containers": containers}}}]}})
}

fn job_with_estimate(estimate: &str) -> Value {
    json!({"spec": {"runningEstimate": estimate}})
}

#[expect(clippy::unwrap_used, reason = "a Job that cannot be read fails the test")]
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
fn quantity_equality_matches_kubernetes() {
    let pairs: Vec<QuantityPair> = lines("corpus/quantity-pair.jsonl");
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
fn quantity_is_written_as_kubernetes_does() {
    let rows: Vec<Quantity> = lines("corpus/quantity.jsonl");
    for row in &rows {
        let written = WrittenQuantity::read(&row.text).map(|quantity| quantity.to_string());
        assert_eq!(written, row.canonical, "{:?}", row.text);
    }
    report(rows.len(), "quantities as they are written");
}

#[test]
fn quantity_equals_its_canonical_form() {
    let (mut valid, mut invalid) = (0, 0);
    for quantity in lines::<Quantity>("corpus/quantity.jsonl") {
        let job = job_with_cpu(&quantity.text);
        if let (true, Some(canonical)) = (quantity.valid, &quantity.canonical) {
            assert!(is_same(&job, &job_with_cpu(canonical)), "{:?} {canonical:?}", quantity.text);
            valid += 1;
        } else {
            // An invalid quantity equals only its own text.
            assert!(is_same(&job, &job), "{:?}", quantity.text);
            assert!(!is_same(&job, &job_with_cpu("0")), "{:?}", quantity.text);
            invalid += 1;
        }
    }
    report(valid, "quantities with their canonical forms");
    report(invalid, "invalid quantities");
}

#[derive(Deserialize)]
struct Duration {
    text: String,
    nanoseconds: Option<i64>,
}

#[test]
fn duration_equality_matches_go() {
    let durations: Vec<Duration> = lines("corpus/duration.jsonl");
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
fn reapplied_manifest_only_drops_defaults() {
    let jobs = jobs();
    let (mut pairs, mut nameless, mut unknown, mut complete) = (0, 0, 0, 0);
    for (name, existing) in &jobs {
        let Some(stem) = name.strip_suffix(".mutated") else { continue };
        let replacement = &jobs[&format!("{stem}.raw")];
        let violations = violations(existing, replacement);
        let is_nameless = !replacement["metadata"]["name"].is_string();
        for (path, code) in &violations {
            match code {
                ViolationCode::DroppedDefault => {}
                // The webhook decodes a manifest into Go types, which drop unknown fields.
                ViolationCode::UnknownField => unknown += 1,
                ViolationCode::WrongObject if is_nameless && path == "metadata.name" => {
                    nameless += 1;
                }
                other => panic!("{name}: {path}: {other}"),
            }
        }
        assert_restored(existing, replacement, name);
        pairs += 1;
        complete += usize::from(violations.is_empty());
    }
    let note = format!(
        "manifests ({nameless} without a name, {unknown} unknown fields, {complete} without a violation)"
    );
    report(pairs, &note);
}

/// Restoring the defaults removes every `dropped-default` and no other violation, and a second time
/// does nothing.
#[expect(clippy::unwrap_used, reason = "a Job of the data that cannot be read fails the test")]
fn assert_restored(existing: &Value, replacement: &Value, name: &str) {
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
    assert_eq!(others(restored.job()), others(replacement), "{name}: other violations");
}

#[expect(clippy::unwrap_used, reason = "a Job of the data that cannot be read fails the test")]
fn violations(existing: &Value, replacement: &Value) -> Vec<(String, ViolationCode)> {
    let [existing, replacement] = [existing, replacement].map(|job| Job::from_value(job).unwrap());
    let review = Validator::default().review(&existing, &replacement).unwrap();
    let violations = review.violations().map(|violations| &**violations).unwrap_or_default();
    violations.iter().map(|violation| (violation.path().to_string(), violation.code())).collect()
}
