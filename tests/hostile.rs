//! Updates that would take long if work grew faster than the text: each has the right answer. How the
//! work grows is measured by `scripts/bench-instructions`.

#[path = "../benches/hostile/mod.rs"]
mod hostile;

use serde_json::json;
use volcano_job_update::{Job, Validator};

/// Of each shape the size, and the numbers of changes, violations and warnings. More than 1000 changes
/// in one object or list are one change.
const EXPECTED: [(&str, usize, [usize; 3]); 20] = [
    ("args_changed", 5000, [1, 0, 0]),
    ("args_wrong", 5000, [1, 5000, 0]),
    ("env_reversed", 5000, [1, 0, 0]),
    // Elements with the same key are compared by position. The names were repeated before.
    ("env_repeated", 5000, [1, 0, 0]),
    ("env_wrong", 5000, [1, 5000, 0]),
    ("env_repeated_in_tasks", 1000, [1000, 0, 0]),
    // One violation for the apiVersion, and one for each change below it.
    ("identity", 1000, [1000, 1001, 0]),
    ("labels_changed", 5000, [1, 0, 0]),
    ("labels_wrong", 5000, [1, 0, 5000]),
    // The paths of all changes together are too long.
    ("long_key", 5000, [1, 1, 0]),
    // The key is too long, and has characters that no key may have.
    ("escaped_key", 5000, [1, 0, 2]),
    ("unknown_in_spec", 5000, [1, 10_000, 0]),
    // The change, and the elements of the outermost list that are no strings.
    ("nested", 100, [1, 2, 0]),
    ("nested_beside", 60, [1, 4, 0]),
    ("tasks_scaled", 4000, [4000, 0, 0]),
    // The order is one more change, and the only one that is denied.
    ("tasks_shuffled", 4000, [4001, 1, 0]),
    ("tasks_renamed", 4000, [4000, 4000, 0]),
    ("unknown_fields", 5000, [1, 5000, 0]),
    ("unknown_in_pod", 5000, [1, 0, 5000]),
    ("plugins_removed", 1000, [1000, 1000, 0]),
];

#[test]
fn hostile_updates_have_all_changes_violations_and_warnings() {
    let validator = Validator::default();
    for ((name, shape), expected) in hostile::SHAPES.into_iter().zip(EXPECTED) {
        let (_, size, counts) = expected;
        let [existing, replacement] = shape(size);
        let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
        let review = validator.review(&old, &new).unwrap();
        let found = [
            review.changes().len(),
            review.violations().map_or(0, |found| found.len() + found.omitted()),
            review.warnings().len() + review.omitted_warnings(),
        ];
        assert_eq!((name, size, found), expected);
        assert_eq!(validator.diff(&old, &new).unwrap().len(), counts[0], "{name}");
        assert_eq!(validator.is_update_allowed(&old, &new), counts[1] == 0, "{name}");
    }
}

#[test]
fn patches_of_hostile_updates_give_the_replacement() {
    let validator = Validator::default();
    for ((name, shape), (_, size, _)) in hostile::SHAPES.into_iter().zip(EXPECTED) {
        let [existing, replacement] = shape(size);
        let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
        let changes = validator.diff(&old, &new).unwrap();
        let mut patched = existing.clone();
        json_patch::patch(&mut patched, &changes.to_patch()).unwrap();
        assert_eq!(patched, replacement, "{name}");
        let mut merged = existing.clone();
        json_patch::merge(&mut merged, &changes.to_merge_patch(&old).unwrap());
        assert_eq!(merged, replacement, "{name}");
    }
}

#[test]
fn restore_defaults_fills_a_null_task() {
    let existing = json!({"spec": {"tasks": [{"name": "default0", "maxRetry": 3}]}});
    let replacement = json!({"spec": {"tasks": [null]}});
    let (old, new) = (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let restored = Validator::default().restore_defaults(&old, &new).unwrap();
    assert_eq!(restored.job(), &existing);
    let mut patched = replacement.clone();
    json_patch::patch(&mut patched, restored.patch()).unwrap();
    assert_eq!(&patched, restored.job());
}
