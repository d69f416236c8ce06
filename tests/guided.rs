//! A replacement that is read guided by the existing Job gives the same results as one that is read by
//! itself.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::sync::LazyLock;

use proptest::prelude::*;
use volcano_job_update::{Job, JobErrorKind, Limits, Review, ReviewError, Validator};

const EXISTING: [&str; 5] = [
    include_str!("jobs/documented-existing.json"),
    include_str!("jobs/rich.json"),
    include_str!("jobs/trio.json"),
    include_str!("jobs/unnamed.json"),
    // Escaped keys, numbers of every kind, and white space in unusual places.
    r#"{ "kind" :"Job" , "metadata":{"n\u0061me" : "\u00e4", "labels":{"a\"":"ä"} } ,
       "spec": {"minAvailable":10,"a":-1.5e3,"b":0,"c":null,"tasks":[ {"name":"a","replicas":1},null, {} ]} }"#,
];

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::default);

/// The result that `review_bytes` must have.
fn review_unguided(existing: &[u8], replacement: &[u8]) -> Result<Review, ReviewError> {
    let existing = Job::from_slice(existing).map_err(ReviewError::Existing)?;
    let replacement = Job::from_slice(replacement).map_err(ReviewError::Replacement)?;
    VALIDATOR.review(&existing, &replacement)
}

fn compact(text: &str) -> String {
    let value: serde_json::Value =
        serde_json::from_str(text).expect("the documented example is JSON");
    value.to_string()
}

/// Edits a text as a person might, or damages it as a faulty transfer might.
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
            // From one comma to the next: usually a member or an element.
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
            // Usually a letter of a key or a string.
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

/// Checks that a text gives the same Job or the same error with and without a guide.
fn check(existing: &Job<'_>, text: &[u8], limits: &Limits) -> Result<(), TestCaseError> {
    let plain = limits.read_slice(text);
    let guided = limits.read_replacement(existing, text);
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
    // Fields with equal text are not parsed, so there is no error whatever the text is.
    let same = VALIDATOR.review(&plain, &guided);
    prop_assert_eq!(same.map(|review| review.changes().len()), Ok(0));
    // A Job that was read with a guide can be a guide itself.
    let again = limits.read_replacement(&guided, text);
    prop_assert_eq!(again.and_then(|job| job.to_value()), plain.to_value());
    Ok(())
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop_oneof![3 => Just(128), 1 => 2..9_usize], prop_oneof![3 => Just(9), 1 => 0..3_usize])
        .prop_map(|(nesting, tasks)| Limits::default().with_nesting(nesting).with_tasks(tasks))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn guided_and_unguided_reading_agree(
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
        prop_assert_eq!(guided, review_unguided(existing.as_bytes(), &replacement));
        check(&Job::from_str(&existing)?, &replacement, &limits)?;
        if let Ok(existing) = limits.read_slice(existing.as_bytes()) {
            check(&existing, &replacement, &Limits::default())?;
        }
        let value: serde_json::Value = serde_json::from_str(&existing)?;
        check(&Job::from_value(&value)?, &replacement, &limits)?;
    }
}

#[test]
fn limits_of_the_replacement_apply() {
    let text = br#"{"metadata": {"labels": {"a": []}}, "spec": {"tasks": [{"a": [[]]}]}}"#;
    let existing = Job::from_slice(text).expect("this can be read");
    for (nesting, path) in [(3, "metadata.labels"), (5, "spec.tasks[0].a")] {
        let limits = Limits::default().with_nesting(nesting);
        let error = limits.read_replacement(&existing, text).expect_err("it nests deeper");
        assert_eq!(error.kind(), JobErrorKind::TooDeep);
        assert_eq!(error.path().map(ToString::to_string).as_deref(), Some(path));
        assert_eq!(Some(error), limits.read_slice(text).err());
    }
    let limits = Limits::default().with_tasks(0);
    let error = limits.read_replacement(&existing, text).expect_err("there is a task");
    assert_eq!(error.kind(), JobErrorKind::TooManyTasks);
}

#[test]
fn positions_in_a_part_of_a_text_are_counted_from_the_part() {
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
fn a_longer_value_with_an_equal_prefix_is_a_change() {
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
        assert_eq!(
            guided,
            review_unguided(existing.as_bytes(), replacement.as_bytes()),
            "{old} {new}"
        );
    }
}
