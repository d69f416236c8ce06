//! The full text of every kind of violation.

#[path = "../util/mod.rs"]
mod util;
mod values;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use volcano_job_update::{
    Job, Limits, Review, UpdateError, UpdatePolicy, Validator, Violation, ViolationCode,
    validate_update,
};

use util::{patched, read_json};

#[track_caller]
fn base(name: &str) -> Value {
    let file = format!("{}/tests/jobs/{name}.json", env!("CARGO_MANIFEST_DIR"));
    read_json(Path::new(&file))
}

#[track_caller]
#[expect(clippy::unwrap_used, reason = "the Jobs of these tests can be read")]
fn review(policy: UpdatePolicy, existing: &Value, patch: &Value) -> Review {
    let replacement = patched(existing, patch);
    let [old, new] = [existing, &replacement].map(|job| Job::from_value(job).unwrap());
    Validator::new(policy).review(&old, &new).unwrap()
}

/// The violations of an update by the documented rule.
#[track_caller]
fn violations(existing: &Value, patch: &Value) -> Vec<Violation> {
    let violations = review(UpdatePolicy::documented(), existing, patch).into_result().err();
    violations.into_iter().flatten().collect()
}

/// An update has exactly one violation, with this code, text and hint.
#[track_caller]
#[expect(clippy::panic, reason = "this is how a test fails")]
fn assert_violation(existing: &Value, patch: &Value, code: ViolationCode, text: &str, hint: &str) {
    let violations = violations(existing, patch);
    let [violation] = &*violations else { panic!("{violations:?}") };
    assert_eq!(violation.code(), code);
    assert_eq!(violation.to_string(), text);
    assert_eq!(violation.hint(), Some(hint));
}

#[test]
fn immutable_field() {
    for (base_name, patch, text, remedy) in [
        (
            "bare",
            json!([{"op": "add", "path": "/spec/priorityClassName", "value": "high"}]),
            "spec.priorityClassName: the field was added: field is immutable",
            "remove the field",
        ),
        (
            "rich",
            json!([{"op": "remove", "path": "/spec/queue"}]),
            "spec.queue: the field was removed: field is immutable",
            "add the field again as it stands in the existing Job",
        ),
        (
            "rich",
            json!([{"op": "replace", "path": "/spec/tasks/1/minAvailable", "value": 3}]),
            "spec.tasks[1].minAvailable: the value was changed: field is immutable",
            "restore the value of the existing Job",
        ),
    ] {
        assert_violation(&base(base_name), &patch, ViolationCode::ImmutableField, text, remedy);
    }
}

#[test]
fn immutable_field_reordered() {
    let list = "/metadata/ownerReferences";
    let patch = json!([{"op": "move", "from": format!("{list}/1"), "path": format!("{list}/0")}]);
    let text = "metadata.ownerReferences: the elements were put in another order: \
        field is immutable";
    let hint = "restore the order of the existing Job";
    assert_violation(&base("rich"), &patch, ViolationCode::ImmutableField, text, hint);
}

#[test]
fn policies_say_what_may_change() {
    for (allowed, sentence) in [
        (json!([]), "nothing may change"),
        (json!(["metadata.labels"]), "only metadata.labels may change"),
        (
            json!(["metadata.labels", "spec.plugins[*]"]),
            "only metadata.labels and spec.plugins[*] may change",
        ),
    ] {
        let policy: UpdatePolicy = serde_json::from_value(json!({"allowed": allowed})).unwrap();
        assert_eq!(policy.rule_in_words(), sentence);
    }
}

