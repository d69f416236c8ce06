//! Laws of what does not count as a change.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use volcano_job_update::strategy::{allowed_update, any_job, denied_update, respelling};
use volcano_job_update::{ChangeKind, Job, Verdict, ViolationCode, diff};

use crate::edits::{edited_pair, reordered_job};
use crate::same::is_same_job;
use crate::{Outcome, Said, said, violations};

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn another_spelling_is_no_change((job, one, other) in spelled_twice()) {
        prop_assert!(is_same_job(&job, &serde_json::from_str(&one)?));
        let job = Job::from_value(&job)?;
        let (one, other) = (Job::from_str(&one)?, Job::from_str(&other)?);
        for (existing, replacement) in [(&job, &one), (&one, &job), (&one, &other), (&one, &one)] {
            prop_assert_eq!(said(&diff(existing, replacement)?), []);
            prop_assert_eq!(violations(existing, replacement)?, []);
        }
    }

    #[test]
    fn allowed_updates_are_so_in_any_spelling(
        (pair, existing, replacement) in both_spelled(
            allowed_update().prop_map(|update| (update.existing, update.replacement))
        )
    ) {
        check_spellings(&pair, &existing, &replacement)?;
    }

    #[test]
    fn denied_updates_are_so_in_any_spelling(
        (pair, existing, replacement) in both_spelled(
            denied_update().prop_map(|update| (update.existing, update.replacement))
        )
    ) {
        check_spellings(&pair, &existing, &replacement)?;
    }

    #[test]
    fn edited_jobs_get_the_same_answer_in_any_spelling(
        (pair, existing, replacement) in both_spelled(
            prop_oneof![3 => edited_pair(), 1 => reordered_job()]
        )
    ) {
        if Job::from_value(&pair.0).is_ok() && Job::from_value(&pair.1).is_ok() {
            check_spellings(&pair, &existing, &replacement)?;
        }
    }

    #[test]
    fn violations_do_not_depend_on_the_order_of_keys(
        pair in edited_pair(),
        turns in proptest::collection::vec(any::<Index>(), 1..9),
    ) {
        let (Ok(existing), Ok(replacement)) = (Job::from_value(&pair.0), Job::from_value(&pair.1))
        else {
            return Ok(());
        };
        let texts = [&pair.0, &pair.1].map(|value| turned(value, &turns));
        let turned = (Job::from_str(&texts[0])?, Job::from_str(&texts[1])?);
        prop_assert_eq!(diff(&existing, &replacement), diff(&turned.0, &turned.1));
        prop_assert_eq!(violations(&existing, &replacement)?, violations(&turned.0, &turned.1)?);
    }
}

/// A Job with two texts of it.
fn spelled_twice() -> impl Strategy<Value = (Value, String, String)> {
    any_job().prop_flat_map(|job| (Just(job.clone()), respelling(job.clone()), respelling(job)))
}

type Pair = (Value, Value);

/// Both Jobs, and a text of each.
fn both_spelled(
    update: impl Strategy<Value = Pair>,
) -> impl Strategy<Value = (Pair, String, String)> {
    update.prop_flat_map(|pair| (Just(pair.clone()), respelling(pair.0), respelling(pair.1)))
}

/// Whichever side is spelled otherwise, the changes, the verdicts and the violations stay.
fn check_spellings(pair: &Pair, existing: &str, replacement: &str) -> Outcome {
    let plain = (Job::from_value(&pair.0)?, Job::from_value(&pair.1)?);
    let spelled = (Job::from_str(existing)?, Job::from_str(replacement)?);
    let expected = settled(&plain.0, &plain.1)?;
    for (existing, replacement) in
        [(&spelled.0, &plain.1), (&plain.0, &spelled.1), (&spelled.0, &spelled.1)]
    {
        prop_assert_eq!(&settled(existing, replacement)?, &expected);
    }
    Ok(())
}

/// The fields that have a default or zero, which may be written down or not. What is written decides
/// whether such a field was added, removed or replaced, and so by which Job its list positions go.
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

/// What the changes and violations say, but for what depends on whether a default is written down.
type Settled = (Vec<(String, Option<ChangeKind>, Verdict)>, Vec<(ViolationCode, String)>);

fn settled(existing: &Job<'_>, replacement: &Job<'_>) -> Result<Settled, TestCaseError> {
    let change = |(path, kind, verdict): Said| {
        let kind = (!has_default(&path)).then_some(kind);
        (settled_path(path), kind, verdict)
    };
    let mut changes: Vec<_> = said(&diff(existing, replacement)?).into_iter().map(change).collect();
    let violations = violations(existing, replacement)?.into_iter();
    let mut violations: Vec<_> =
        violations.map(|(code, path)| (code, settled_path(path))).collect();
    changes.sort_by(|a, b| a.0.cmp(&b.0));
    violations.sort();
    Ok((changes, violations))
}

fn has_default(path: &str) -> bool {
    DEFAULTED.iter().any(|field| path.ends_with(field))
}

fn settled_path(path: String) -> String {
    if has_default(&path) { path.replace(|c: char| c.is_ascii_digit(), "") } else { path }
}

/// The text of a document whose objects have their keys in another order: each starts elsewhere.
fn turned(value: &Value, turns: &[Index]) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(&**key), turned(value, turns)))
                .collect();
            if !fields.is_empty() {
                let turn = turns[fields.len() % turns.len()].index(fields.len());
                fields.rotate_left(turn);
            }
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(list) => {
            let list: Vec<_> = list.iter().map(|value| turned(value, turns)).collect();
            format!("[{}]", list.join(","))
        }
        scalar => scalar.to_string(),
    }
}
