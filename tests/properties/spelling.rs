//! Properties of spellings that do not count as a change.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use volcano_job_update::strategy::{allowed_update, any_job, denied_update, respelling};
use volcano_job_update::{ChangeKind, Job, Verdict, ViolationCode, diff};

use crate::edits::{edited_pair, reordered_job};
use crate::same::is_same_job;
use crate::{Outcome, Summary, summaries, violations};

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn respelled_job_has_no_changes((job, one, other) in spelled_twice()) {
        prop_assert!(is_same_job(&job, &serde_json::from_str(&one)?));
        let job = Job::from_value(&job)?;
        let (one, other) = (Job::from_str(&one)?, Job::from_str(&other)?);
        for (existing, replacement) in [(&job, &one), (&one, &job), (&one, &other), (&one, &one)] {
            prop_assert_eq!(summaries(&diff(existing, replacement)?), []);
            prop_assert_eq!(violations(existing, replacement)?, []);
        }
    }

    #[test]
    fn allowed_updates_are_independent_of_spelling(
        (pair, existing, replacement) in both_spelled(
            allowed_update().prop_map(|update| (update.existing, update.replacement))
        )
    ) {
        check_spellings(&pair, &existing, &replacement)?;
    }

    #[test]
    fn denied_updates_are_independent_of_spelling(
        (pair, existing, replacement) in both_spelled(
            denied_update().prop_map(|update| (update.existing, update.replacement))
        )
    ) {
        check_spellings(&pair, &existing, &replacement)?;
    }

    #[test]
    fn edits_are_independent_of_spelling(
        (pair, existing, replacement) in both_spelled(
            prop_oneof![3 => edited_pair(), 1 => reordered_job()]
        )
    ) {
        if Job::from_value(&pair.0).is_ok() && Job::from_value(&pair.1).is_ok() {
            check_spellings(&pair, &existing, &replacement)?;
        }
    }

    #[test]
    fn answers_are_independent_of_key_order(
        pair in edited_pair(),
        rotations in proptest::collection::vec(any::<Index>(), 1..9),
    ) {
        let (Ok(existing), Ok(replacement)) = (Job::from_value(&pair.0), Job::from_value(&pair.1))
        else {
            return Ok(());
        };
        let texts = [&pair.0, &pair.1].map(|value| with_rotated_keys(value, &rotations));
        let rotated = (Job::from_str(&texts[0])?, Job::from_str(&texts[1])?);
        prop_assert_eq!(diff(&existing, &replacement), diff(&rotated.0, &rotated.1));
        prop_assert_eq!(violations(&existing, &replacement)?, violations(&rotated.0, &rotated.1)?);
    }
}

/// A Job with two texts of it.
fn spelled_twice() -> impl Strategy<Value = (Value, String, String)> {
    any_job().prop_flat_map(|job| (Just(job.clone()), respelling(job.clone()), respelling(job)))
}

type Pair = (Value, Value);

/// Two Jobs with a text of each.
fn both_spelled(
    update: impl Strategy<Value = Pair>,
) -> impl Strategy<Value = (Pair, String, String)> {
    update.prop_flat_map(|pair| (Just(pair.clone()), respelling(pair.0), respelling(pair.1)))
}

/// Respelling either Job changes no change, verdict or violation.
fn check_spellings(pair: &Pair, existing: &str, replacement: &str) -> Outcome {
    let plain = (Job::from_value(&pair.0)?, Job::from_value(&pair.1)?);
    let spelled = (Job::from_str(existing)?, Job::from_str(replacement)?);
    let expected = without_spelling(&plain.0, &plain.1)?;
    for (existing, replacement) in
        [(&spelled.0, &plain.1), (&plain.0, &spelled.1), (&spelled.0, &spelled.1)]
    {
        prop_assert_eq!(&without_spelling(existing, replacement)?, &expected);
    }
    Ok(())
}

/// The fields with a default or zero value, which a spelling may leave out. That decides whether a change
/// of such a field is added, removed or replaced, and so which Job its list positions belong to.
const DEFAULTED: [&str; 22] = [
    ".maxRetry",
    ".queue",
    ".mode",
    ".minPartitions",
    ".protocol",
    ".generateName",
    ".namespace",
    ".uid",
    ".minAvailable",
    ".highestTierName",
    ".action",
    ".event",
    ".priorityClassName",
    ".schedulerName",
    ".iteration",
    ".name",
    ".partitionSize",
    ".totalPartitions",
    ".replicas",
    ".topologyPolicy",
    ".mountPath",
    ".volumeClaimName",
];

/// Changes and violations without what depends on whether a default is written down.
type WithoutSpelling = (Vec<(String, Option<ChangeKind>, Verdict)>, Vec<(ViolationCode, String)>);

fn without_spelling(
    existing: &Job<'_>,
    replacement: &Job<'_>,
) -> Result<WithoutSpelling, TestCaseError> {
    let change = |(path, kind, verdict): Summary| {
        let kind = (!has_default(&path)).then_some(kind);
        (path_without_spelling(path), kind, verdict)
    };
    let mut changes: Vec<_> =
        summaries(&diff(existing, replacement)?).into_iter().map(change).collect();
    let violations = violations(existing, replacement)?.into_iter();
    let mut violations: Vec<_> =
        violations.map(|(code, path)| (code, path_without_spelling(path))).collect();
    changes.sort_by(|a, b| a.0.cmp(&b.0));
    violations.sort();
    Ok((changes, violations))
}

fn has_default(path: &str) -> bool {
    DEFAULTED.iter().any(|field| path.ends_with(field))
}

fn path_without_spelling(path: String) -> String {
    if has_default(&path) { path.replace(|c: char| c.is_ascii_digit(), "") } else { path }
}

/// The text of a document with the keys of every object rotated.
fn with_rotated_keys(value: &Value, rotations: &[Index]) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<String> = map
                .iter()
                .map(|(key, value)| {
                    format!("{}:{}", Value::from(&**key), with_rotated_keys(value, rotations))
                })
                .collect();
            if !fields.is_empty() {
                let rotation = rotations[fields.len() % rotations.len()].index(fields.len());
                fields.rotate_left(rotation);
            }
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(list) => {
            let list: Vec<_> =
                list.iter().map(|value| with_rotated_keys(value, rotations)).collect();
            format!("[{}]", list.join(","))
        }
        scalar => scalar.to_string(),
    }
}
