//! Every review that a real API server sent, compared with `expected.json`. README.md says how that was
//! made.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_update::admission::{AdmissionReview, Outcome, Response, respond, restore};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Job, Limits, Violations};

use crate::data::{recordings, report};
use crate::util::{patched, read_json};
use crate::{sent, validator};

/// The expected response to one review.
#[derive(Debug, Deserialize)]
struct Expected {
    uid: String,
    hook: String,
    outcome: String,
    /// Pairs of path and code.
    #[serde(default)]
    violations: Vec<[String; 2]>,
    /// The paths of the fields that a mutating webhook restores.
    #[serde(default)]
    restored: Vec<String>,
}

/// The reviews of a recording: the text that was sent, or the JSON where the text was not recorded.
fn reviews(recording: &Value) -> Vec<String> {
    let list = |value: &Value, key| value[key].as_array().cloned().unwrap_or_default();
    let mut reviews = Vec::new();
    for step in list(recording, "steps") {
        reviews.extend(list(&step, "reviews"));
        reviews.extend(list(&step, "exchanges").iter().flat_map(|e| list(e, "reviews")));
    }
    let text = |review: &Value| match (review["text"].as_str(), &review["json"]) {
        (Some(text), _) => Some(text.to_owned()),
        (None, Value::Null) => None,
        (None, json) => Some(json.to_string()),
    };
    reviews.iter().filter_map(text).collect()
}

#[test]
fn recorded_reviews_get_the_expected_responses() {
    let recordings: BTreeMap<String, Value> = recordings().into_iter().collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/admission/expected.json");
    let expected: BTreeMap<String, Vec<Expected>> =
        serde_json::from_value(read_json(&file)).unwrap();
    let (mut validated, mut restored) = (0, 0);
    let mut differences = Vec::new();
    for (name, expected) in &expected {
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        for body in reviews(&recordings[name]) {
            let review = AdmissionReview::from_slice(body.as_bytes(), &Limits::default()).unwrap();
            let uid = review.uid().to_owned();
            bodies.insert(uid, body);
        }
        assert_eq!(bodies.len(), expected.len(), "{name}: every review is in expected.json");
        for expected in expected {
            let body = &bodies[&expected.uid];
            differences
                .extend(difference_in_outcome(body, expected).map(|difference| (name, difference)));
            validated += 1;
            if expected.hook.starts_with("mutate") {
                differences.extend(
                    difference_in_patch(body, expected).map(|difference| (name, difference)),
                );
                restored += 1;
            }
        }
    }
    assert!(differences.is_empty(), "{} differences: {differences:#?}", differences.len());
    report(validated, "recorded reviews by their outcome and violations");
    report(restored, "of them by the restored fields");
}

/// How the response of the validating webhook differs from the expected one.
fn difference_in_outcome(body: &str, expected: &Expected) -> Option<String> {
    let response = respond(body.as_bytes(), &validator(), StatusCodes::Documented).unwrap();
    check_form(&response, &expected.uid);
    let found: Vec<[String; 2]> = response
        .violations()
        .map(|list: &Violations| &**list)
        .unwrap_or_default()
        .iter()
        .map(|found| [found.path().to_string(), found.code().to_string()])
        .collect();
    let mut found = found;
    found.sort();
    let outcome = response.outcome().as_str();
    (outcome != expected.outcome || found != expected.violations)
        .then(|| format!("{outcome} {found:?}, expected {expected:?}"))
}

/// How the patch of the mutating webhook differs from the expected one.
fn difference_in_patch(body: &str, expected: &Expected) -> Option<String> {
    let response = restore(body.as_bytes(), &validator()).unwrap();
    check_form(&response, &expected.uid);
    let patch = json!(response.patch().map(|patch| &**patch).unwrap_or_default());
    let mut review: Value = serde_json::from_str(body).unwrap();
    let object = review["request"]["object"].take();
    let restored = patched(&object, &patch);
    let is_back = |path: &String| {
        let pointer = path.parse::<volcano_job_update::FieldPath>().unwrap().to_pointer();
        let old = review["request"]["oldObject"].pointer(&pointer);
        old.is_some() && restored.pointer(&pointer) == old && object.pointer(&pointer).is_none()
    };
    let is_same_else = || {
        let [from, to] = [&object, &restored].map(|job| Job::from_value(job).unwrap());
        let changes = volcano_job_update::diff(&from, &to).unwrap();
        changes.iter().all(|change| expected.restored.contains(&change.path().to_string()))
    };
    let wanted = if expected.restored.is_empty() { Outcome::Allowed } else { Outcome::Restored };
    let is_right = expected.outcome == "skipped" && response.outcome() == Outcome::Skipped
        || response.outcome() == wanted && expected.restored.iter().all(is_back) && is_same_else();
    // A second call, as with a reinvocationPolicy, changes nothing.
    review["request"]["object"] = restored.clone();
    let again = restore(review.to_string().as_bytes(), &validator()).unwrap();
    assert!(again.patch().is_none() && again.is_allowed(), "{}", expected.uid);
    (!is_right).then(|| format!("{patch}, expected {expected:?}"))
}

/// Checks what holds for every response.
fn check_form(response: &Response, uid: &str) {
    let sent = sent(response);
    assert_eq!(
        (&sent["apiVersion"], &sent["kind"]),
        (&json!("admission.k8s.io/v1"), &json!("AdmissionReview"))
    );
    let body = &sent["response"];
    assert_eq!((&body["uid"], &body["allowed"]), (&json!(uid), &json!(response.is_allowed())));
    if !response.is_allowed() {
        let details = &body["status"]["details"];
        assert_ne!(body["status"]["code"], 409, "kubectl apply tries again and again");
        assert!(details["name"].is_string() && details["group"] == "batch.volcano.sh", "{sent}");
        assert!(["jobs", "Job"].map(Value::from).contains(&details["kind"]), "{sent}");
        assert_eq!(body.get("patch"), None, "a patch of a denial");
    }
}
