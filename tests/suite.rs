//! The data suite: what each update of `tests/cases` must be found to be.
//!
//! A case starts from a Job of `tests/jobs` (`base`), which `existing_patch` may change first.
//! `patch`, applied to the existing Job, and `text_edits`, applied to the text of the result, give
//! the replacement. `expect` lists the violations in order, each with path and code. `changes` and
//! `warnings` are checked where a case has them.

mod util;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use volcano_job_update::{
    Changes, Job, Review, UpdatePolicy, Validator, Violation, Violations, diff, is_update_allowed,
    validate_update,
};

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
    changes: Option<Vec<(String, String, String)>>,
    expect: Vec<Expected>,
    warnings: Option<Vec<Expected>>,
    /// How many violations there are beyond those of `expect`.
    #[serde(default)]
    omitted: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Policy {
    Preset(String),
    Custom(UpdatePolicy),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    path: String,
    code: String,
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
fn every_case_holds() {
    let mut files: Vec<_> =
        fs::read_dir(in_tests("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let errors: Vec<String> = files.iter().flat_map(|file| errors_in(file)).collect();
    assert!(errors.is_empty(), "{} cases fail\n\n{}", errors.len(), errors.join("\n\n"));
}

#[expect(clippy::panic, reason = "a case that cannot be read is a broken test")]
fn errors_in(file: &Path) -> Vec<String> {
    let cases: Vec<Case> = serde_json::from_value(read_json(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let theme = file.file_stem().unwrap_or_default().to_string_lossy();
    cases
        .iter()
        .filter_map(|case| run(case).err().map(|error| format!("{theme}: {}: {error}", case.name)))
        .collect()
}

fn run(case: &Case) -> Result<(), String> {
    let base = read_json(&in_tests(&format!("jobs/{}.json", case.base)));
    let existing = patched(&base, &case.existing_patch);
    // The edits count on sorted keys, which a `Value` may or may not have.
    let mut unedited = patched(&existing, &case.patch);
    unedited.sort_all_objects();
    let text = edited(unedited.to_string(), &case.text_edits)?;
    let replacement: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let validator = Validator::new(policy(case.policy.as_ref())?);
    let judge = |replacement| Verdicts::of(&validator, &existing, replacement);

    let verdicts = judge(Replacement::Text(&text))?;
    check_expectations(case, &verdicts.review)?;
    if case.policy.is_none() {
        check_free_functions(&existing, &replacement, &verdicts)?;
    }
    for same in [Replacement::Value(&replacement), Replacement::Text(&reversed(&replacement))] {
        equal("verdicts on another reading", &judge(same)?, &verdicts)?;
    }
    check_patch(&validator, &existing, &replacement, &verdicts.review)
}

fn policy(given: Option<&Policy>) -> Result<UpdatePolicy, String> {
    match given {
        None => Ok(UpdatePolicy::documented()),
        Some(Policy::Custom(policy)) => Ok(policy.clone()),
        Some(Policy::Preset(name)) => {
            UpdatePolicy::preset(name).ok_or_else(|| format!("no preset `{name}`"))
        }
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

/// What all verbs of a validator say to an update.
#[derive(Debug, PartialEq)]
struct Verdicts {
    review: Review,
    validate_update: Result<(), String>,
    is_update_allowed: bool,
    diff: Changes,
}

impl Verdicts {
    fn of(
        validator: &Validator,
        existing: &Value,
        replacement: Replacement<'_>,
    ) -> Result<Self, String> {
        let text = existing.to_string();
        let (existing, replacement) = match replacement {
            Replacement::Text(replacement) => (Job::from_str(&text), Job::from_str(replacement)),
            Replacement::Value(value) => (Job::from_value(existing), Job::from_value(value)),
        };
        let existing = existing.map_err(|error| error.to_string())?;
        let replacement = replacement.map_err(|error| error.to_string())?;
        let validated = validator.validate_update(&existing, &replacement);
        let verdicts = Self {
            review: validator.review(&existing, &replacement).map_err(|error| error.to_string())?,
            validate_update: validated.map_err(|error| error.to_string()),
            is_update_allowed: validator.is_update_allowed(&existing, &replacement),
            diff: validator.diff(&existing, &replacement).map_err(|error| error.to_string())?,
        };
        verdicts.check_agreement()?;
        Ok(verdicts)
    }

    fn check_agreement(&self) -> Result<(), String> {
        let allowed = self.review.is_allowed();
        let result = self.review.clone().into_result().map_err(|error| error.to_string());
        equal("validate_update", &self.validate_update, &result)?;
        equal("is_update_allowed", &self.is_update_allowed, &allowed)?;
        equal("violations", &self.review.violations().is_none(), &allowed)?;
        equal("diff", &self.diff, self.review.changes())
    }
}

fn check_expectations(case: &Case, review: &Review) -> Result<(), String> {
    let violations = review.violations();
    let listed = violations.map(|violations| &**violations).unwrap_or_default();
    equal("violations", &listed_as(listed), &case.expect)?;
    let omitted = violations.map_or(0, Violations::omitted);
    equal("omitted violations", &omitted, &case.omitted)?;
    if let Some(expected) = &case.changes {
        equal("changes", &changes(review.changes()), expected)?;
    }
    if let Some(expected) = &case.warnings {
        equal("warnings", &listed_as(review.warnings()), expected)?;
    }
    Ok(())
}

fn listed_as(list: &[Violation]) -> Vec<Expected> {
    let violation = |violation: &Violation| Expected {
        path: violation.path().to_string(),
        code: violation.code().to_string(),
    };
    list.iter().map(violation).collect()
}

fn changes(list: &Changes) -> Vec<(String, String, String)> {
    list.iter()
        .map(|change| {
            (change.path().to_string(), change.kind().to_string(), change.verdict().to_string())
        })
        .collect()
}

/// The functions without a validator judge by the documented rule.
fn check_free_functions(
    existing: &Value,
    replacement: &Value,
    verdicts: &Verdicts,
) -> Result<(), String> {
    let existing = Job::from_value(existing).map_err(|error| error.to_string())?;
    let replacement = Job::from_value(replacement).map_err(|error| error.to_string())?;
    let validated = validate_update(&existing, &replacement).map_err(|error| error.to_string());
    equal("validate_update()", &validated, &verdicts.validate_update)?;
    let allowed = is_update_allowed(&existing, &replacement);
    equal("is_update_allowed()", &allowed, &verdicts.is_update_allowed)?;
    let changes = diff(&existing, &replacement).map_err(|error| error.to_string())?;
    equal("diff()", &changes, &verdicts.diff)
}

/// The changes as a patch give, from the existing Job, one that is the same as the replacement.
fn check_patch(
    validator: &Validator,
    existing: &Value,
    replacement: &Value,
    review: &Review,
) -> Result<(), String> {
    let mut result = existing.clone();
    let patch = review.changes().to_patch();
    json_patch::patch(&mut result, &patch).map_err(|error| format!("patch: {error}\n{patch}"))?;
    let (result, replacement) = (Job::from_value(&result), Job::from_value(replacement));
    let result = result.map_err(|error| error.to_string())?;
    let replacement = replacement.map_err(|error| error.to_string())?;
    let rest = validator.diff(&result, &replacement).map_err(|error| error.to_string())?;
    equal(&format!("what is left after {patch}"), &changes(&rest), &Vec::new())
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
