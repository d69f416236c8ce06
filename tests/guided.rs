//! `review_bytes` reads the replacement guided by the existing Job; that must never show.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

use proptest::prelude::*;
use volcano_job_update::{Job, Review, ReviewError, Validator};

const EXISTING: &str = include_str!("jobs/documented-existing.json");

/// What `review_bytes` must do, in so many words.
fn plain(existing: &[u8], replacement: &[u8]) -> Result<Review, ReviewError> {
    let existing = Job::from_slice(existing).map_err(ReviewError::Existing)?;
    let replacement = Job::from_slice(replacement).map_err(ReviewError::Replacement)?;
    Validator::default().review(&existing, &replacement)
}

fn compact(text: &str) -> String {
    let value: serde_json::Value =
        serde_json::from_str(text).expect("the documented example is JSON");
    value.to_string()
}

/// An edit of a text at some place: what a hand or a fault on the way might do to it.
fn edited(text: &str, place: prop::sample::Index, edit: &Edit) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = place.index(bytes.len());
    match edit {
        Edit::Flip(mask) => bytes[at] ^= mask,
        Edit::Cut => bytes.truncate(at),
        Edit::Remove(length) => drop(bytes.drain(at..(at + length).min(text.len()))),
        Edit::Insert(what) => drop(bytes.splice(at..at, what.bytes())),
    }
    bytes
}

#[derive(Clone, Debug)]
enum Edit {
    Flip(u8),
    Cut,
    Remove(usize),
    Insert(&'static str),
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
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_guide_changes_nothing(spaced in any::<bool>(), edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 1..4)) {
        let existing = if spaced { EXISTING.to_owned() } else { compact(EXISTING) };
        let mut replacement = existing.clone().into_bytes();
        for (place, edit) in &edits {
            if let Ok(text) = std::str::from_utf8(&replacement) && !text.is_empty() {
                replacement = edited(text, *place, edit);
            }
        }
        let guided = Validator::default().review_bytes(existing.as_bytes(), &replacement);
        prop_assert_eq!(guided, plain(existing.as_bytes(), &replacement));
    }
}

#[test]
fn a_prefix_is_not_the_same_value() {
    for (old, new) in [
        ("1", "10"),
        ("1", "1.0"),
        ("1", "1e0"),
        ("10", "1"),
        ("true", "truex"),
        ("\"a\"", "\"a\"b"),
    ] {
        let job = |value: &str| format!(r#"{{"spec": {{"minAvailable": {value}}}}}"#);
        let (existing, replacement) = (job(old), job(new));
        let guided = Validator::default().review_bytes(existing.as_bytes(), replacement.as_bytes());
        assert_eq!(guided, plain(existing.as_bytes(), replacement.as_bytes()), "{old} {new}");
    }
}
