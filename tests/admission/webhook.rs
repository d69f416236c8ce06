//! The HTTP answers of a webhook.

use serde_json::{Value, json};
use volcano_job_update::admission::{
    BEGINNING_BYTES, HttpAnswer, Outcome, Webhook, respond, restore,
};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Limits, UnknownNameError, UpdatePolicy, Validator, ViolationCode};

use crate::util::patched;
use crate::{answer, job, update, validator};

fn webhook() -> Webhook {
    Webhook::new(validator())
}

/// The body of a request for an update that is denied, as it changes the queue, and drops a default.
fn denied() -> Vec<u8> {
    let existing = job("documented-existing");
    let patch = json!([{"op": "replace", "path": "/spec/queue", "value": "other"},
        {"op": "remove", "path": "/spec/schedulerName"}]);
    update(&existing, &patched(&existing, &patch)).to_string().into_bytes()
}

fn body(answer: &HttpAnswer) -> Value {
    serde_json::from_slice(&answer.body()).unwrap()
}

#[test]
fn answers_have_the_response_to_the_review() {
    for codes in [StatusCodes::Documented, StatusCodes::Kubernetes] {
        let answer = webhook().with_status_codes(codes).validate(&denied());
        let response = respond(&denied(), &validator(), codes).unwrap();
        assert_eq!((answer.status_code(), answer.content_type()), (200, "application/json"));
        assert_eq!(answer.body(), response.to_json());
        assert_eq!((answer.outcome(), answer.is_allowed()), (Outcome::Denied, false));
        assert_eq!(answer.uid(), Some(response.uid()));
        assert!(answer.codes().eq(response.codes()) && answer.codes().count() == 2);
        assert_eq!(answer.into_response(), Ok(response));
    }
    let answer = webhook().restore(&denied());
    assert_eq!(answer.body(), restore(&denied(), &validator()).unwrap().to_json());
    assert_eq!((answer.outcome(), answer.is_allowed()), (Outcome::Restored, true));
}

#[test]
fn shadow_allows_and_keeps_the_outcome() {
    let answer = webhook().with_shadow(true).validate(&denied());
    assert_eq!((answer.outcome(), answer.is_allowed()), (Outcome::Denied, true));
    assert_eq!(answer.codes().count(), 2);
    let response = &body(&answer)["response"];
    assert_eq!((&response["allowed"], response.get("status")), (&json!(true), None));
    assert!(response["warnings"][0].as_str().unwrap().starts_with("would be denied: "));
}

/// What does not fit in the warnings is counted once, in the last line.
#[test]
fn shadow_counts_the_lines_that_it_leaves_out() {
    let existing = job("documented-existing");
    let fields =
        (0..120).map(|i| json!({"op": "add", "path": format!("/spec/unknown{i}"), "value": 1}));
    let replacement = patched(&existing, &fields.collect());
    let review = update(&existing, &replacement).to_string().into_bytes();
    let answer = webhook().with_shadow(true).validate(&review);
    let warnings: Vec<String> =
        serde_json::from_value(body(&answer)["response"]["warnings"].clone()).unwrap();
    let counted = warnings.iter().filter(|line| line.starts_with("and ")).count();
    assert_eq!(counted, 1);
    let (last, shown) = warnings.split_last().unwrap();
    // 100 violations are listed, each with a hint of its own; 20 more are counted.
    assert_eq!(*last, format!("and {} more", 200 - shown.len() + 20));
}

#[test]
fn body_that_is_no_review_gets_a_status() {
    let too_large = vec![b' '; webhook().body_limit() + 1];
    for (request, code) in [(b"{}".as_slice(), 400), (b"{", 400), (&too_large, 413)] {
        for webhook in [webhook(), webhook().with_shadow(true)] {
            for answer in [webhook.validate(request), webhook.restore(request)] {
                assert_eq!(
                    (answer.status_code(), answer.content_type()),
                    (code, "application/json")
                );
                assert_eq!((answer.outcome(), answer.is_allowed()), (Outcome::BadRequest, false));
                assert_eq!((answer.uid(), answer.codes().count()), (None, 0));
                assert_eq!(body(&answer), json!(answer.response().unwrap_err().status()));
            }
        }
    }
}

