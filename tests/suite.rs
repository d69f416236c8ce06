//! The data suite: what an update is found to be, case by case.
//!
//! A case starts from a Job of `tests/jobs` (`base`), which `existing_patch` may change first.
//! `patch`, applied to the existing Job, and `text_edits`, applied to the text of the result, give
//! the replacement. `expect` lists all violations, `changes` all changes, and `warnings` all warnings;
//! a `hint` is compared if it is given.

#[path = "util/same.rs"]
mod same;
mod util;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use volcano_job_update::{
    Changes, Job, Review, UpdateError, UpdatePolicy, Validator, Violation, Violations, diff,
    is_update_allowed, validate_update,
};

use same::is_same_job;
use util::{patched, read_json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    base: String,
    #[serde(default = "no_patch")]
    existing_patch: Value,
    #[serde(default = "no_patch")]
    patch: Value,
    /// What a value cannot say, such as escapes: each first text is found once and replaced.
    #[serde(default)]
    text_edits: Vec<(String, String)>,
    policy: Option<Policy>,
    /// Path, kind and verdict of each change.
    changes: Vec<(String, String, String)>,
    expect: Vec<Expected>,
    #[serde(default)]
    warnings: Vec<Expected>,
    /// How many violations there are beyond those of `expect`.
    #[serde(default)]
    omitted: usize,
    /// How many warnings there are beyond those listed.
    #[serde(default)]
    omitted_warnings: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Policy {
    Preset(String),
    Custom(UpdatePolicy),
}

#[derive(Clone, Debug, PartialEq, PartialOrd, Eq, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    path: String,
    code: String,
    hint: Option<String>,
}

