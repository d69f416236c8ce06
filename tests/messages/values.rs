//! The texts of `invalid-value`, and of warnings.

use serde_json::{Value, json};
use volcano_job_update::{UpdatePolicy, Violation, ViolationCode};

use crate::{base, review, violations};

/// The texts and hints of the violations of an update.
#[track_caller]
fn texts_and_hints(existing: &Value, patch: &Value) -> Vec<(String, Option<String>)> {
    let text = |violation: &Violation| (violation.to_string(), violation.hint().map(Into::into));
    violations(existing, patch).iter().map(text).collect()
}

/// Elements that were repeated before may stay so, but metadata does not count.
#[test]
fn repeated_finalizers_do_not_excuse_repeated_variables() {
    let mut existing = base("rich");
    existing["metadata"]["finalizers"] = json!(["example.com/a", "example.com/a"]);
    let variables = json!([{"name": "A"}, {"name": "A"}]);
    let patch = json!([{"op": "add", "path": "/spec/tasks/0/template/spec/containers/0/env", "value": variables}]);
    let found = texts_and_hints(&existing, &patch);
    let text = "spec.tasks[0].template.spec.containers[0].env[1]: must differ from the element at position 0 in name";
    assert_eq!(found, [(text.to_owned(), None)]);
}

#[test]
fn schema_types_required_fields_and_duplicates() {
    let pod = "/spec/tasks/0/template/spec";
    let text = "spec.tasks[0].template.spec";
    for (path, value, message, hint) in [
        (
            "containers/0/env/1/name",
            json!("A"),
            "containers[0].env[1]: must differ from the element at position 0 in name",
            None,
        ),
        (
            "containers/0/ports/1",
            json!({"containerPort": 2222}),
            "containers[0].ports[1]: must differ from the element at position 0 in containerPort or protocol",
            None,
        ),
        (
            "containers/0/image",
            json!(7),
            "containers[0].image: must be a string, not a number",
            Some("write it in quotes"),
        ),
        ("containers/0/args", json!({}), "containers[0].args: must be a list, not an object", None),
        (
            "containers/0/args/1",
            json!(null),
            "containers[0].args[1]: must be a string, not null",
            None,
        ),
        (
            "containers/0/resources/limits/cpu",
            json!("a lot"),
            "containers[0].resources.limits.cpu: must be a quantity such as 500m, 1.5 or 2Gi",
            None,
        ),
        (
            "containers/0/resources/limits/cpu",
            json!(0.25),
            "containers[0].resources.limits.cpu: must be an integer or a string, not a fraction",
            Some("write it in quotes"),
        ),
        (
            "containers/0/ports/0/containerPort",
            json!("2222"),
            "containers[0].ports[0].containerPort: must be an integer, not a string",
            Some("write it without quotes"),
        ),
        (
            "containers/0/ports/0/containerPort",
            json!(3.5),
            "containers[0].ports[0].containerPort: must be an integer, not a fraction",
            None,
        ),
        (
            "containers/0/ports/0/containerPort",
            json!(1_u64 << 40),
            "containers[0].ports[0].containerPort: must be at most 2147483647",
            Some("set it to 2147483647 or less"),
        ),
        (
            "hostNetwork",
            json!("true"),
            "hostNetwork: must be a boolean, not a string",
            Some("write it without quotes"),
        ),
        (
            "restartPolicy",
            json!("onfailure"),
            "restartPolicy: must be one of Always, OnFailure, Never; did you mean OnFailure?",
            Some("set it to OnFailure"),
        ),
        (
            "restartPolicy",
            json!("x"),
            "restartPolicy: must be one of Always, OnFailure, Never",
            None,
        ),
        ("containers", json!(null), "containers: must be set", Some("add it")),
        ("volumes/1", json!({"emptyDir": {}}), "volumes[1].name: must be set", Some("add it")),
    ] {
        // `add` would insert an element.
        let is_element = path.ends_with(|c: char| c.is_ascii_digit());
        let op = if is_element { "replace" } else { "add" };
        let patch = json!([{"op": op, "path": format!("{pod}/{path}"), "value": value}]);
        let expected = (format!("{text}.{message}"), hint.map(Into::into));
        assert_eq!(texts_and_hints(&base("rich"), &patch), [expected]);
    }
}

