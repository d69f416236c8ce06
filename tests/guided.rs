//! `review_bytes` and `read_replacement` read the replacement guided by the existing Job; that must
//! never show.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::sync::LazyLock;

use proptest::prelude::*;
use volcano_job_update::{Job, JobErrorKind, Limits, Review, ReviewError, Validator};

const EXISTING: [&str; 5] = [
    include_str!("jobs/documented-existing.json"),
    include_str!("jobs/rich.json"),
    include_str!("jobs/trio.json"),
    include_str!("jobs/unnamed.json"),
    // Keys with escapes, numbers of every kind, and white space where there is hardly ever any.
    r#"{ "kind" :"Job" , "metadata":{"n\u0061me" : "\u00e4", "labels":{"a\"":"ä"} } ,
       "spec": {"minAvailable":10,"a":-1.5e3,"b":0,"c":null,"tasks":[ {"name":"a","replicas":1},null, {} ]} }"#,
];

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::default);

/// What `review_bytes` must do, in so many words.
fn plain(existing: &[u8], replacement: &[u8]) -> Result<Review, ReviewError> {
    let existing = Job::from_slice(existing).map_err(ReviewError::Existing)?;
    let replacement = Job::from_slice(replacement).map_err(ReviewError::Replacement)?;
    VALIDATOR.review(&existing, &replacement)
}

fn compact(text: &str) -> String {
    let value: serde_json::Value =
        serde_json::from_str(text).expect("the documented example is JSON");
    value.to_string()
}

/// An edit of a text at some place: what a hand or a error on the way might do to it.
fn edited(text: &str, place: prop::sample::Index, edit: &Edit) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = place.index(bytes.len());
    match edit {
        Edit::Flip(mask) => bytes[at] ^= mask,
        Edit::Cut => bytes.truncate(at),
        Edit::Remove(length) => drop(bytes.drain(at..(at + length).min(text.len()))),
        Edit::Insert(what) => drop(bytes.splice(at..at, what.bytes())),
        Edit::Double(length) => {
            let end = (at + length).min(text.len());
            let part = bytes[at..end].to_vec();
            drop(bytes.splice(end..end, part));
        }
        Edit::DoubleMember => {
            // From one comma to the next: mostly a member or an element.
            let comma = |byte: &u8| *byte == b',';
            let start = bytes[..at].iter().rposition(comma).unwrap_or(0);
            let length = bytes[start..].iter().skip(1).position(comma);
            let end = length.map_or(bytes.len(), |length| start + 1 + length);
            let part = bytes[start..end].to_vec();
            drop(bytes.splice(end..end, part));
        }
        Edit::Move(length, to) => {
            let part: Vec<u8> = bytes.drain(at..(at + length).min(text.len())).collect();
            let to = to.index(bytes.len() + 1);
            drop(bytes.splice(to..to, part));
        }
        Edit::Escape => {
            // A letter of a key or a string, spelt as an escape.
            if bytes[at].is_ascii_lowercase() {
                let escape = format!("\\u{:04x}", bytes[at]);
                drop(bytes.splice(at..=at, escape.bytes()));
            }
        }
    }
    bytes
}

