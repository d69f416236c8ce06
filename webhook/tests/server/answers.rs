//! The answers to reviews, and what is counted and logged.

use serde_json::json;

use crate::util::{Webhook, denied, job, review};

#[test]
fn allowed_update_is_allowed() {
    let webhook = Webhook::start(&[]);
    let scaled = json!({"spec": {"tasks": [{"name": "worker", "replicas": 2, "minAvailable": 1,
        "maxRetry": 3}]}});
    let answer = webhook.validate(&review("a", json!({}), scaled));
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    let answer = answer.json();
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["kind"], "AdmissionReview");
    assert_eq!(answer["response"]["uid"], "a");
    assert_eq!(answer["response"]["allowed"], true);
}

#[test]
fn denial_has_the_configured_status_codes() {
    for (codes, code, reason) in [("documented", 403, "Forbidden"), ("kubernetes", 422, "Invalid")]
    {
        let webhook = Webhook::start(&["--status-codes", codes]);
        let answer = webhook.validate(&denied("a"));
        assert_eq!(answer.status, 200, "the review was answered");
        let response = &answer.json()["response"];
        assert_eq!(response["allowed"], false);
        assert_eq!(response["status"]["code"], code);
        assert_eq!(response["status"]["reason"], reason);
        assert_eq!(response["status"]["details"]["causes"][0]["field"], "spec.queue");
        assert!(response.get("patch").is_none());
    }
}

#[test]
fn dropped_defaults_are_restored() {
    let webhook = Webhook::start(&[]);
    let mut review = review("a", json!({}), json!({}));
    let spec = review["request"]["object"]["spec"].as_object_mut().expect("a spec");
    spec.remove("minAvailable");
    let response = &webhook.post("/restore", &review.to_string()).json()["response"];
    assert_eq!(response["allowed"], true);
    assert_eq!(response["patchType"], "JSONPatch");
    assert!(response["patch"].is_string());
    assert_eq!(
        webhook.metric(
            r#"volcano_job_update_webhook_requests_total{endpoint="restore",verdict="restored"}"#
        ),
        1
    );

    review["request"]["object"] = job(json!({}));
    let response = &webhook.post("/restore", &review.to_string()).json()["response"];
    assert_eq!(response["allowed"], true);
    assert!(response.get("patch").is_none(), "nothing was dropped: {response}");
}

#[test]
fn shadow_allows_with_warnings_and_counts() {
    let webhook = Webhook::start(&["--shadow"]);
    let response = &webhook.validate(&denied("a")).json()["response"];
    assert_eq!(response["allowed"], true);
    assert!(response.get("status").is_none(), "{response}");
    let warnings = response["warnings"].as_array().expect("warnings");
    assert!(
        warnings.iter().any(|text| text.as_str().is_some_and(|text| text.contains("spec.queue")))
    );
    assert!(warnings.iter().all(|text| text.as_str().is_some_and(|text| text.len() <= 256)));
    assert_eq!(webhook.metric("volcano_job_update_webhook_would_have_denied_total"), 1);

    let unreadable = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "b", "operation": "UPDATE"}});
    let response = webhook.validate(&unreadable).json()["response"].clone();
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("b"), &json!(true)));
}

#[test]
fn request_other_than_an_update_is_allowed() {
    let webhook = Webhook::start(&[]);
    let mut review = denied("a");
    review["request"]["operation"] = "DELETE".into();
    assert_eq!(webhook.validate(&review).json()["response"]["allowed"], true);
}

#[test]
fn answers_are_counted() {
    let webhook = Webhook::start(&[]);
    for uid in ["a", "b"] {
        webhook.validate(&denied(uid));
    }
    webhook.assert_answers();
    webhook.post("/validate", "{");
    let counted = |name: &str| webhook.metric(&format!("volcano_job_update_webhook_{name}"));
    assert_eq!(counted(r#"requests_total{endpoint="validate",verdict="denied"}"#), 2);
    assert_eq!(counted(r#"requests_total{endpoint="validate",verdict="allowed"}"#), 1);
    assert_eq!(counted(r#"requests_total{endpoint="validate",verdict="bad-request"}"#), 1);
    assert_eq!(counted(r#"violations_total{code="immutable-field"}"#), 2);
    assert_eq!(counted(r#"request_duration_seconds_count{endpoint="validate"}"#), 4);
    assert_eq!(counted(r#"request_duration_seconds_bucket{le="+Inf",endpoint="validate"}"#), 4);
    assert_eq!(counted("in_flight_requests"), 0);
    let metrics = webhook.get("/metrics");
    assert!(
        metrics.head.contains("content-type: application/openmetrics-text"),
        "{}",
        metrics.head
    );
    assert!(metrics.body.ends_with("# EOF\n"));
}

#[test]
fn log_and_metrics_have_no_value_of_a_job() {
    let secret = "hunter2";
    let pod = |value: &str| {
        json!({"metadata": {
                "annotations": {"note": value, "kubectl.kubernetes.io/last-applied-configuration": value},
                "labels": {"team": value}},
            "spec": {"queue": value, "tasks": [{"name": "worker", "replicas": 1, "template": {"spec": {
                "containers": [{"name": "c", "args": [value], "env": [{"name": "TOKEN", "value": value}]}]}}}]}})
    };
    let webhook = Webhook::start(&[]);
    let existing = pod(&format!("{secret}-before"));
    let replacement = pod(&format!("{secret}-after"));
    let mut review = review("the-uid", existing, replacement);
    assert_eq!(webhook.validate(&review).json()["response"]["allowed"], false);
    review["request"]["object"]["spec"]["tasks"] = json!(secret);
    for endpoint in ["/validate", "/restore"] {
        webhook.post(endpoint, &review.to_string());
        webhook.post(endpoint, &format!("{secret} is no JSON"));
        webhook.post(&format!("{endpoint}/{secret}"), &review.to_string());
    }
    webhook.assert_answers();
    // The log is in order: once this line is there, all earlier lines are too.
    webhook.wait_for_log(r#""uid":"other""#);
    assert!(webhook.log().contains("the-uid"), "{}", webhook.log());
    assert!(!webhook.log().contains(secret), "{}", webhook.log());
    let metrics = webhook.get("/metrics").body;
    assert!(!metrics.contains(secret), "{metrics}");
}

#[test]
fn health_and_unknown_paths() {
    let webhook = Webhook::start(&[]);
    assert_eq!(webhook.get("/healthz").status, 200);
    assert_eq!(webhook.get("/readyz").status, 200);
    assert_eq!(webhook.get("/validate").status, 405);
    assert_eq!(webhook.get("/").status, 404);
}
