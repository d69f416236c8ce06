//! Limits on what a review lists.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use serde_json::{Value, json};
use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update::{
    ChangeKind, Check, Job, Limits, Report, Review, UpdatePolicy, Validator, Verdict, ViolationCode,
};

/// A Job with these fields of its metadata, besides the name.
fn job(metadata: &Value, spec: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
        "spec": spec,
    });
    json_patch::merge(&mut job, &json!({"metadata": metadata}));
    job
}

fn review(policy: UpdatePolicy, existing: &Value, replacement: &Value) -> Review {
    let [existing, replacement] = [existing, replacement].map(|job| Job::from_value(job).unwrap());
    Validator::new(policy).review(&existing, &replacement).unwrap()
}

fn documented(changes: usize) -> UpdatePolicy {
    UpdatePolicy::documented().with_limits(Limits::default().with_changes(changes))
}

fn changes(review: &Review) -> Vec<(String, ChangeKind, Verdict)> {
    let change = |change: &volcano_job_update::Change| {
        (change.path().to_string(), change.kind(), change.verdict())
    };
    review.changes().iter().map(change).collect()
}

#[test]
fn too_many_changes_in_a_map_are_one_change_of_the_map() {
    let existing = job(&json!({"labels": {"a": "1", "b": "1", "c": "1", "d": "1"}}), &json!({}));
    let replacement = job(&json!({"labels": {"a": "2", "b": "2", "c": "2", "d": "1"}}), &json!({}));

    let listed = review(documented(3), &existing, &replacement);
    assert_eq!(listed.changes().len(), 3);
    let whole = review(documented(2), &existing, &replacement);
    let expected = ("metadata.labels".to_owned(), ChangeKind::Replaced, Verdict::Allowed);
    assert_eq!(changes(&whole), [expected]);
    assert!(whole.is_allowed());
    for review in [listed, whole] {
        let mut patched = existing.clone();
        json_patch::patch(&mut patched, &review.changes().to_patch()).unwrap();
        assert_eq!(patched, replacement);
    }
}

#[test]
fn too_many_changes_of_an_absent_map_are_one_addition() {
    let existing = job(&json!({}), &json!({}));
    let replacement = job(&json!({"labels": {"a": "1", "b": "2", "c": "3"}}), &json!({}));
    let expected = ("metadata.labels".to_owned(), ChangeKind::Added, Verdict::Allowed);
    assert_eq!(changes(&review(documented(2), &existing, &replacement)), [expected]);
    let removed = ("metadata.labels".to_owned(), ChangeKind::Removed, Verdict::Allowed);
    assert_eq!(changes(&review(documented(2), &replacement, &existing)), [removed]);

    let null = job(&json!({"labels": null}), &json!({}));
    for [existing, replacement] in
        [[&existing, &replacement], [&replacement, &existing], [&null, &replacement]]
    {
        let review = review(documented(2), existing, replacement);
        let mut patched = existing.clone();
        json_patch::patch(&mut patched, &review.changes().to_patch()).unwrap();
        assert_eq!(patched["metadata"]["labels"], replacement["metadata"]["labels"]);
    }
}

/// Each element has one change, and the list has too many of them.
#[test]
fn too_many_changes_below_a_list_are_one_change_of_the_list() {
    let volumes = |size: u32| -> Value {
        let volume = |name| json!({"name": name, "emptyDir": {"sizeLimit": format!("{size}Gi")}});
        let volumes = ["a", "b", "c"].map(volume);
        json!({"tasks": [{"name": "t", "template": {"spec": {"volumes": volumes}}}]})
    };
    let [existing, replacement] = [1, 2].map(|size| job(&json!({}), &volumes(size)));
    let path = "spec.tasks[0].template.spec.volumes";
    let expected = (path.to_owned(), ChangeKind::Replaced, Verdict::Allowed);
    assert_eq!(changes(&review(documented(2), &existing, &replacement)), [expected]);
    assert_eq!(review(documented(3), &existing, &replacement).changes().len(), 3);
}

