//! The test data in `tests/data`, which has a README of its own.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A file of `tests/data`. This package is the root of the repository, or a folder in it.
#[expect(clippy::expect_used, reason = "a test without its data must fail")]
fn file(name: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let roots = [Some(package), package.parent()];
    let mut files = roots.into_iter().flatten().map(|root| root.join("tests/data").join(name));
    files.find(|file| file.exists()).expect("the repository has the file in tests/data")
}

/// Reads a file of one JSON value a line.
#[track_caller]
#[expect(clippy::panic, reason = "data that cannot be read is a broken test")]
pub(crate) fn lines<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let text = fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// The recordings of a real API server, by name.
#[expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a recording without a name is a broken test"
)]
pub(crate) fn recordings() -> Vec<(String, Value)> {
    let mut parts = Vec::new();
    for part in lines("recordings/parts.jsonl") {
        let part = resolve(part, &parts);
        parts.push(part);
    }
    lines("recordings/recordings.jsonl")
        .into_iter()
        .map(|recording| {
            let recording = resolve(recording, &parts);
            (recording["name"].as_str().expect("every recording has a name").to_owned(), recording)
        })
        .collect()
}

/// The value with `{"$part": N}` replaced by the line `N` of `parts.jsonl`.
#[expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "data that is wrong is a broken test"
)]
fn resolve(value: Value, parts: &[Value]) -> Value {
    match value {
        Value::Object(map) => match map.get("$part").and_then(Value::as_u64) {
            Some(number) => parts[usize::try_from(number).expect("a line number")].clone(),
            None => map.into_iter().map(|(key, value)| (key, resolve(value, parts))).collect(),
        },
        Value::Array(list) => list.into_iter().map(|value| resolve(value, parts)).collect(),
        scalar => scalar,
    }
}

/// Prints how much was compared, and fails if it was nothing.
#[expect(clippy::print_stderr, reason = "how much was compared is part of the result")]
pub(crate) fn report(count: usize, what: &str) {
    assert!(count > 0, "no {what} in the test data");
    eprintln!("compared: {count} {what}");
}
