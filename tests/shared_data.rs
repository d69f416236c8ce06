//! `tests/data` is a part of the full data in `../shared`. See `tests/data/README.md`.

#![expect(clippy::unwrap_used, reason = "data that is not as expected fails the test")]

#[path = "util/data.rs"]
mod data;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use data::{lines, recordings, report};

/// A file or folder of the full data, if there is any.
#[expect(clippy::print_stderr, reason = "a skipped test must not be silent")]
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: ../shared/{name} is missing, so tests/data was not compared with it");
    None
}

/// The JSON files of a folder, by name without the extension.
fn json_files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&file).unwrap())
        })
        .collect()
}

fn parse(text: &str) -> Value {
    // Half of a surrogate pair, which serde_json rejects.
    serde_json::from_str(&text.replace(r#""\ud800 x""#, r#""\ufffd x""#)).unwrap()
}

/// Whether `part` is `whole` with some fields of objects left out.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_part(part, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len()
                && part.iter().zip(whole).all(|(part, whole)| is_part(part, whole))
        }
        (part, whole) => part == whole,
    }
}

/// Removes from a full recording the list elements that `scripts/test-data` leaves out.
fn remove_unread(recording: &mut Value) {
    match recording {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::Null if key == "headers" => *value = json!([]),
                    Value::Array(list) if key == "headers" => {
                        list.retain(|header| header[0] == "Warning");
                    }
                    Value::Array(list) if key == "reviews" => {
                        list.retain(|review| {
                            review["json"] != Value::Null || review["text"] != Value::Null
                        });
                    }
                    value => remove_unread(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(remove_unread),
        _ => {}
    }
}

#[test]
fn recordings_are_those_of_the_full_data() {
    let Some(folder) = shared("recordings") else { return };
    let full = json_files(&folder);
    let recordings = recordings();
    assert!(recordings.iter().map(|(name, _)| name).eq(full.keys()), "run scripts/test-data");
    for (name, recording) in &recordings {
        let mut full = parse(&full[name]);
        let notes = full["notes"].as_array().unwrap().iter();
        full["replies"] = notes.filter_map(|note| note.get("reply").cloned()).collect();
        full["name"] = name.as_str().into();
        remove_unread(&mut full["steps"]);
        assert!(is_part(recording, &full), "{name}: run scripts/test-data");
        assert_eq!(recording["replies"], full["replies"], "{name}");
    }
    report(recordings.len(), "recordings with the full ones");
}

#[test]
fn jobs_are_those_of_the_full_data() {
    let Some(folder) = shared("corpus/jobs") else { return };
    let full = json_files(&folder);
    let jobs: Vec<Value> = lines("corpus/jobs.jsonl");
    assert_eq!(jobs.len(), full.len());
    for job in &jobs {
        let name = job["name"].as_str().unwrap();
        assert_eq!(job["job"], parse(&full[name]), "{name}");
    }
    report(jobs.len(), "Jobs with the full data");
}

#[test]
fn updates_and_values_are_those_of_the_full_data() {
    for (part, whole) in [
        ("updates", "upstream-verdicts"),
        ("annotations", "values/annotations"),
        ("duration", "values/duration"),
        ("labels", "values/labels"),
        ("quantity", "values/quantity"),
        ("quantity-pair", "values/quantity-pair"),
    ] {
        let Some(file) = shared(&format!("corpus/{whole}.jsonl")) else { continue };
        let full = fs::read_to_string(&file).unwrap();
        let rows: Vec<Value> = lines(&format!("corpus/{part}.jsonl"));
        assert_eq!(rows.len(), full.lines().count(), "{part}");
        for (mut row, full) in rows.iter().cloned().zip(full.lines()) {
            if part == "updates" {
                let [base, name] = ["base", "name"].map(|key| row[key].as_str().unwrap());
                row["name"] = format!("{base}/{name}").into();
            }
            assert!(is_part(&row, &parse(full)), "{part}: {row}");
        }
        report(rows.len(), &format!("lines of {part} with the full data"));
    }
}
