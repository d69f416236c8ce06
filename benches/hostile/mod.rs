//! Updates that would take long if work grew faster than the text.

use serde_json::{Map, Value, json};

/// Makes an existing Job and its replacement, of a size.
pub(crate) type Shape = fn(usize) -> [Value; 2];

/// The updates, by name.
pub(crate) const SHAPES: [(&str, Shape); 20] = [
    ("args_changed", args_changed),
    ("args_wrong", args_wrong),
    ("env_reversed", env_reversed),
    ("env_repeated", env_repeated),
    ("env_wrong", env_wrong),
    ("env_repeated_in_tasks", env_repeated_in_tasks),
    ("identity", identity),
    ("labels_changed", labels_changed),
    ("labels_wrong", labels_wrong),
    ("long_key", long_key),
    ("escaped_key", escaped_key),
    ("unknown_in_spec", unknown_in_spec),
    ("nested", nested),
    ("nested_beside", nested_beside),
    ("tasks_scaled", tasks_scaled),
    ("tasks_shuffled", tasks_shuffled),
    ("tasks_renamed", tasks_renamed),
    ("unknown_fields", unknown_fields),
    ("unknown_in_pod", unknown_in_pod),
    ("plugins_removed", plugins_removed),
];

fn job(metadata: &Value, spec: &Value) -> Value {
    json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": metadata, "spec": spec,
    })
}

fn job_with_spec(spec: &Value) -> Value {
    job(&json!({"name": "a"}), spec)
}

fn job_with_labels(labels: &Map<String, Value>) -> Value {
    job(&json!({"name": "a", "labels": labels}), &json!({}))
}

fn job_with_tasks(tasks: &[Value]) -> Value {
    job_with_spec(&json!({ "tasks": tasks }))
}

/// A Job of one task with one container.
fn job_with_container(field: &str, value: &Value) -> Value {
    let container = json!({"name": "main", field: value});
    job_with_tasks(&[json!({"name": "a", "template": {"spec": {"containers": [container]}}})])
}

fn repeated(value: impl Into<Value>, size: usize) -> Value {
    vec![value.into(); size].into()
}

/// Every argument changes.
fn args_changed(size: usize) -> [Value; 2] {
    ["a", "b"].map(|argument| job_with_container("args", &repeated(argument, size)))
}

/// Every argument is a number.
fn args_wrong(size: usize) -> [Value; 2] {
    [job_with_container("args", &json!(["a"])), job_with_container("args", &repeated(1, size))]
}

/// The variables are in the opposite order.
fn env_reversed(size: usize) -> [Value; 2] {
    let mut env: Vec<Value> = (0..size).map(|i| json!({"name": format!("e{i}")})).collect();
    let existing = job_with_container("env", &json!(env));
    env.reverse();
    [existing, job_with_container("env", &json!(env))]
}

/// All variables have one name, and are in the opposite order.
fn env_repeated(size: usize) -> [Value; 2] {
    let mut env: Vec<Value> =
        (0..size).map(|i| json!({"name": "A", "value": i.to_string()})).collect();
    let existing = job_with_container("env", &json!(env));
    env.reverse();
    [existing, job_with_container("env", &json!(env))]
}

/// The value of every variable becomes a number.
fn env_wrong(size: usize) -> [Value; 2] {
    [json!("1"), json!(1)].map(|value| {
        let env = (0..size).map(|i| json!({"name": format!("n{i}"), "value": value}));
        job_with_container("env", &env.collect())
    })
}

/// Every task has a repeated variable, whose second value changes.
fn env_repeated_in_tasks(size: usize) -> [Value; 2] {
    ["1", "2"].map(|value| {
        let env = json!([{"name": "A"}, {"name": "A", "value": value}]);
        let pod = json!({"containers": [{"name": "main", "env": env}]});
        let task = |i| json!({"name": format!("t{i}"), "template": {"spec": pod}});
        let tasks: Vec<Value> = (0..size).map(task).collect();
        job_with_tasks(&tasks)
    })
}

/// The apiVersion is an object, of which every field changes.
fn identity(size: usize) -> [Value; 2] {
    [1, 2].map(|value| {
        let fields: Map<String, Value> =
            (0..size).map(|i| (format!("k{i}"), value.into())).collect();
        json!({"apiVersion": fields, "kind": "Job", "metadata": {"name": "a"}, "spec": {}})
    })
}

/// Every label changes.
fn labels_changed(size: usize) -> [Value; 2] {
    ["a", "b"].map(|value| {
        let labels: Map<String, Value> =
            (0..size).map(|i| (format!("l{i}"), value.into())).collect();
        job_with_labels(&labels)
    })
}