/// A file or folder below `tests`.
fn in_tests(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn no_patch() -> Value {
    Value::Array(Vec::new())
}

/// One test for all files, so that none is forgotten.
#[test]
fn cases_have_the_expected_violations_changes_and_warnings() {
    let mut files: Vec<_> =
        fs::read_dir(in_tests("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut validators = Validators::default();
    let errors: Vec<String> =
        files.iter().flat_map(|file| errors_in(file, &mut validators)).collect();
    assert!(errors.is_empty(), "{} cases fail\n\n{}", errors.len(), errors.join("\n\n"));
}

#[expect(clippy::panic, reason = "a case that cannot be read is a broken test")]
fn errors_in(file: &Path, validators: &mut Validators) -> Vec<String> {
    let cases: Vec<Case> = serde_json::from_value(read_json(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let theme = file.file_stem().unwrap_or_default().to_string_lossy();
    cases
        .iter()
        .filter_map(|case| {
            let result = validators.of(case).and_then(|validator| case.run(validator));
            result.err().map(|error| format!("{theme}: {}: {error}", case.name))
        })
        .collect()
}

impl Case {
    fn run(&self, validator: &Validator) -> Result<(), String> {
        let base = read_json(&in_tests(&format!("jobs/{}.json", self.base)));
        let existing = patched(&base, &self.existing_patch);
        // The edits count on sorted keys, which a `Value` may or may not have.
        let mut unedited = patched(&existing, &self.patch);
        unedited.sort_all_objects();
        let text = edited(unedited.to_string(), &self.text_edits)?;
        let replacement: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;

        let review = self.check(validator, &existing, Replacement::Text(&text))?;
        for same in [Replacement::Value(&replacement), Replacement::Text(&reversed(&replacement))] {
            let again = self.check(validator, &existing, same)?;
            equal("review of another reading", &again, &review)?;
        }
        if self.policy.is_none() {
            self.check_free_functions(&existing, &replacement)?;
        }
        let is_same = review.changes().is_empty();
        equal("the same Job", &is_same_job(&existing, &replacement), &is_same)?;
        check_patches(&existing, &replacement, review.changes())
    }

    /// Asks a validator in every way, and compares each answer with the expectations.
    fn check(
        &self,
        validator: &Validator,
        existing: &Value,
        replacement: Replacement<'_>,
    ) -> Result<Review, String> {
        let text = existing.to_string();
        let (existing, replacement) = match replacement {
            Replacement::Text(replacement) => (Job::from_str(&text), Job::from_str(replacement)),
            Replacement::Value(value) => (Job::from_value(existing), Job::from_value(value)),
        };
        let existing = existing.map_err(|error| error.to_string())?;
        let replacement = replacement.map_err(|error| error.to_string())?;

        let review =
            validator.review(&existing, &replacement).map_err(|error| error.to_string())?;
        self.check_violations("review", review.violations())?;
        equal("review().is_allowed", &review.is_allowed(), &self.is_allowed())?;
        self.check_changes("review", review.changes())?;
        equal("warnings", &listed(review.warnings(), &self.warnings), &self.warnings)?;
        equal("omitted warnings", &review.omitted_warnings(), &self.omitted_warnings)?;

        let result = validator.validate_update(&existing, &replacement);
        self.check_result("validate_update", result)?;
        let allowed = validator.is_update_allowed(&existing, &replacement);
        equal("is_update_allowed", &allowed, &self.is_allowed())?;
        let changes = validator.diff(&existing, &replacement).map_err(|error| error.to_string())?;
        self.check_changes("diff", &changes)?;
        Ok(review)
    }

    /// The functions without a validator go by the documented policy.
    fn check_free_functions(&self, existing: &Value, replacement: &Value) -> Result<(), String> {
        let existing = Job::from_value(existing).map_err(|error| error.to_string())?;
        let replacement = Job::from_value(replacement).map_err(|error| error.to_string())?;
        self.check_result("validate_update()", validate_update(&existing, &replacement))?;
        let allowed = is_update_allowed(&existing, &replacement);
        equal("is_update_allowed()", &allowed, &self.is_allowed())?;
        let changes = diff(&existing, &replacement).map_err(|error| error.to_string())?;
        self.check_changes("diff()", &changes)
    }

    fn is_allowed(&self) -> bool {
        self.expect.is_empty()
    }

    fn check_result(&self, what: &str, result: Result<(), UpdateError>) -> Result<(), String> {
        match result {
            Ok(()) => self.check_violations(what, None),
            Err(UpdateError::Denied(violations)) => self.check_violations(what, Some(&violations)),
            Err(error) => Err(format!("{what}: {error}")),
        }
    }

    fn check_violations(&self, what: &str, found: Option<&Violations>) -> Result<(), String> {
        let list = found.map(|violations| &**violations).unwrap_or_default();
        equal(&format!("violations of {what}"), &listed(list, &self.expect), &self.expect)?;
        let omitted = found.map_or(0, Violations::omitted);
        equal(&format!("omitted violations of {what}"), &omitted, &self.omitted)
    }

    fn check_changes(&self, what: &str, found: &Changes) -> Result<(), String> {
        let changes: Vec<(String, String, String)> = found
            .iter()
            .map(|change| {
                (change.path().to_string(), change.kind().to_string(), change.verdict().to_string())
            })
            .collect();
        equal(&format!("changes of {what}"), &changes, &self.changes)
    }
}

/// Validators by their policies; compiling one takes longer than a case.
#[derive(Default)]
struct Validators(HashMap<String, Validator>);

impl Validators {
    fn of(&mut self, case: &Case) -> Result<&Validator, String> {
        let policy = match &case.policy {
            None => UpdatePolicy::documented(),
            Some(Policy::Custom(policy)) => policy.clone(),
            Some(Policy::Preset(name)) => {
                UpdatePolicy::preset(name).ok_or_else(|| format!("no preset `{name}`"))?
            }
        };
        let key = serde_json::to_string(&policy).map_err(|error| error.to_string())?;
        Ok(self.0.entry(key).or_insert_with(|| Validator::new(policy)))
    }
}

fn edited(mut text: String, edits: &[(String, String)]) -> Result<String, String> {
    for (from, to) in edits {
        equal(&format!("places of {from}"), &text.matches(from).count(), &1)?;
        text = text.replacen(from, to, 1);
    }
    Ok(text)
}

#[derive(Clone, Copy)]
enum Replacement<'a> {
    Text(&'a str),
    Value(&'a Value),
}

/// The violations, with a hint where one is expected.
fn listed(list: &[Violation], expected: &[Expected]) -> Vec<Expected> {
    let violation = |(position, violation): (usize, &Violation)| {
        let has_hint = expected.get(position).is_some_and(|expected| expected.hint.is_some());
        let hint = violation.hint().filter(|_| has_hint).map(Into::into);
        let (path, code) = (violation.path().to_string(), violation.code().to_string());
        Expected { path, code, hint }
    };
    list.iter().enumerate().map(violation).collect()
}

/// Both patches, applied by the crate json-patch, make the existing Job the same as the replacement.
fn check_patches(existing: &Value, replacement: &Value, changes: &Changes) -> Result<(), String> {
    let patch = changes.to_patch();
    let mut patched = existing.clone();
    json_patch::patch(&mut patched, &patch).map_err(|error| format!("patch: {error}\n{patch}"))?;

    let job = Job::from_value(existing).map_err(|error| error.to_string())?;
    let merge_patch = changes.to_merge_patch(&job).map_err(|error| error.to_string())?;
    let mut merged = existing.clone();
    json_patch::merge(&mut merged, &merge_patch);

    for (result, patch) in [(patched, patch.to_string()), (merged, merge_patch.to_string())] {
        if !is_same_job(&result, replacement) {
            return Err(format!("{patch}\n   made: {result}\n  wanted: {replacement}"));
        }
    }
    Ok(())
}

/// The text of a value with the keys of all objects in falling order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
            let field = |(key, value): &(&String, &Value)| {
                format!("{}: {}", Value::from(key.as_str()), reversed(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(reversed).collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Says what differs instead of ending the whole file at its first failure.
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}\n   found: {found:?}\n  wanted: {wanted:?}"))
}
