//! Properties of reading: text and value give the same answers, and nothing panics.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use volcano_job_update::strategy::{any_job, respelling};
use volcano_job_update::{
    FieldPath, Job, JobError, JobErrorKind, Limits, Segment, UpdatePolicy, Validator,
};

use crate::edits::{any_json, edited_pair};
use crate::{Outcome, check_consistency, summaries};

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn edited_jobs_read_the_same_from_text_and_value(pair in edited_pair()) {
        check_same_from_text_and_value(&pair.0, &pair.1)?;
    }

    #[test]
    fn any_json_reads_the_same_from_text_and_value(existing in any_json(), replacement in any_json()) {
        check_same_from_text_and_value(&existing, &replacement)?;
    }

    #[test]
    fn limits_apply_equally_to_text_and_value(
        (_, job) in edited_pair(), nesting in 0_usize..12, tasks in 0_usize..4,
    ) {
        let limits = Limits::default().with_nesting(nesting).with_tasks(tasks);
        let text = job.to_string();
        let (from_text, from_value) =
            (limits.read_slice(text.as_bytes()), limits.read_value(&job));
        prop_assert_eq!(error(from_text), error(from_value));
    }

    #[test]
    fn any_two_documents_get_consistent_answers(existing in any_json(), replacement in any_json()) {
        if let (Ok(existing), Ok(replacement)) =
            (Job::from_value(&existing), Job::from_value(&replacement))
        {
            check_consistency(&existing, &replacement)?;
        }
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..64), job in any_job()) {
        check_bytes(&bytes, &job)?;
    }

    #[test]
    fn damaged_texts_do_not_panic((job, text) in damaged_text()) {
        check_bytes(&text, &job)?;
    }

    #[test]
    fn path_text_parses_back(path in any_path()) {
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }
}

/// Jobs read from text and from values have the same review, or the same error.
fn check_same_from_text_and_value(existing: &Value, replacement: &Value) -> Outcome {
    let texts = (existing.to_string(), replacement.to_string());
    for (text, value) in [(&texts.0, existing), (&texts.1, replacement)] {
        prop_assert_eq!(error(Job::from_str(text)), error(Job::from_value(value)));
    }
    let (Ok(existing), Ok(replacement)) = (Job::from_value(existing), Job::from_value(replacement))
    else {
        return Ok(());
    };
    let (text, other_text) = (Job::from_str(&texts.0)?, Job::from_str(&texts.1)?);
    let validator = Validator::default();
    let expected = validator.review(&existing, &replacement);
    for (existing, replacement) in
        [(&text, &other_text), (&existing, &other_text), (&text, &replacement)]
    {
        let found = validator.review(existing, replacement);
        prop_assert_eq!(&found, &expected);
    }
    Ok(())
}

/// The parts of an error that text and value have in common.
fn error(read: Result<Job<'_>, JobError>) -> Option<(JobErrorKind, Option<FieldPath>)> {
    read.err().map(|error| (error.kind(), error.path().cloned()))
}

/// A text is read if `serde_json` reads it, and then every function answers.
fn check_bytes(bytes: &[u8], job: &Value) -> Outcome {
    let parsed = serde_json::from_slice::<Value>(bytes);
    let read = match Job::from_slice(bytes) {
        Ok(read) => read,
        Err(error) => {
            let is_error_of_text =
                matches!(error.kind(), JobErrorKind::Syntax | JobErrorKind::NotUtf8);
            prop_assert!(!(is_error_of_text && parsed.is_ok()), "{error}");
            return Ok(());
        }
    };
    let job = Job::from_value(job)?;
    check_consistency(&job, &read)?;
    check_consistency(&read, &job)?;
    check_consistency(&read, &read)?;
    for policy in [UpdatePolicy::documented(), UpdatePolicy::admission()] {
        drop(Validator::new(policy).review(&read, &job));
    }
    if let Ok(whole) = read.to_value() {
        let changes =
            volcano_job_update::diff(&Job::from_value(&whole)?, &Job::from_value(&parsed?)?)?;
        prop_assert_eq!(summaries(&changes), []);
    }
    Ok(())
}

/// A Job, and a text of it with bytes replaced, removed or inserted, or cut.
fn damaged_text() -> impl Strategy<Value = (Value, Vec<u8>)> {
    let text = any_job().prop_flat_map(|job| (Just(job.clone()), respelling(job)));
    let byte =
        prop_oneof![any::<u8>(), proptest::sample::select(br#"{}[]",:\ue.-019ntf /"#.to_vec()),];
    let damage = vec((any::<Index>(), 0..4_u8, byte), 1..4);
    (text, damage).prop_map(|((job, text), damage)| {
        let mut text = text.into_bytes();
        for (at, how, byte) in damage {
            let at = at.index(text.len().max(1));
            match how {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => drop(text.remove(at)),
                2 => text.insert(at, byte),
                _ => text.truncate(at),
            }
        }
        (job, text)
    })
}

fn any_path() -> impl Strategy<Value = FieldPath> {
    let key = prop_oneof![any::<String>(), "[a-z0-9*\\[\\]\"\\\\. /~-]{0,4}"];
    let segment = prop_oneof![
        3 => key.prop_map(|key| Segment::Key(key.into())),
        1 => any::<usize>().prop_map(Segment::Index),
    ];
    vec(segment, 0..6).prop_map(|segments| segments.into_iter().collect())
}
