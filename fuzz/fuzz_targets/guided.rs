//! Reads a replacement with and without the existing Job as its guide: both must return the same
//! result or the same error, and lead to the same review.
//!
//! The input is a script of edits of one of the repository's Jobs, so that the replacement stays
//! similar to the guide: see `Script`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use volcano_job_update::{Job, JobError, Limits, Validator};

/// The existing Jobs: short ones, in which the fuzzer quickly reaches every position, and Jobs of
/// the tests.
const SEEDS: [&str; 8] = [
    r#"{"kind":"Job","metadata":{"name":"a"},"spec":{"queue":"q","tasks":[{"replicas":1},{"replicas":10}]}}"#,
    r#"{ "metadata" : {"labels": {"a": "b"}, "n\u0061me": "a"},
  "spec": {"minAvailable": 1, "plugins": {"ssh": [[]]}, "queue": "q",
    "tasks": [{"name": "a", "replicas": 1, "template": {}}, null, {"name": "b", "replicas": -1.5e3}]}, "x": true }"#,
    r#"{"metadata":{"annotations":{},"name":"ä"},"spec":{"tasks":[],"a":1,"b":12,"c":"1","d":null},"status":{"running":1},"kind":"Job"}"#,
    r#"{"spec":null,"metadata":null,"tasks":[1,2],"kind":"Job"}"#,
    include_str!("../../tests/jobs/bare.json"),
    include_str!("../../tests/jobs/unnamed.json"),
    include_str!("../../tests/jobs/trio.json"),
    include_str!("../../tests/jobs/documented-existing.json"),
];

/// Texts that edits insert: those that can occur at the edge of a value.
const PIECES: [&str; 32] = [
    " ",
    "\n",
    "\t",
    "0",
    "1",
    ".0",
    "e0",
    "-",
    "\"",
    "\\",
    "\\u0061",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "x",
    "{}",
    "[]",
    "\"queue\":\"q\",",
    "\"name\":\"a\",",
    "\"tasks\":[],",
    "\"metadata\":{},",
    "\"spec\":null,",
    "\u{e4}",
    "\u{feff}",
    "[[[[",
    "]]]]",
    "\"x\":1,",
];

/// A script: the first byte selects the Job, the second the limits, and each edit takes four more
/// bytes.
struct Script<'s>(&'s [u8]);

impl Script<'_> {
    fn next(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some((*first).into())
    }

    fn edit(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let (operation, high, low, operand) =
            (self.next()?, self.next()?, self.next()?, self.next()?);
        let at = (high * 256 + low) % (text.len() + 1);
        let end = (at + 1 + operand % 64).min(text.len());
        match operation % 8 {
            0 if at < text.len() => text[at] ^= u8::try_from(operand).unwrap_or(1),
            1 => drop(text.drain(at..end)),
            2 => text.truncate(at),
            // Duplicates a part.
            3 => {
                let part = text[at..end].to_vec();
                drop(text.splice(end..end, part));
            }
            4 => {
                let part: Vec<u8> = text.drain(at..end).collect();
                let to = (low * 256 + high) % (text.len() + 1);
                drop(text.splice(to..to, part));
            }
            5 => text.insert(at, u8::try_from(operand).unwrap_or(0)),
            _ => drop(text.splice(at..at, PIECES[operand % PIECES.len()].bytes())),
        }
        Some(())
    }
}

fn limits(choice: usize) -> Limits {
    let limits = Limits::default();
    match choice % 8 {
        5 => limits.with_nesting(4),
        6 => limits.with_nesting(5 + choice / 8 % 8),
        7 => limits.with_tasks(choice / 8 % 4),
        _ => limits,
    }
}

static VALIDATOR: LazyLock<Validator> = LazyLock::new(Validator::default);

fuzz_target!(|script: &[u8]| {
    let mut script = Script(script);
    let (Some(seed), Some(choice)) = (script.next(), script.next()) else { return };
    let existing = SEEDS[seed % SEEDS.len()];
    let mut replacement = existing.as_bytes().to_vec();
    while script.edit(&mut replacement).is_some() {}

    let existing_limits = limits(if seed >= 128 { choice } else { 0 });
    let Ok(existing) = existing_limits.read_slice(existing.as_bytes()) else { return };
    check(&existing, &replacement, &limits(choice), choice >= 240);
});

fn check(existing: &Job<'_>, text: &[u8], limits: &Limits, deeply: bool) {
    let plain = limits.read_slice(text);
    let guided = limits.read_replacement(existing, text);
    match (plain, guided) {
        (Ok(plain), Ok(guided)) => check_same(existing, &plain, &guided, deeply),
        (plain, guided) => assert_eq!(error(plain), error(guided)),
    }
}

fn error(read: Result<Job<'_>, JobError>) -> Option<JobError> {
    read.err()
}

fn check_same(existing: &Job<'_>, plain: &Job<'_>, guided: &Job<'_>, deeply: bool) {
    assert_eq!(VALIDATOR.review(existing, guided), VALIDATOR.review(existing, plain));
    // Fields with equal text are not parsed, so this review never fails.
    let same = VALIDATOR.review(plain, guided).map(|review| review.changes().len());
    assert_eq!(same, Ok(0));
    if deeply {
        assert_eq!(guided.to_value(), plain.to_value());
        // A Job that was read with a guide is an existing Job like any other.
        assert_eq!(VALIDATOR.review(guided, existing), VALIDATOR.review(plain, existing));
    }
}
