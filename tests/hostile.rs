//! Inputs that once took more time than anybody has: each must come back at all.

use serde_json::{Value, json};
use volcano_job_update::{Job, Review, Validator, diff};

/// The paths of what differs between two Jobs of that spec.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "a Job that cannot be read fails the test")]
fn differences(existing: &Value, replacement: &Value) -> Vec<String> {
    let [existing, replacement] = [existing, replacement].map(|spec| json!({"spec": spec}));
    let changes =
        diff(&Job::from_value(&existing).unwrap(), &Job::from_value(&replacement).unwrap())
            .unwrap();
    changes.iter().map(|change| change.path().to_string()).collect()
}

fn nested(leaf: u32, depth: usize) -> Value {
    (0..depth).fold(leaf.into(), |inner, _| json!([inner]))
}

#[test]
fn nested_lists() {
    let job = |leaf| json!({"plugins": {"ssh": nested(leaf, 100)}});
    assert_eq!(differences(&job(1), &job(2)), [format!("spec.plugins.ssh{}", "[0]".repeat(100))]);

    let wide = |leaf| (0..60).fold(Value::from(leaf), |inner, _| json!([0, inner, 1]));
    let job = |leaf| json!({"plugins": {"ssh": wide(leaf)}});
    assert_eq!(differences(&job(7), &job(8)), [format!("spec.plugins.ssh{}", "[1]".repeat(60))]);
}

#[test]
fn many_changes_in_one_list() {
    let job = |replicas: u32| {
        let tasks: Vec<Value> = (0..4000)
            .map(|number| json!({"name": format!("t{number}"), "replicas": replicas}))
            .collect();
        json!({"spec": {"tasks": tasks}})
    };
    let (existing, replacement) = (job(1), job(2));
    let (old, new) = (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let changes = Validator::default().diff(&old, &new).unwrap();
    assert_eq!(changes.len(), 4000);
    assert_eq!(changes.to_merge_patch(&old).unwrap(), replacement);
}

#[test]
fn a_null_task_gets_its_defaults_back() {
    let existing = json!({"spec": {"tasks": [{"name": "default0", "maxRetry": 3}]}});
    let replacement = json!({"spec": {"tasks": [null]}});
    let (old, new) = (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let restored = Validator::default().restore_defaults(&old, &new).unwrap();
    assert_eq!(restored.job(), &existing);
    let mut patched = replacement.clone();
    json_patch::patch(&mut patched, restored.patch()).unwrap();
    assert_eq!(&patched, restored.job());
}

/// A review of an update of one task's pod.
#[expect(clippy::unwrap_used, reason = "a Job that cannot be read fails the test")]
fn review_of_pods(existing: &Value, replacement: &Value) -> Review {
    let [existing, replacement] = [existing, replacement].map(|pod| {
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
            "spec": {"tasks": [{"name": "a", "template": {"spec": pod}}]}})
    });
    let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    Validator::default().review(&old, &new).unwrap()
}

#[test]
fn many_wrong_values_in_one_list() {
    let pod = |value: &Value| {
        let env: Vec<Value> = (0..20_000)
            .map(|number| json!({"name": format!("n{number}"), "value": value}))
            .collect();
        json!({"containers": [{"name": "main", "env": env}]})
    };
    let review = review_of_pods(&pod(&json!("1")), &pod(&json!(1)));
    assert_eq!(review.violations().map(|found| found.len() + found.omitted()), Some(20_000));
}

#[test]
fn many_labels_that_were_wrong_before() {
    let job = |last: &str| {
        let labels = (0..200_000).map(|i| (format!("-{i}"), json!("a")));
        let mut labels: serde_json::Map<String, Value> = labels.collect();
        labels.insert("z".into(), json!(last));
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
            "metadata": {"name": "a", "labels": labels}, "spec": {}})
    };
    let (existing, replacement) = (job("a"), job("b"));
    let (old, new) = (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let review = Validator::default().review(&old, &new).unwrap();
    assert!(review.is_allowed());
    assert_eq!(review.warnings().len() + review.omitted_warnings(), 200_000);
}

#[test]
fn many_unknown_fields() {
    let mut pod = json!({"containers": [{"name": "main"}]});
    let existing = pod.clone();
    for number in 0..50_000 {
        pod[format!("field{number}")] = json!(1);
    }
    let review = review_of_pods(&existing, &pod);
    assert!(review.is_allowed());
    // The template, and each field.
    assert_eq!(review.warnings().len() + review.omitted_warnings(), 50_001);
}

#[test]
fn repetitions_in_every_task() {
    let job = |value: &str| {
        let tasks: Vec<Value> = (0..1000)
            .map(|number| {
                let env = json!([{"name": "A"}, {"name": "A", "value": value}]);
                let pod = json!({"containers": [{"name": "main", "env": env}]});
                json!({"name": format!("t{number}"), "template": {"spec": pod}})
            })
            .collect();
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
            "spec": {"tasks": tasks}})
    };
    let (existing, replacement) = (job("1"), job("2"));
    let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    assert!(Validator::default().is_update_allowed(&old, &new), "they were there before");
}