#[test]
fn oversized_review_is_denied_with_its_uid() {
    let mut whole = br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":
        {"uid":"the-uid","object":{"metadata":{"annotations":{"a":""#
        .to_vec();
    // A character at the end of the beginning that is read is cut.
    whole.extend("é".repeat(webhook().body_limit()).bytes());
    for answer in [
        webhook().validate(&whole),
        webhook().restore(&whole),
        webhook().oversized(&whole[..BEGINNING_BYTES]),
        webhook().oversized(&whole[..120]),
    ] {
        assert_eq!((answer.status_code(), answer.outcome()), (200, Outcome::Error));
        let response = &body(&answer)["response"];
        assert_eq!((&response["uid"], &response["allowed"]), (&json!("the-uid"), &json!(false)));
        let status = (&response["status"]["code"], &response["status"]["reason"]);
        assert_eq!(status, (&json!(413), &json!("RequestEntityTooLarge")));
    }
    assert_eq!(webhook().oversized(b"{").status_code(), 413, "without a uid");
}

#[test]
fn outcome_has_one_spelling() {
    for outcome in Outcome::all() {
        assert_eq!(outcome.to_string(), outcome.as_str());
        assert_eq!(outcome.as_str().parse(), Ok(outcome));
        assert_eq!(json!(outcome), json!(outcome.as_str()));
        assert_eq!(serde_json::from_value::<Outcome>(json!(outcome)).unwrap(), outcome);
    }
    let error: UnknownNameError = "Denied".parse::<Outcome>().unwrap_err();
    assert_eq!(error.to_string(), "unknown outcome `Denied`");
}

#[test]
fn webhook_is_shared_between_threads() {
    fn is_shared<T: Send + Sync + Clone + 'static>() {}
    is_shared::<Webhook>();
    is_shared::<HttpAnswer>();
}

#[test]
fn status_code_counts_violations_that_are_not_listed() {
    let existing = job("documented-existing");
    let patch = json!([{"op": "replace", "path": "/spec/queue", "value": "other"},
        {"op": "add", "path": "/metadata/labels", "value": {"-": "invalid"}}]);
    let review = update(&existing, &patched(&existing, &patch)).to_string();
    for (limit, listed) in [(1, 1), (2, 2)] {
        let limits = Limits::default().with_violations(limit);
        let validator = Validator::new(UpdatePolicy::admission().with_limits(limits));
        let response = respond(review.as_bytes(), &validator, StatusCodes::Documented).unwrap();
        assert_eq!(response.codes().count(), listed);
        assert_eq!(response.codes().next(), Some(ViolationCode::InvalidValue));
        assert_eq!(response.status().unwrap().code, 403, "spec.queue may not change");
    }
}

/// A template that changes is allowed, with the warning that Volcano's webhook will deny it. Replicas
/// have no warning.
#[test]
fn what_volcanos_webhook_will_deny_has_a_warning() {
    let warnings = |path: &str, value: Value| {
        let existing = job("documented-existing");
        let patch = json!([{"op": "replace", "path": path, "value": value}]);
        let review = update(&existing, &patched(&existing, &patch)).to_string();
        let answer = webhook().validate(review.as_bytes());
        assert!(answer.is_allowed());
        body(&answer)["response"]["warnings"].clone()
    };
    assert_eq!(warnings("/spec/tasks/1/replicas", json!(2)), Value::Null);
    let image =
        warnings("/spec/tasks/0/template/spec/containers/0/image", json!("example.com/a:2"));
    let path = "spec.tasks[0].template.spec.containers[0].image";
    let start = format!("{path}: Volcano's webhook (validatejob.volcano.sh) will deny this: ");
    assert!(image[0].as_str().unwrap().starts_with(&start), "{image}");
}

/// The hints are whole, and the list of allowed fields, which some of them share, is one line.
#[test]
fn scale_down_below_min_available_is_explained() {
    let existing = job("created");
    let mut replacement = existing.clone();
    replacement["spec"]["tasks"][0]["replicas"] = json!(1);
    replacement["spec"]["tasks"][0]["minAvailable"] = json!(1);
    replacement["spec"]["minAvailable"] = json!(3);
    let response = answer(&update(&existing, &replacement));
    let [total, task, allowed] = response.warnings() else { panic!("{:?}", response.warnings()) };
    assert_eq!(total, "spec.minAvailable: restore the value of the existing Job");
    assert!(task.ends_with("allows spec.tasks[*].minAvailable, such as volcano"), "{task}");
    assert!(allowed.starts_with("only ") && allowed.ends_with(" may change"), "{allowed}");
}