/// The list is one change, and with those before it there are too many in the template.
#[test]
fn changes_before_a_list_with_too_many_count_too() {
    let template = |value: &str| -> Value {
        let volume = |name| json!({"name": name, "hostPath": {"path": value}});
        let volumes = ["a", "b", "c", "d"].map(volume);
        let labels = json!({"a": value, "b": value, "c": value});
        let template = json!({"metadata": {"labels": labels}, "spec": {"volumes": volumes}});
        json!({"tasks": [{"name": "t", "template": template}]})
    };
    let [existing, replacement] = ["1", "2"].map(|value| job(&json!({}), &template(value)));
    let paths = |limit| -> Vec<String> {
        let changes = changes(&review(documented(limit), &existing, &replacement));
        changes.into_iter().map(|(path, ..)| path).collect()
    };
    let template = "spec.tasks[0].template";
    assert_eq!(paths(3), [template]);
    let label = |key| format!("{template}.metadata.labels.{key}");
    let volume = |i| format!("{template}.spec.volumes[{i}].hostPath.path");
    let all: Vec<String> =
        ["a", "b", "c"].map(label).into_iter().chain([0, 1, 2, 3].map(volume)).collect();
    assert_eq!(paths(7), all);
    assert_eq!(paths(6), [template], "the volumes are within the limit, the template is not");
}

/// The verdict on all changes together is the strictest one.
#[test]
fn one_denied_change_among_too_many_denies_all() {
    let annotations =
        |value: &str| json!({"annotations": {"a": value, "b": value, "c": value, "d": value}});
    let [existing, replacement] = ["1", "2"].map(|value| job(&annotations(value), &json!({})));
    for denied in ["a", "b", "c", "d"] {
        let mut policy: UpdatePolicy =
            serde_json::from_value(json!({"allowed": [], "limits": {"changes": 2}})).unwrap();
        for key in ["a", "b", "c", "d"].into_iter().filter(|key| *key != denied) {
            let pattern = format!("metadata.annotations[{key}]").parse().unwrap();
            policy = if key == "d" { policy.ignore(pattern) } else { policy.allow(pattern) };
        }
        let review = review(policy, &existing, &replacement);
        let expected = ("metadata.annotations".to_owned(), ChangeKind::Replaced, Verdict::Denied);
        assert_eq!(changes(&review), [expected], "{denied}");
        let violation = review.violations().and_then(|violations| violations.first()).unwrap();
        assert_eq!(violation.code(), ViolationCode::ImmutableField);
        assert_eq!(violation.path().to_string(), "metadata.annotations");
    }
}

#[test]
fn a_limit_of_0_means_1() {
    let existing = job(&json!({"labels": {"a": "1", "b": "1"}}), &json!({}));
    let one = job(&json!({"labels": {"a": "2", "b": "1"}}), &json!({}));
    let both = job(&json!({"labels": {"a": "2", "b": "2"}}), &json!({}));
    assert_eq!(changes(&review(documented(0), &existing, &one))[0].0, "metadata.labels.a");
    assert_eq!(changes(&review(documented(0), &existing, &both))[0].0, "metadata.labels");
}

/// The violations that are listed are the first ones by path, and all are counted.
#[test]
fn violations_beyond_the_limit_are_counted() {
    let spec = |count: usize, first: usize| -> Value {
        let tasks = (0..count).map(|i| json!({"name": format!("t{i}"), "replicas": first + i}));
        json!({"tasks": tasks.collect::<Value>()})
    };
    let policy: UpdatePolicy =
        serde_json::from_value(json!({"allowed": [], "limits": {"violations": 3}})).unwrap();
    let [existing, replacement] = [1, 2].map(|first| job(&json!({}), &spec(20, first)));
    let review = review(policy, &existing, &replacement);
    let violations = review.violations().unwrap();
    let paths: Vec<String> = violations.iter().map(|found| found.path().to_string()).collect();
    let expected = [0, 1, 2].map(|i| format!("spec.tasks[{i}].replicas"));
    assert_eq!((&*paths, violations.omitted()), (&expected[..], 17));
}

