//! Properties of verdicts, changes and patches.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use volcano_job_update::strategy::{
    AllowedUpdate, DeniedUpdate, allowed_update, any_job, denied_update,
};
use volcano_job_update::{
    Change, ChangeKind, Changes, DroppedDefaults, Job, Segment, UpdatePolicy, Validator, Verdict,
    ViolationCode, json_patch, validate_update,
};

use crate::edits::{edited_job, edited_pair, reordered_job};
use crate::oracle::{only_allowed_fields, without_allowed_fields};
use crate::same::is_same_job;
use crate::{Outcome, changes, check_consistency, summaries, violations};

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn job_may_be_replaced_by_itself(job in any_job()) {
        let job = Job::from_value(&job)?;
        prop_assert_eq!(validate_update(&job, &job), Ok(()));
        prop_assert_eq!(summaries(&volcano_job_update::diff(&job, &job)?), []);
    }

    #[test]
    fn verdict_is_that_on_the_restored_job(
        (job, replacement) in any_job().prop_flat_map(|job| (Just(job.clone()), scaled_manifest(job)))
    ) {
        let policy = UpdatePolicy::documented().with_dropped_defaults(DroppedDefaults::Restore);
        let validator = Validator::new(policy);
        let (existing, replacement) = (Job::from_value(&job)?, Job::from_value(&replacement)?);
        let restored = validator.restore_defaults(&existing, &replacement)?;
        let review = validator.review(&existing, &replacement)?;
        let review_of_restored = validator.review(&existing, &Job::from_value(restored.job())?)?;
        prop_assert_eq!(review.violations(), review_of_restored.violations());
    }

    #[test]
    fn allowed_updates_are_allowed(update in allowed_update()) {
        let AllowedUpdate { existing, replacement, .. } = update;
        let changes = changes(&existing, &replacement)?;
        prop_assert!(changes.iter().all(|change| change.verdict() == Verdict::Allowed));
        let (existing, replacement) = (Job::from_value(&existing)?, Job::from_value(&replacement)?);
        prop_assert_eq!(validate_update(&existing, &replacement), Ok(()));
        check_consistency(&existing, &replacement)?;
    }

    #[test]
    fn denied_updates_have_the_expected_violation(update in denied_update()) {
        let DeniedUpdate { existing, replacement, code, path, .. } = update;
        let path = path.to_string();
        let (existing, replacement) = (Job::from_value(&existing)?, Job::from_value(&replacement)?);
        let mut expected = vec![(code, path.clone())];
        if code == ViolationCode::DuplicateTaskName {
            expected.insert(0, (ViolationCode::ImmutableField, path));
        }
        prop_assert_eq!(violations(&existing, &replacement)?, expected);
        check_consistency(&existing, &replacement)?;
    }

    #[test]
    fn changes_are_empty_only_for_the_same_job(
        pair in prop_oneof![7 => edited_pair(), 1 => reordered_job()]
    ) {
        if readable(&pair.0, &pair.1) {
            let changes = changes(&pair.0, &pair.1)?;
            prop_assert_eq!(changes.is_empty(), is_same_job(&pair.0, &pair.1), "{:?}", changes);
        }
    }

    #[test]
    fn patches_give_the_replacement(pair in edited_pair()) {
        check_patches(&pair.0, &pair.1)?;
    }

    #[test]
    fn patches_of_denied_updates_give_the_replacement(update in denied_update()) {
        check_patches(&update.existing, &update.replacement)?;
    }

    #[test]
    fn patches_of_part_of_the_changes_make_only_those(pair in edited_job()) {
        check_parts(&pair.0, &pair.1)?;
    }

    #[test]
    fn patches_of_part_of_a_denied_update_make_only_that(update in denied_update()) {
        check_parts(&update.existing, &update.replacement)?;
    }

    #[test]
    fn all_functions_agree(pair in edited_pair()) {
        if let (Ok(existing), Ok(replacement)) = (Job::from_value(&pair.0), Job::from_value(&pair.1)) {
            check_consistency(&existing, &replacement)?;
        }
    }

    #[test]
    fn swapped_jobs_swap_added_and_removed(pair in edited_pair()) {
        if readable(&pair.0, &pair.1) {
            let forward = changes(&pair.0, &pair.1)?;
            let backward = changes(&pair.1, &pair.0)?;
            prop_assert_eq!(forward.is_empty(), backward.is_empty());
            prop_assert_eq!(in_direction(&forward, false), in_direction(&backward, true));
        }
    }

    #[test]
    fn list_order_is_significant(pair in reordered_job()) {
        prop_assert!(!changes(&pair.0, &pair.1)?.is_empty());
        check_patches(&pair.0, &pair.1)?;
        check_parts(&pair.0, &pair.1)?;
    }

    #[test]
    fn set_order_is_ignored(job in any_job()) {
        let mut reversed = job.clone();
        if let Some(Value::Array(finalizers)) = reversed.pointer_mut("/metadata/finalizers") {
            finalizers.reverse();
        }
        prop_assert_eq!(summaries(&changes(&job, &reversed)?), []);
    }
}

/// The Job without any minAvailable, and with other replicas.
#[expect(clippy::expect_used, reason = "the Jobs of the strategy have objects there")]
fn scaled_manifest(job: Value) -> impl Strategy<Value = Value> {
    let tasks = job.pointer("/spec/tasks").and_then(Value::as_array).map_or(0, Vec::len);
    proptest::collection::vec(0..4_u8, tasks).prop_map(move |replicas| {
        let mut manifest = job.clone();
        let spec = &mut manifest["spec"];
        spec.as_object_mut().expect("a Job has a spec").remove("minAvailable");
        for (position, replicas) in replicas.into_iter().enumerate() {
            let task = spec["tasks"][position].as_object_mut().expect("a task is an object");
            task.remove("minAvailable");
            task.insert("replicas".into(), replicas.into());
        }
        manifest
    })
}