#[test]
fn dropped_default() {
    for (path, field, line) in [
        ("/spec/schedulerName", "spec.schedulerName", r#""schedulerName": "volcano""#),
        ("/spec/minAvailable", "spec.minAvailable", r#""minAvailable": 4"#),
        ("/spec/plugins/ssh", "spec.plugins.ssh", r#""ssh": []"#),
        ("/spec/plugins/svc", "spec.plugins.svc", r#""svc": []"#),
        ("/spec/tasks/0/name", "spec.tasks[0].name", r#""name": "default0""#),
        ("/spec/tasks/1/minAvailable", "spec.tasks[1].minAvailable", r#""minAvailable": 2"#),
        ("/spec/tasks/1/maxRetry", "spec.tasks[1].maxRetry", r#""maxRetry": 3"#),
    ] {
        let patch = json!([{"op": "remove", "path": path}]);
        let text = format!("{field}: the field was filled in at creation and must not be dropped");
        assert_violation(
            &base("created"),
            &patch,
            ViolationCode::DroppedDefault,
            &text,
            &format!("add {line}"),
        );
    }
}

#[test]
fn unknown_field() {
    for (path, field, hint) in [
        ("/spec/minavailable", "spec.minavailable", "did you mean `minAvailable`?"),
        ("/spec/task", "spec.task", "did you mean `tasks`?"),
        ("/spec/tasks/0/replica", "spec.tasks[0].replica", "did you mean `replicas`?"),
        ("/metadata/anotations", "metadata.anotations", "did you mean `annotations`?"),
        ("/spec/xyz", "spec.xyz", "remove it: no Job has this field"),
    ] {
        let patch = json!([{"op": "add", "path": path, "value": 1}]);
        let text = format!("{field}: unknown field");
        assert_violation(&base("trio"), &patch, ViolationCode::UnknownField, &text, hint);
    }
}

#[test]
fn removed_unknown_field() {
    let mut existing = base("trio");
    existing["spec"]["queues"] = json!("research");
    let violations = violations(&existing, &json!([{"op": "remove", "path": "/spec/queues"}]));
    let text = "spec.queues: the unknown field was removed: field is immutable";
    assert_eq!(violations[0].to_string(), text);
    let hint = violations[0].hint().unwrap();
    assert!(hint.starts_with("add the field again as it stands in the existing Job"), "{hint}");
}

#[test]
fn existing_object_that_is_no_job() {
    let mut existing = base("trio");
    existing["kind"] = json!("List");
    let patch = json!([{"op": "replace", "path": "/kind", "value": "Job"}]);
    let text = "kind: the existing object is not a Volcano Job";
    let hint = "compare with the Job that is in the cluster";
    assert_violation(&existing, &patch, ViolationCode::WrongObject, text, hint);
}

#[test]
fn finalizer_that_is_no_string() {
    let patch = json!([{"op": "add", "path": "/metadata/finalizers", "value": [1, "/"]}]);
    let violations = violations(&base("trio"), &patch);
    let invalid = violations.iter().filter(|v| v.code() == ViolationCode::InvalidValue);
    let texts: Vec<_> = invalid.map(ToString::to_string).collect();
    let [rest @ .., number] = &*texts else { panic!("{texts:?}") };
    assert_eq!(number, "metadata.finalizers[0]: must be a string, not a number");
    let is_second = |text: &String| text.starts_with("metadata.finalizers: element at position 1");
    assert!(!rest.is_empty() && rest.iter().all(is_second), "{rest:?}");
}

#[test]
fn task_added() {
    let patch = json!([{"op": "add", "path": "/spec/tasks/3", "value": {"name": "d"}}]);
    let text = "spec.tasks[3]: the task was added, and the list of tasks is fixed: \
        field is immutable";
    let hint = "remove the task, or create another Job for it";
    assert_violation(&base("trio"), &patch, ViolationCode::TaskAdded, text, hint);
}

#[test]
fn task_removed() {
    let patch = json!([{"op": "remove", "path": "/spec/tasks/0"}]);
    let text = "spec.tasks[0]: the task was removed, and the list of tasks is fixed: \
        field is immutable";
    let hint = "keep the task; lower its replicas if it is not needed";
    assert_violation(&base("trio"), &patch, ViolationCode::TaskRemoved, text, hint);
}

#[test]
fn tasks_reordered() {
    let patch = json!([{"op": "move", "from": "/spec/tasks/0", "path": "/spec/tasks/2"}]);
    let text = "spec.tasks: the tasks were put in another order: field is immutable";
    let hint = "restore the order of the existing Job";
    assert_violation(&base("trio"), &patch, ViolationCode::TasksReordered, text, hint);
}

#[test]
fn duplicate_task_name() {
    let patch = json!([{"op": "replace", "path": "/spec/tasks/2/name", "value": "a"}]);
    let found = violations(&base("trio"), &patch);
    assert_eq!(found[0].code(), ViolationCode::ImmutableField);
    assert_eq!(found[1].code(), ViolationCode::DuplicateTaskName);
    assert_eq!(found[1].to_string(), "spec.tasks[2].name: spec.tasks[0] has the same name");
    assert_eq!(found[1].hint(), Some("give each task a name of its own"));
}

#[test]
fn wrong_object() {
    for (operation, path, text, hint) in [
        (
            "replace",
            "metadata.namespace",
            "must be the same as in the existing Job",
            "send the update to the Job that it is meant for",
        ),
        (
            "replace",
            "metadata.name",
            "must be the same as in the existing Job",
            "send the update to the Job that it is meant for",
        ),
        ("remove", "metadata.name", "must be set", "set metadata.name"),
        ("remove", "kind", "must be set", "set kind"),
        ("replace", "kind", "must be Job", "set kind to Job"),
        (
            "replace",
            "apiVersion",
            "must be batch.volcano.sh/v1alpha1",
            "set apiVersion to batch.volcano.sh/v1alpha1",
        ),
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        let patch = json!([{"op": operation, "path": pointer, "value": "other"}]);
        assert_violation(
            &base("trio"),
            &patch,
            ViolationCode::WrongObject,
            &format!("{path}: {text}"),
            hint,
        );
    }
}

#[test]
fn replicas_below_min_available() {
    let patch = json!([{"op": "replace", "path": "/spec/tasks/0/replicas", "value": 0}]);
    let text = "spec.tasks[0].replicas: must be at least 1, the minAvailable of the task, but is 0";
    let hint = "set replicas to 1 or more: this policy does not let minAvailable change; to go \
        lower, create a new Job with a smaller minAvailable or use a policy that allows \
        spec.tasks[*].minAvailable, such as volcano";
    assert_violation(&base("rich"), &patch, ViolationCode::ReplicasBelowMinAvailable, text, hint);
}

#[test]
fn min_available_above_total() {
    let existing = patched(
        &base("trio"),
        &json!([{"op": "replace", "path": "/spec/minAvailable", "value": 6}]),
    );
    let patch = json!([{"op": "replace", "path": "/spec/tasks/2/replicas", "value": 2}]);
    let text = "spec.minAvailable: must be at most 5, the sum of the replicas of all tasks, \
        but is 6";
    let hint = "raise the sum of all replicas to 6 or more: this policy does not let minAvailable \
        change; to go lower, create a new Job with a smaller minAvailable or use a policy that \
        allows spec.minAvailable, such as volcano";
    assert_violation(&existing, &patch, ViolationCode::MinAvailableAboveTotal, text, hint);
}

#[test]
fn partition_mismatch() {
    let patch = json!([{"op": "replace", "path": "/spec/tasks/1/replicas", "value": 6}]);
    let text = "spec.tasks[1].replicas: must be 4, the product of totalPartitions (2) and \
        partitionSize (2), but is 6";
    assert_violation(
        &base("rich"),
        &patch,
        ViolationCode::PartitionMismatch,
        text,
        "set replicas to 4",
    );
}

#[test]
fn violations_display_as_one_line() {
    let patch = json!([
        {"op": "replace", "path": "/spec/queue", "value": "other"},
        {"op": "remove", "path": "/spec/tasks/0"},
    ]);
    let denied = "spec.queue: the value was changed: field is immutable; \
        spec.tasks[0]: the task was removed, and the list of tasks is fixed: field is immutable";
    let violations = review(UpdatePolicy::documented(), &base("trio"), &patch);
    assert_eq!(violations.into_result().unwrap_err().to_string(), denied);

    let mut limits = Limits::default();
    limits.violations = 1;
    let policy = UpdatePolicy::documented().with_limits(limits);
    let violations = review(policy, &base("trio"), &patch).into_result().unwrap_err();
    let text = "spec.queue: the value was changed: field is immutable; and 1 more";
    assert_eq!(violations.to_string(), text);
    assert_eq!(UpdateError::Denied(violations).to_string(), text);
}

#[test]
fn code_summaries_are_sentences() {
    let names: BTreeSet<&str> = ViolationCode::all().map(ViolationCode::as_str).collect();
    assert_eq!(names.len(), ViolationCode::all().count());
    for code in ViolationCode::all() {
        assert_eq!(code.as_str().parse(), Ok(code));
        for text in [code.summary(), code.explanation()] {
            let sentence = text.starts_with(char::is_alphabetic) && text.ends_with(['.', ')']);
            assert!(sentence && !text.contains("  "), "{code}: {text}");
        }
    }
}

/// Jobs contain secrets, and messages end up in logs.
#[test]
fn messages_show_no_values() {
    let secret = |field: &str, version: u32| format!("s3cret-{field}-{version}");
    let job = |version| {
        let container = json!({
            "name": "main",
            "command": [secret("command", version)],
            "args": [secret("args", version), secret("more", version)],
            "env": [{"name": "TOKEN", "value": secret("env", version)}],
            "odd": secret("unknown", version),
            "image": [secret("image", version)],
            "resources": {"limits": {"cpu": secret("cpu", version)}},
            "imagePullPolicy": secret("pull", version),
        });
        json!({
            "apiVersion": "batch.volcano.sh/v1alpha1",
            "kind": secret("kind", version),
            "metadata": {
                "name": secret("name", version),
                "namespace": secret("namespace", version),
                "generateName": secret("generate", version),
                "labels": {"label": secret("label", version), "bad": secret("not ok", version)},
                "annotations": {"note": secret("annotation", version)},
                "finalizers": [secret("finalizer", version), secret("not ok", version)],
            },
            "spec": {
                "policies": [{"event": secret("event", version), "timeout": [secret("t", version)]}],
                "queue": secret("queue", version),
                "plugins": {"ssh": [secret("plugin", version)]},
                "odd": secret("unknown", version),
                "tasks": [
                    {"name": "a", "template": {"spec": {"containers": [container]}}},
                    {"name": secret("task", version), "maxRetry": secret("retry", version)},
                ],
            },
        })
    };
    let policy: UpdatePolicy = serde_json::from_value(json!({"allowed": []})).unwrap();
    let (existing, replacement) = (job(1), job(2));
    let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    let review = Validator::new(policy).review(&old, &new).unwrap();
    let violations = review.violations().unwrap();
    assert!(violations.len() > 15, "{violations}");

    let mut texts =
        vec![violations.to_string(), serde_json::to_string(violations.as_ref()).unwrap()];
    texts.extend(violations.iter().filter_map(|violation| violation.hint().map(Into::into)));
    texts.push(validate_update(&old, &new).unwrap_err().to_string());
    texts.extend([format!("{old:?}"), format!("{review:?}"), format!("{violations:?}")]);
    for text in texts {
        assert!(!text.contains("s3cret"), "{text}");
    }
}