#[test]
fn a_limit_of_0_violations_denies_as_well() {
    let policy = UpdatePolicy::documented().with_limits(Limits::default().with_violations(0));
    let task = |replicas: Value| json!({"tasks": [{"name": "a", "replicas": replicas}]});
    let [existing, replacement] =
        [json!(1), json!("x")].map(|replicas| job(&json!({}), &task(replicas)));
    let review = review(policy, &existing, &replacement);
    assert_eq!(review.violations().map(|violations| violations.len()), Some(1));
}

/// A check that is skipped takes no place among the violations that are listed.
#[test]
fn a_skipped_check_does_not_hide_a_violation() {
    let policy = UpdatePolicy::documented()
        .skip(Check::PodPolicies)
        .with_limits(Limits::default().with_violations(1));
    let template = |pod: Value| json!({"tasks": [{"name": "a", "template": {"spec": pod}}]});
    let existing = job(&json!({}), &template(json!({"containers": []})));
    let wrong = json!({
        "containers": [], "restartPolicy": "x", "terminationGracePeriodSeconds": "a",
    });
    let denied = review(policy.clone(), &existing, &job(&json!({}), &template(wrong)));
    let violations = denied.violations().unwrap();
    assert_eq!((violations.len(), violations.omitted()), (1, 0));
    let path = "spec.tasks[0].template.spec.terminationGracePeriodSeconds";
    assert_eq!(violations[0].path().to_string(), path);
    let advised = json!({"containers": [], "restartPolicy": "x"});
    assert!(review(policy, &existing, &job(&json!({}), &template(advised))).is_allowed());
    // An element of a keyed list that is no object is one violation.
    let policy = UpdatePolicy::documented().with_limits(Limits::default().with_violations(1));
    let denied =
        review(policy, &existing, &job(&json!({}), &template(json!({"containers": ["x"]}))));
    let violations = denied.violations().unwrap();
    assert_eq!((violations.len(), violations.omitted()), (1, 0));
}

/// The schema and a rule deny negative replicas; that is one violation.
#[test]
fn negative_replicas_are_counted_once() {
    let spec = |replicas: i32| {
        let task = |name| json!({"name": name, "replicas": replicas});
        let tasks = ["a", "b", "c"].map(task);
        json!({"tasks": tasks})
    };
    let policy = UpdatePolicy::documented().with_limits(Limits::default().with_violations(1));
    let [existing, replacement] = [1, -1].map(|replicas| job(&json!({}), &spec(replicas)));
    let review = review(policy, &existing, &replacement);
    let violations = review.violations().unwrap();
    assert_eq!((violations.len(), violations.omitted()), (1, 2), "{violations}");
}

#[test]
fn a_report_lists_1000_changes_and_counts_the_others() {
    let spec = |replicas: u32| {
        let tasks = (0..1003).map(|i| json!({"name": format!("t{i}"), "replicas": replicas}));
        json!({"tasks": tasks.collect::<Value>()})
    };
    let [existing, replacement] = [1, 2].map(|replicas| job(&json!({}), &spec(replicas)));
    let review = review(UpdatePolicy::documented(), &existing, &replacement);
    assert_eq!(review.changes().len(), 1003);
    let report = Report::new(&review);
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["changes"].as_array().map(Vec::len), Some(1000));
    assert_eq!(json["omittedChanges"], 3);
}

/// Only if no change is denied as such, the new values are what is wrong.
#[test]
fn status_code_says_whether_a_change_or_only_a_value_is_denied() {
    let existing = job(&json!({}), &json!({"queue": "a", "tasks": [{"name": "t", "replicas": 1}]}));
    let code = |spec: Value| {
        let review = review(UpdatePolicy::documented(), &existing, &job(&json!({}), &spec));
        Status::denied("a", review.violations().unwrap(), StatusCodes::Documented).code
    };
    assert_eq!(code(json!({"queue": "a", "tasks": [{"name": "t", "replicas": -1}]})), 400);
    assert_eq!(code(json!({"queue": "b", "tasks": [{"name": "t", "replicas": 1}]})), 403);
    assert_eq!(code(json!({"queue": "b", "tasks": [{"name": "t", "replicas": -1}]})), 403);
}