fn readable(existing: &Value, replacement: &Value) -> bool {
    Job::from_value(existing).is_ok() && Job::from_value(replacement).is_ok()
}

/// Both patches, applied to the existing Job, give the same Job as the replacement.
fn check_patches(existing: &Value, replacement: &Value) -> Outcome {
    if !readable(existing, replacement) {
        return Ok(());
    }
    let all = changes(existing, replacement)?;
    for result in [patched(existing, &all)?, merged(existing, &all)?] {
        prop_assert!(is_same_job(&result, replacement), "{result}");
    }
    Ok(())
}

/// Patches of the changes with one verdict make those changes and no others. Their list positions may
/// differ, since other changes would have moved them.
fn check_parts(existing: &Value, replacement: &Value) -> Outcome {
    if !readable(existing, replacement) {
        return Ok(());
    }
    let all = changes(existing, replacement)?;
    for verdict in [Verdict::Allowed, Verdict::Denied] {
        let part = all.with_verdict(verdict);
        for result in [patched(existing, &part)?, merged(existing, &part)?] {
            let again = changes(existing, &result)?;
            prop_assert!(again.iter().all(|change| change.verdict() == verdict));
            prop_assert_eq!(without_positions(&again), without_positions(&part));
            // Independent of `diff`: the other fields are unchanged.
            let unchanged = match verdict {
                Verdict::Allowed => [existing, &result].map(without_allowed_fields),
                _ => [existing, &result].map(only_allowed_fields),
            };
            prop_assert!(is_same_job(&unchanged[0], &unchanged[1]), "{result}");
        }
    }
    Ok(())
}

fn patched(existing: &Value, changes: &Changes) -> Result<Value, TestCaseError> {
    let mut result = existing.clone();
    json_patch::patch(&mut result, &changes.to_patch())?;
    Ok(result)
}

fn merged(existing: &Value, changes: &Changes) -> Result<Value, TestCaseError> {
    let mut result = existing.clone();
    let patch = changes.to_merge_patch(&Job::from_value(existing)?)?;
    json_patch::merge(&mut result, &patch);
    Ok(result)
}

/// Each change as its path without list positions, and its kind.
fn without_positions(changes: &Changes) -> Vec<(String, ChangeKind)> {
    let text = |change: &Change| names(change).collect::<Vec<_>>().join("/");
    let mut list: Vec<_> = changes.iter().map(|change| (text(change), change.kind())).collect();
    list.sort_by_key(|(path, kind)| (path.clone(), kind.to_string()));
    list
}

/// The steps of a path, with `[]` for list positions.
fn names(change: &Change) -> impl Iterator<Item = &str> {
    change.path().segments().iter().map(|segment| match segment {
        Segment::Key(key) => &**key,
        Segment::Index(_) => "[]",
    })
}

/// Place, kind and both values of each change; of changes from replacement to existing Job, reversed.
///
/// Lists without keys are aligned, and of several shortest alignments the two directions may choose
/// different ones. So for changes in lists other than the tasks, only the list is compared.
fn in_direction(changes: &Changes, backward: bool) -> BTreeSet<String> {
    let mirror = |change: &Change| {
        let names: Vec<&str> = names(change).collect();
        let in_task = names.starts_with(&["spec", "tasks", "[]"]);
        let list = names.iter().skip(if in_task { 3 } else { 0 }).position(|name| *name == "[]");
        if let Some(list) = list {
            return names[..list + if in_task { 3 } else { 0 }].join("/");
        }
        let (old, new) = if backward {
            (change.after(), change.before())
        } else {
            (change.before(), change.after())
        };
        let kind = match change.kind() {
            ChangeKind::Moved if !in_task && names != ["spec", "tasks"] => return names.join("/"),
            ChangeKind::Added if backward => ChangeKind::Removed,
            ChangeKind::Removed if backward => ChangeKind::Added,
            kind => kind,
        };
        format!("{} {kind} {old:?} {new:?}", names.join("/"))
    };
    changes.iter().map(mirror).collect()
}

/// A fixed sequence of denied updates.
fn some_denied_updates(count: usize) -> impl Iterator<Item = impl ValueTree<Value = DeniedUpdate>> {
    let mut runner = TestRunner::deterministic();
    let strategy = denied_update();
    (0..count).map(move |_| strategy.new_tree(&mut runner).unwrap())
}

#[test]
fn denied_updates_cover_every_code() {
    let codes: BTreeSet<ViolationCode> =
        some_denied_updates(400).map(|update| update.current().code).collect();
    let denies = |code: &ViolationCode| *code != ViolationCode::VolcanoWebhook;
    assert_eq!(codes, ViolationCode::all().filter(denies).collect());
}

#[test]
fn denied_updates_shrink_to_one_change() {
    for mut update in some_denied_updates(40) {
        while update.simplify() {}
        let DeniedUpdate { existing, replacement, .. } = update.current();
        let changes = changes(&existing, &replacement).unwrap();
        assert_eq!(changes.len(), 1, "{changes:?}");
    }
}

#[test]
fn patches_of_no_changes_change_nothing() {
    let job = json!({"spec": {"tasks": []}});
    assert_eq!(patched(&job, &Changes::default()).unwrap(), job);
    assert_eq!(merged(&job, &Changes::default()).unwrap(), job);
}
