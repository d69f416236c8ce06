//! Policies: presets, the builder and the file format.

use serde_json::{Value, json};
use volcano_job_update::{Check, DroppedDefaults, Limits, UpdatePolicy};

#[test]
fn policy_file_matches_the_builder() {
    let mut limits = Limits::default();
    limits.tasks = 7;
    let policy = UpdatePolicy::documented()
        .with_name("window")
        .allow("spec.minAvailable".parse().unwrap())
        .ignore("metadata.finalizers".parse().unwrap())
        .ignore("metadata.annotations[example.com/note]".parse().unwrap())
        .with_ignored_filled_volume_claims(true)
        .with_released_finalizers_while_deleting(true)
        .with_dropped_defaults(DroppedDefaults::Allow)
        .skip(Check::PartitionMismatch)
        .with_limits(limits);
    let file = json!({
        "name": "window",
        "judge": "policy",
        "allowed": [
            "metadata.labels", "metadata.generateName", "metadata.annotations", "spec.template",
            "spec.replicas", "spec.tasks[*].template", "spec.tasks[*].replicas",
            "spec.minAvailable",
        ],
        "ignored": [
            "metadata.finalizers", "metadata.annotations[example.com/note]",
        ],
        "ignoreFilledVolumeClaims": true,
        "releaseFinalizersWhileDeleting": true,
        "droppedDefaults": "allow",
        "skippedChecks": ["partition-mismatch"],
        "limits": {"textBytes": 3_145_728, "nesting": 128, "tasks": 7, "violations": 100, "changes": 1000},
    });
    assert_eq!(serde_json::to_value(&policy).unwrap(), file);
    assert_eq!(serde_json::from_value::<UpdatePolicy>(file).unwrap(), policy);

    assert_eq!(policy.allowed().last(), Some(&"spec.minAvailable".parse().unwrap()));
    assert_eq!(policy.ignored().first(), Some(&"metadata.finalizers".parse().unwrap()));
    assert_eq!(policy.skipped_checks(), [Check::PartitionMismatch]);
    assert_eq!(policy.dropped_defaults(), DroppedDefaults::Allow);
    assert!(policy.ignores_filled_volume_claims() && policy.releases_finalizers_while_deleting());
    let (documented, admission) = (UpdatePolicy::documented(), UpdatePolicy::admission());
    assert!(admission.ignores_filled_volume_claims());
    assert!(admission.releases_finalizers_while_deleting());
    assert!(!documented.ignores_filled_volume_claims());
    assert!(!documented.releases_finalizers_while_deleting());
}

/// The macro behind `Check::all` does not compile if it lacks a variant.
#[test]
fn permissive_policy_skips_all_checks() {
    let (documented, permissive) = (UpdatePolicy::documented(), UpdatePolicy::permissive());
    assert_eq!(permissive.dropped_defaults(), DroppedDefaults::Allow);
    assert_eq!(Check::all().len(), 9);
    for check in Check::all() {
        assert!(documented.checks(check) && !permissive.checks(check), "{check}");
    }
}

#[test]
fn presets_round_trip_through_json() {
    let names: Vec<_> = UpdatePolicy::preset_names().collect();
    assert_eq!(names, ["documented", "admission", "volcano", "permissive"]);
    for name in names {
        let preset = UpdatePolicy::preset(name).unwrap();
        assert_eq!(preset.name(), name);
        let file = serde_json::to_string(&preset).unwrap();
        assert_eq!(serde_json::from_str::<UpdatePolicy>(&file).unwrap(), preset);
    }
    for name in ["", "Documented", "custom"] {
        assert_eq!(UpdatePolicy::preset(name), None);
    }
}

#[test]
fn policy_file_defaults_to_documented() {
    let policy: UpdatePolicy = serde_json::from_value(json!({})).unwrap();
    assert_eq!(policy, UpdatePolicy::documented().with_name("custom"));
    assert_eq!(UpdatePolicy::default(), UpdatePolicy::documented());
    let policy: UpdatePolicy = serde_json::from_value(json!({"limits": {"tasks": 1}})).unwrap();
    assert_eq!(policy.limits().violations, Limits::default().violations);
}

#[test]
fn invalid_policy_file_is_rejected() {
    let denied =
        |file: Value| serde_json::from_value::<UpdatePolicy>(file).unwrap_err().to_string();
    // The words around the mistake are serde's.
    for (file, mistake) in [
        (json!({"permited": []}), "`permited`"),
        (json!({"limits": {"task": 1}}), "`task`"),
        (json!({"droppedDefaults": "keep"}), "`keep`"),
        (json!({"limits": {"tasks": -1}}), "-1"),
    ] {
        let error = denied(file);
        assert!(error.contains(mistake), "{error}");
    }
    for (file, begins) in [
        (json!({"allowed": ["spec..queue"]}), "pattern `spec..queue`: "),
        (json!({"allowed": [""]}), "pattern ``: "),
    ] {
        let error = denied(file);
        assert!(error.starts_with(begins), "{error}");
    }
}

#[test]
fn default_limits() {
    let limits = Limits::default();
    assert_eq!(limits.text_bytes, 3 * 1024 * 1024);
    assert_eq!((limits.nesting, limits.tasks, limits.violations), (128, 10_000, 100));
    assert_eq!(UpdatePolicy::documented().limits(), &limits);
}

#[test]
fn allowed_patterns_cover_a_field_and_everything_below() {
    let policy = UpdatePolicy::documented();
    for (path, allowed) in [
        ("metadata.labels", true),
        ("metadata.labels[example.com/a]", true),
        ("metadata.label", false),
        ("metadata.labelsx", false),
        ("metadata", false),
        ("spec.tasks[12].template.spec.containers[0].image", true),
        ("spec.tasks[12].replicas", true),
        ("spec.tasks[12].minAvailable", false),
        ("spec.tasks[12]", false),
        ("spec.tasks", false),
        ("spec.template.spec", true),
        ("spec.replicas", true),
    ] {
        assert_eq!(policy.allows(&path.parse().unwrap()), allowed, "{path}");
    }
}