#[test]
fn schema_bounds_and_patterns() {
    let long = "a".repeat(254);
    for (path, value, message) in [
        ("spec/tasks/0/replicas", json!(-1), "spec.tasks[0].replicas: must be at least 0"),
        ("spec/queue", json!(long), "spec.queue: must be at most 253 characters long, but has 254"),
        (
            "spec/queue",
            json!("Not OK"),
            r"spec.queue: must match ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        ),
        (
            "spec/volumes/0/mountPath",
            json!(""),
            "spec.volumes[0].mountPath: must be at least 1 character long, but has 0",
        ),
        ("spec/tasks", json!([]), "spec.tasks: must have at least 1 element, but has 0"),
        (
            "spec/policies/0/event",
            json!("PodDied"),
            "spec.policies[0].event: must be one of *, PodPending, PodRunning, PodFailed, PodEvicted, Unknown, TaskCompleted, OutOfSync, CommandIssued, JobUpdated, TaskFailed; did you mean PodFailed?",
        ),
        (
            "metadata/resourceVersion",
            json!(41),
            "metadata.resourceVersion: must be a string, not a number",
        ),
        ("metadata/labels/app", json!(1), "metadata.labels.app: must be a string, not a number"),
    ] {
        let patch = json!([{"op": "replace", "path": format!("/{path}"), "value": value}]);
        let texts: Vec<String> = violations(&base("rich"), &patch)
            .iter()
            .filter(|violation| violation.code() == ViolationCode::InvalidValue)
            .map(Violation::to_string)
            .collect();
        assert!(texts.contains(&message.to_owned()), "{texts:?}");
    }
}

/// The rules have the words of Kubernetes, as an API server answers them:
/// <https://github.com/kubernetes/apimachinery/tree/master/pkg/api/validate/content>.
#[test]
fn metadata_violations_have_kubernetes_words() {
    let name = "a".repeat(64);
    let names = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
        alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
        '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let keys = format!(
        "a valid label key {names} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    );
    let values = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
        and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
        regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let subdomains = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
        '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation \
        is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let long_prefix = "a".repeat(254) + "/a";
    let owner = |kind: &str| json!({"apiVersion": "v1", "kind": kind, "name": "a", "uid": "u"});
    let mut controller = owner("A");
    controller["controller"] = json!(true);
    for (path, value, message) in [
        ("labels", json!({"a/b/c": ""}), format!("labels: key `a/b/c`: {keys}")),
        ("labels", json!({"a": "b c"}), format!("labels: value of `a`: {values}")),
        (
            "labels",
            json!({"a": name}),
            "labels: value of `a`: must be no more than 63 bytes".into(),
        ),
        ("labels", json!({"-": ""}), format!("labels: key `-`: name part {names}")),
        (
            "labels",
            json!({&name: ""}),
            format!("labels: key `{name}`: name part must be no more than 63 bytes"),
        ),
        ("labels", json!({"/a": ""}), "labels: key `/a`: prefix part must be non-empty".into()),
        ("labels", json!({"A.b/a": ""}), format!("labels: key `A.b/a`: prefix part {subdomains}")),
        (
            "labels",
            json!({&long_prefix: ""}),
            format!("labels: key `{long_prefix}`: prefix part must be no more than 253 bytes"),
        ),
        (
            "annotations",
            json!({"a": "x".repeat(262_144)}),
            "annotations: may not be more than 262144 bytes".into(),
        ),
        ("generateName", json!("a/b-"), "generateName: may not contain '/'".into()),
        ("finalizers", json!(["a/b/c"]), format!("finalizers: element at position 0: {keys}")),
        (
            "finalizers",
            json!(["orphan", "foregroundDeletion"]),
            "finalizers: finalizer orphan and foregroundDeletion cannot be both set".into(),
        ),
        (
            "ownerReferences",
            json!([{"apiVersion": "v1", "kind": "A", "name": "a"}]),
            "ownerReferences[0].uid: must not be empty".into(),
        ),
        (
            "ownerReferences",
            json!([{"apiVersion": "a/b/c", "kind": "A", "name": "a", "uid": "u"}]),
            "ownerReferences[0].apiVersion: must be <group>/<version> or <version>".into(),
        ),
        (
            "ownerReferences",
            json!([owner("Event")]),
            "ownerReferences[0]: /v1, Kind=Event is disallowed from being an owner".into(),
        ),
        (
            "ownerReferences",
            json!([&controller, &controller]),
            "ownerReferences: Only one reference can have Controller set to true".into(),
        ),
    ] {
        let patch = json!([{"op": "add", "path": format!("/metadata/{path}"), "value": value}]);
        let texts: Vec<String> = violations(&base("trio"), &patch)
            .iter()
            .filter(|violation| violation.code() == ViolationCode::InvalidValue)
            .map(Violation::to_string)
            .collect();
        assert_eq!(texts, [format!("metadata.{message}")]);
    }
}

#[test]
fn new_finalizers_during_deletion_have_kubernetes_words() {
    let mut existing = base("trio");
    existing["metadata"]["deletionTimestamp"] = json!("2019-07-11T08:09:41Z");
    existing["metadata"]["finalizers"] = json!(["example.com/old"]);
    let patch =
        json!([{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/new"}]);
    let texts: Vec<String> = violations(&existing, &patch)
        .iter()
        .filter(|violation| violation.code() == ViolationCode::InvalidValue)
        .map(Violation::to_string)
        .collect();
    let rule = "no new finalizers can be added if the object is being deleted";
    assert_eq!(texts, [format!("metadata.finalizers: element at position 1: {rule}")]);
}

#[test]
fn warnings() {
    let (long, cut) = ("x".repeat(1000), "x".repeat(97));
    let existing = base("trio");
    let patch = json!([
        {"op": "add", "path": "/spec/template", "value": {"spec": {}}},
        {"op": "add", "path": "/spec/tasks/0/template/spec/hostNetwrk", "value": true},
        {"op": "add", "path": format!("/spec/tasks/1/template/spec/{long}"), "value": true},
    ]);
    let review = review(UpdatePolicy::documented(), &existing, &patch);
    assert!(review.is_allowed());
    let texts: Vec<String> = review.warnings().iter().map(Violation::to_string).collect();
    let hints: Vec<_> = review.warnings().iter().map(|warning| warning.hint()).collect();
    let unknown = "unknown field: an API server drops it, or rejects the request if it is strict";
    assert_eq!(
        texts,
        [
            format!("spec.tasks[0].template.spec.hostNetwrk: {unknown}"),
            format!("spec.tasks[1].template.spec[\"{cut}…: {unknown}"),
            format!("spec.template: {unknown}"),
        ]
    );
    assert_eq!(
        hints,
        [
            Some("did you mean `hostNetwork`?"),
            Some("remove it: no Job has this field"),
            Some("each task has its own: set spec.tasks[*].template"),
        ]
    );
}

#[test]
fn long_names_are_shortened_in_warnings() {
    let key = "é".repeat(400);
    let existing = json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "a", "labels": {&key: ""}}});
    let patch = json!([{"op": "add", "path": "/metadata/labels/a", "value": "b"}]);
    let review = review(UpdatePolicy::documented(), &existing, &patch);
    assert!(review.is_allowed(), "it was wrong before");
    assert_eq!(review.warnings().len(), 2);
    for warning in review.warnings() {
        let characters = warning.to_string().chars().count();
        assert!((200..256).contains(&characters), "{characters}: {warning}");
    }
}