#[derive(Clone, Debug)]
enum Edit {
    Flip(u8),
    Cut,
    Remove(usize),
    Insert(&'static str),
    Double(usize),
    DoubleMember,
    Move(usize, prop::sample::Index),
    Escape,
}

fn edit() -> impl Strategy<Value = Edit> {
    let pieces = [
        " ",
        "\n",
        "0",
        ".0",
        "e0",
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "true",
        "\"queue\":\"a\",",
        "\"tasks\":[],",
        "x",
        "{}",
        "-",
        "\u{e4}",
    ];
    prop_oneof![
        (1..=255_u8).prop_map(Edit::Flip),
        Just(Edit::Cut),
        (1..40_usize).prop_map(Edit::Remove),
        prop::sample::select(pieces.to_vec()).prop_map(Edit::Insert),
        (1..40_usize).prop_map(Edit::Double),
        Just(Edit::DoubleMember),
        (1..40_usize, any::<prop::sample::Index>()).prop_map(|(length, to)| Edit::Move(length, to)),
        Just(Edit::Escape),
    ]
}

/// Both ways of reading give the same Job, or the same error.
fn check(existing: &Job<'_>, text: &[u8], limits: &Limits) -> Result<(), TestCaseError> {
    let plain = Job::from_slice_with(text, limits);
    let guided = existing.read_replacement_with(text, limits);
    let (plain, guided) = match (plain, guided) {
        (Ok(plain), Ok(guided)) => (plain, guided),
        (plain, guided) => {
            prop_assert_eq!(plain.err(), guided.err());
            return Ok(());
        }
    };
    prop_assert_eq!(guided.to_value(), plain.to_value());
    prop_assert_eq!(VALIDATOR.review(existing, &guided), VALIDATOR.review(existing, &plain));
    prop_assert_eq!(VALIDATOR.review(&guided, existing), VALIDATOR.review(&plain, existing));
    // Equal texts are not parsed, so whatever the text holds, there is no error.
    let same = VALIDATOR.review(&plain, &guided);
    prop_assert_eq!(same.map(|review| review.changes().len()), Ok(0));
    // What was read guided guides as well.
    let again = guided.read_replacement_with(text, limits);
    prop_assert_eq!(again.and_then(|job| job.to_value()), plain.to_value());
    Ok(())
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop_oneof![3 => Just(128), 1 => 2..9_usize], prop_oneof![3 => Just(9), 1 => 0..3_usize])
        .prop_map(|(nesting, tasks)| {
            let mut limits = Limits::default();
            (limits.nesting, limits.tasks) = (nesting, tasks);
            limits
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_guide_changes_nothing(
        existing in prop::sample::select(EXISTING.to_vec()),
        spaced in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 0..4),
        limits in limits(),
    ) {
        let existing = if spaced { existing.to_owned() } else { compact(existing) };
        let mut replacement = existing.clone().into_bytes();
        for (place, edit) in &edits {
            if let Ok(text) = std::str::from_utf8(&replacement) && !text.is_empty() {
                replacement = edited(text, *place, edit);
            }
        }
        let guided = VALIDATOR.review_bytes(existing.as_bytes(), &replacement);
        prop_assert_eq!(guided, plain(existing.as_bytes(), &replacement));
        check(&Job::from_str(&existing)?, &replacement, &limits)?;
        if let Ok(existing) = Job::from_slice_with(existing.as_bytes(), &limits) {
            check(&existing, &replacement, &Limits::default())?;
        }
        let value: serde_json::Value = serde_json::from_str(&existing)?;
        check(&Job::from_value(&value)?, &replacement, &limits)?;
    }
}

#[test]
fn the_limits_are_those_of_the_replacement() {
    let text = br#"{"metadata": {"labels": {"a": []}}, "spec": {"tasks": [{"a": [[]]}]}}"#;
    let existing = Job::from_slice(text).expect("this can be read");
    for (nesting, path) in [(3, "metadata.labels"), (5, "spec.tasks[0].a")] {
        let mut limits = Limits::default();
        limits.nesting = nesting;
        let error = existing.read_replacement_with(text, &limits).expect_err("it nests deeper");
        assert_eq!(error.kind(), JobErrorKind::TooDeep);
        assert_eq!(error.path().map(ToString::to_string).as_deref(), Some(path));
        assert_eq!(Some(error), Job::from_slice_with(text, &limits).err());
    }
    let mut limits = Limits::default();
    limits.tasks = 0;
    let error = existing.read_replacement_with(text, &limits).expect_err("there is a task");
    assert_eq!(error.kind(), JobErrorKind::TooManyTasks);
}

#[test]
fn parts_of_one_text_guide_each_other() {
    let object = r#"{"spec": {"queue": "a", "x": }}"#;
    let review = format!(r#"{{"object": {object}, "oldObject": {{"spec": {{"queue": "a"}}}}}}"#);
    let part = |text: &str| {
        let start = review.find(text).expect("a part of the review");
        &review.as_bytes()[start..start + text.len()]
    };
    let (old, object) = (part(r#"{"spec": {"queue": "a"}}"#), part(object));
    let old = Job::from_slice(old).expect("this can be read");
    let error = old.read_replacement(object).expect_err("a value is missing");
    assert_eq!((error.line(), error.column()), (Some(1), Some(30)));
    assert_eq!(Some(error), Job::from_slice(object).err());
}

#[test]
fn a_prefix_is_not_the_same_value() {
    for (old, new) in [
        ("1", "10"),
        ("1", "1.0"),
        ("1", "1e0"),
        ("10", "1"),
        ("-1", "-10"),
        ("1.5", "1.50"),
        ("1", "1\u{7f}"),
        ("1", "1\"a\""),
        ("1", "1{}"),
        ("null", "nul"),
        ("{}", "{}{}"),
        ("[]", "[]]"),
        ("true", "truex"),
        ("\"a\"", "\"a\"b"),
    ] {
        let job = |value: &str| format!(r#"{{"spec": {{"minAvailable": {value}}}}}"#);
        let (existing, replacement) = (job(old), job(new));
        let guided = VALIDATOR.review_bytes(existing.as_bytes(), replacement.as_bytes());
        assert_eq!(guided, plain(existing.as_bytes(), replacement.as_bytes()), "{old} {new}");
    }
}
