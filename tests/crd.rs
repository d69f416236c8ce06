//! Updates judged by the schema of another release, with shapes that the built-in one lacks.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use serde_json::{Value, json};
use volcano_job_update::{Job, JobSchema, UpdateError, Validator, Violation, ViolationCode};

/// A validator by a schema with these fields of `spec`.
fn validator(spec: &Value) -> Validator {
    let schema = json!({"properties": {"spec": {"properties": spec}}});
    Validator::default().with_schema(JobSchema::from_crd(&schema).unwrap())
}

fn job(spec: &Value) -> Value {
    json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
        "spec": spec,
    })
}

/// The path and kind of each change.
fn changes(validator: &Validator, existing: &Value, replacement: &Value) -> Vec<String> {
    let [existing, replacement] = [existing, replacement].map(job);
    let (existing, replacement) =
        (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let changes = validator.diff(&existing, &replacement).unwrap();
    changes.iter().map(|change| format!("{} {}", change.path(), change.kind())).collect()
}

/// Only as a field of a struct is an absent map the same as an empty one.
#[test]
fn a_map_in_a_map_is_removed_whole() {
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let validator = validator(&json!({
        "groups": {"type": "object", "additionalProperties": map}, "group": map,
    }));
    let existing = json!({"groups": {"a": {"b": "c"}}, "group": {"d": "e"}});
    let replacement = json!({"groups": {}});
    assert_eq!(
        changes(&validator, &existing, &replacement),
        ["spec.group.d removed", "spec.groups.a removed"]
    );
}

/// Volcano fills these fields in at creation, whether or not the schema has the same defaults.
#[test]
fn dropped_defaults_do_not_need_a_default_in_the_schema() {
    let validator =
        validator(&json!({"queue": {"type": "string"}, "maxRetry": {"type": "integer"}}));
    let existing = job(&json!({"queue": "default", "maxRetry": 3}));
    let replacement = job(&json!({}));
    let existing = Job::from_value(&existing).unwrap();
    let replacement = Job::from_value(&replacement).unwrap();
    let Err(UpdateError::Denied(violations)) = validator.validate_update(&existing, &replacement)
    else {
        panic!("the update must be denied");
    };
    let found: Vec<_> = violations.iter().map(Violation::code).collect();
    assert_eq!(found, [ViolationCode::DroppedDefault; 2]);
}

/// A schema without a minimum accepts negative replicas, and the rule denies them.
#[test]
fn replicas_are_checked_where_the_schema_does_not() {
    let task = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "replicas": {"type": "integer"}}});
    let validator = validator(&json!({"tasks": {"type": "array", "items": task}}));
    let tasks = |replicas: i64| job(&json!({"tasks": [{"name": "a", "replicas": replicas}]}));
    let (existing, replacement) = (tasks(1), tasks(-1));
    let existing = Job::from_value(&existing).unwrap();
    let replacement = Job::from_value(&replacement).unwrap();
    let violations = validator.review(&existing, &replacement).unwrap().into_result().unwrap_err();
    let [violation] = &*violations else { panic!("{violations:?}") };
    assert_eq!(violation.to_string(), "spec.tasks[0].replicas: must be at least 0");
}

/// The rules of a CRD that are not evaluated are named, wherever they are.
#[test]
fn rules_that_are_not_evaluated_are_named() {
    let rule = |rule: &str| json!([{"rule": rule, "message": "no"}]);
    let openapi = json!({"x-kubernetes-validations": rule("a"), "properties": {"spec": {"properties": {
        "tasks": {"type": "array", "items": {"x-kubernetes-validations": rule("b"), "type": "object"}},
        "plugins": {"additionalProperties": {"items": {"x-kubernetes-validations": rule("c")}}},
    }}}});
    let schema = JobSchema::from_crd(&openapi).unwrap();
    let named: Vec<String> = schema.unchecked_rules().iter().map(ToString::to_string).collect();
    assert_eq!(named, ["a", "spec.plugins[*][*]: c", "spec.tasks[*]: b"]);
}

/// What the verdict leaves alone and an API server refuses becomes a warning.
#[test]
fn what_an_api_server_refuses_besides_is_a_warning() {
    let job = |replicas: i64, class: &str| {
        job(&json!({"priorityClassName": class, "tasks": [
            {"name": "a", "maxRetry": -1}, {"name": "b", "replicas": replicas}]}))
    };
    let validator = Validator::default();
    let warnings = |existing: &Value, replacement: &Value| {
        let existing = Job::from_value(existing).unwrap();
        let replacement = Job::from_value(replacement).unwrap();
        let mut review = validator.review(&existing, &replacement).unwrap();
        assert!(review.is_allowed());
        let refused = validator.server_violations(&existing, &replacement).unwrap();
        review.warn_about(refused.clone());
        review.warn_about(refused);
        review.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let old = "spec.tasks[0].maxRetry: an API server refuses the update: must be at least 0";
    assert_eq!(warnings(&job(1, "x"), &job(2, "x")), [old]);
    // No task changes, so none is validated.
    assert_eq!(warnings(&job(1, "x"), &job(1, "x")), [""; 0]);
    let mut without = job(1, "x");
    without["spec"].as_object_mut().unwrap().remove("priorityClassName");
    let [empty] = &*warnings(&without, &job(1, "")) else { panic!("one warning") };
    let refused = "spec.priorityClassName: an API server refuses the update: must match ";
    assert!(empty.starts_with(refused), "{empty}");
}