/// The key of every label is invalid before and after the update. One more label changes.
fn labels_wrong(size: usize) -> [Value; 2] {
    ["a", "b"].map(|last| {
        let mut labels: Map<String, Value> =
            (0..size).map(|i| (format!("-{i}"), "a".into())).collect();
        labels.insert("z".into(), last.into());
        job_with_labels(&labels)
    })
}

/// A hundred changes below a key of that length.
fn long_key(size: usize) -> [Value; 2] {
    ["a", "b"].map(|value| {
        let key = "k".repeat(size);
        job_with_spec(&json!({"plugins": {key: repeated(value, 100)}}))
    })
}

/// In the middle of many annotations is one with a long key, which has escapes in JSON. The first one is
/// removed, so that the others are not in the same place.
fn escaped_key(size: usize) -> [Value; 2] {
    let mut annotations: Map<String, Value> =
        (0..size).map(|i| (format!("k{i:06}"), "a".into())).collect();
    annotations.insert(format!("k{:06}{}", size / 2, "\"".repeat(size)), "a".into());
    let job = |annotations: &Map<String, Value>| {
        job(&json!({"name": "a", "annotations": annotations}), &json!({}))
    };
    let existing = job(&annotations);
    annotations.remove("k000000");
    [existing, job(&annotations)]
}

/// Other fields of `spec` that no Job has.
fn unknown_in_spec(size: usize) -> [Value; 2] {
    ["a", "b"].map(|letter| {
        let fields: Map<String, Value> =
            (0..size).map(|i| (format!("{letter}{i}"), 1.into())).collect();
        job_with_spec(&fields.into())
    })
}

/// One change in a long list that is nested that deeply.
fn nested(depth: usize) -> [Value; 2] {
    [1, 2].map(|last| {
        let mut list = vec![Value::from(0); 2000];
        list.push(last.into());
        let nested = (0..depth).fold(Value::from(list), |inner, _| json!([inner]));
        job_with_spec(&json!({"plugins": {"ssh": nested}}))
    })
}

/// One change in a list that is nested that deeply, with elements beside it on each level.
fn nested_beside(depth: usize) -> [Value; 2] {
    [1, 2].map(|last| {
        let nested = (0..depth).fold(Value::from(last), |inner, _| json!([0, inner, 1]));
        job_with_spec(&json!({"plugins": {"ssh": nested}}))
    })
}

fn tasks(size: usize, replicas: u32) -> Vec<Value> {
    (0..size).map(|i| json!({"name": format!("t{i}"), "replicas": replicas})).collect()
}

/// The replicas of every task change.
fn tasks_scaled(size: usize) -> [Value; 2] {
    [1, 2].map(|replicas| job_with_tasks(&tasks(size, replicas)))
}

/// The tasks are in another order, and the replicas of each change.
fn tasks_shuffled(size: usize) -> [Value; 2] {
    let scaled = tasks(size, 2);
    // Steps of a prime that does not divide the size visit each position once.
    let shuffled: Vec<Value> = scaled.iter().cycle().step_by(7919).take(size).cloned().collect();
    [job_with_tasks(&tasks(size, 1)), job_with_tasks(&shuffled)]
}

/// Every task has another name.
fn tasks_renamed(size: usize) -> [Value; 2] {
    ["t", "u"].map(|letter| {
        let tasks: Vec<Value> =
            (0..size).map(|i| json!({"name": format!("{letter}{i}")})).collect();
        job_with_tasks(&tasks)
    })
}

/// Fields that no Job has are added.
fn unknown_fields(size: usize) -> [Value; 2] {
    let job = |size| {
        let unknown = (0..size).map(|i| (format!("q{i}"), 1.into()));
        let known = [
            ("apiVersion", "batch.volcano.sh/v1alpha1".into()),
            ("kind", "Job".into()),
            ("metadata", json!({"name": "a"})),
        ];
        let known = known.map(|(key, value)| (key.to_owned(), value));
        Value::Object(known.into_iter().chain(unknown).collect())
    };
    [job(0), job(size)]
}

/// All plugins are removed. For each, the policy decides whether creation has filled it in.
fn plugins_removed(size: usize) -> [Value; 2] {
    let plugins = |size| (0..size).map(|i| (format!("p{i}"), json!([])));
    [size, 0].map(|size| {
        let plugins: Map<String, Value> = plugins(size).collect();
        job_with_spec(&json!({ "plugins": plugins }))
    })
}

/// Fields that no pod has are added to a template.
fn unknown_in_pod(size: usize) -> [Value; 2] {
    let job = |size| {
        let unknown = (0..size).map(|i| (format!("field{i}"), 1.into()));
        let known = ("containers".to_owned(), json!([{"name": "main"}]));
        let pod: Map<String, Value> = unknown.chain([known]).collect();
        job_with_tasks(&[json!({"name": "a", "template": {"spec": pod}})])
    };
    [job(0), job(size)]
}
