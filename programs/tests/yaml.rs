//! `parse_manifest` against sigs.k8s.io/yaml, with which kubectl reads manifests. `e2e/yamltable` makes the
//! table.

use serde::Deserialize;
use serde_json::Value;
use volcano_job_update_programs::parse_manifest;

#[derive(Deserialize)]
struct Row {
    yaml: String,
    /// `null` is one of the values, and also if it is an error.
    #[serde(default)]
    json: Value,
    #[serde(default)]
    error: bool,
}

/// Texts of several documents, of which sigs.k8s.io/yaml reads only the first: kubectl splits a file at
/// `---` before. Here a file with several documents is an error, and empty ones are skipped.
const SEVERAL_DOCUMENTS: [&str; 7] = [
    "a: 1\n...\nb: 2\n",
    "a: 1\n---\nb: 2\n",
    "---\n---\na: 1\n",
    "a:\n---\nb\n",
    "a: 1\n... b\n",
    // It takes the rest for a second document, too, and drops it.
    " a: 1\nb: 2\n",
    "\"a\":b\n",
];

/// Errors here, which kubectl accepts.
const REFUSED: [&str; 3] = ["[]: a", "{}: a", "a: 'x'# c\n"];

/// Errors of kubectl, which are accepted here: the parser reads YAML 1.2.
const ACCEPTED: [&str; 6] = [
    "&: a",
    "%FOO bar\n---\na: 1\n",
    "\ta: 1\n",
    "...\na: 1\n",
    "a: \"\\e\\a\\b\\t\\v\\f\\r\\ \\\"\\/\\\\\\N\\_\\L\\P\"\n",
    "a: \"\\ud83d\\ude00\"\n",
];

#[test]
fn values_are_those_of_kubectl() {
    let table = include_str!("yaml.jsonl");
    let mut wrong = Vec::new();
    for line in table.lines() {
        let Row { yaml, json, error } = serde_json::from_str(line).expect("a row");
        let found = parse_manifest(yaml.as_bytes());
        let text = &*yaml;
        let is_expected = if SEVERAL_DOCUMENTS.contains(&text) {
            !error
        } else if REFUSED.contains(&text) {
            !error && found.is_err()
        } else if ACCEPTED.contains(&text) {
            error && found.is_ok()
        } else {
            found.as_ref().ok() == if error { None } else { Some(&json) }
        };
        if !is_expected {
            wrong.push(format!("{yaml:?}: {found:?}, wanted {json:?}"));
        }
    }
    let count = table.lines().count();
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
