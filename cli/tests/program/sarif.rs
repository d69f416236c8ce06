//! The output `sarif` of `check`.

#![expect(clippy::indexing_slicing, reason = "a panic fails the test")]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use volcano_job_update::ViolationCode;

use crate::util::{
    EXISTING, REPLACEMENT, assert_published, edited, file, job, path, program, run, skipped, stdout,
};

/// The report of a run with these arguments, which must match the official schema.
#[track_caller]
fn sarif(status: i32, arguments: &[&str]) -> Value {
    report(status, &run(&[&["check", "-o", "sarif"], arguments].concat()))
}

#[track_caller]
fn report(status: i32, output: &Output) -> Value {
    let text = stdout(output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    let report = serde_json::from_str(&text).expect("the report is JSON");
    assert_published("sarif-2.1.0.schema.json", &report);
    report
}

fn results(report: &Value) -> &[Value] {
    report["runs"][0]["results"].as_array().expect("there are results")
}

fn notifications(report: &Value, level: &str) -> Vec<String> {
    let notifications = &report["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    let notifications = notifications.as_array().expect("there are notifications").iter();
    let of_level = notifications.filter(|notification| notification["level"] == level);
    of_level.map(|notification| notification["message"]["text"].to_string()).collect()
}

/// A Job with two tasks, with this text in front of its spec, and this one as its queue.
fn yaml(before: &str, queue: &str, image: &str) -> String {
    format!(
        "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a, namespace: b}}\n{before}spec:\n  \
         queue: {queue}\n  tasks:\n  - name: main\n    replicas: 1\n    policies:\n    - event: {image}\n      \
         action: AbortJob\n"
    )
}

#[test]
fn an_allowed_update_has_no_results() {
    let report = sarif(0, &[&job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(results(&report), [] as [Value; 0]);
    let run = &report["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(notifications(&report, "note").len(), 1, "how the update is judged");
}

#[test]
fn each_code_has_a_rule_with_help() {
    let report = sarif(0, &[&job(EXISTING), &job(EXISTING)]);
    let rules = report["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    let codes: Vec<&str> = ViolationCode::all().map(ViolationCode::as_str).collect();
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert_eq!(ids, [&codes[..], &["refused-request"]].concat());
    for rule in rules {
        assert!(rule["help"]["markdown"].as_str().is_some_and(|text| text.starts_with("**")));
    }
}

#[test]
fn a_denial_has_its_place_in_both_files() {
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    let text = fs::read_to_string(path(&replacement)).expect("the file is there");
    let report = sarif(1, &[&job(EXISTING), path(&replacement)]);
    let [result] = results(&report) else { panic!("{report:#}") };
    assert_eq!(result["ruleId"], "immutable-field");
    assert_eq!(result["ruleIndex"], 0);
    assert_eq!(result["level"], "error");
    let message = "spec.queue: the value was changed: field is immutable\nhelp: ";
    assert!(result["message"]["text"].as_str().is_some_and(|text| text.starts_with(message)));
    let location = &result["locations"][0];
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "spec.queue");
    let field = r#""queue":"research""#;
    let start = text.find(field).expect("the field is there") + 1;
    let region = json!({"startLine": 1, "startColumn": start, "endLine": 1, "endColumn": start + field.len()});
    assert_eq!(location["physicalLocation"]["region"], region);
    let related = &result["relatedLocations"][0]["physicalLocation"];
    assert_eq!(related["region"]["startLine"], line_of(&job(EXISTING), "\"queue\""));
    assert_eq!(result["properties"], json!({"job": "cci-gpu/openmpi-hello-2-com"}));
}

fn line_of(file: &str, part: &str) -> usize {
    let text = fs::read_to_string(file).expect("the file is there");
    1 + text.lines().position(|line| line.contains(part)).expect("the file has such a line")
}

#[test]
fn columns_are_characters() {
    let existing = r#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
        "spec": {"plugins": {"😀é": ["v"]}, "queue": "a"}}"#;
    let replacement = existing.replace(r#""queue": "a""#, r#""queue": "😀""#);
    let (existing, replacement) = (file(".json", existing), file(".json", &replacement));
    let report = sarif(1, &[path(&existing), path(&replacement)]);
    let region = &results(&report)[0]["locations"][0]["physicalLocation"]["region"];
    let (start, end) =
        ("        \"spec\": {\"plugins\": {\"😀é\": [\"v\"]}, ", "\"queue\": \"😀\"");
    let (start, end) = (start.chars().count(), end.chars().count());
    let expected = json!({"startLine": 2, "startColumn": start + 1, "endLine": 2, "endColumn": start + end + 1});
    assert_eq!(region, &expected);
}

/// The line is that of the field as soon as fields of YAML have places, and the first one before.
#[test]
fn yaml_has_lines() {
    let (old, new) =
        (file(".yaml", &yaml("", "x", "PodFailed")), file(".yaml", &yaml("", "y", "PodFailed")));
    let report = sarif(1, &[path(&old), path(&new)]);
    let line = &results(&report)[0]["locations"][0]["physicalLocation"]["region"]["startLine"];
    if line == &json!(1) {
        skipped("fields of YAML have no places yet");
        return;
    }
    assert_eq!(line, &json!(line_of(path(&new), "queue")));
}

#[test]
fn names_of_files_are_uris() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let name = "a b%:#é\n<>&.json";
    fs::copy(job(EXISTING), directory.path().join("old.json")).expect("the file is copied");
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    fs::create_dir(directory.path().join("in")).expect("the directory is made");
    fs::copy(path(&replacement), directory.path().join("in").join(name))
        .expect("the file is copied");
    let uris = |existing: &str, here: &Path, replacement: &str| {
        let mut command = program(&["check", "-o", "sarif", existing, replacement]);
        let output = command.current_dir(here).output().expect("the program runs");
        let report = report(1, &output);
        let result = &results(&report)[0];
        let artifact = |list: &str| result[list][0]["physicalLocation"]["artifactLocation"].clone();
        (artifact("locations"), artifact("relatedLocations"))
    };
    let encoded = "in/a%20b%25%3A%23%C3%A9%0A%3C%3E%26.json";
    let relative = |uri: &str| json!({"uri": uri, "uriBaseId": "%SRCROOT%"});
    let here = fs::canonicalize(directory.path()).expect("the directory is there");
    let found = uris("./in/../old.json", &here, &format!("in/{name}"));
    assert_eq!(found, (relative(encoded), relative("old.json")));
    let absolute = here.join("in").join(name).display().to_string();
    assert_eq!(
        uris("old.json", &here, &absolute),
        found,
        "an absolute path below the working directory"
    );
    let (inside, outside) = uris("../old.json", &here.join("in"), name);
    assert_eq!(inside, relative("a%20b%25%3A%23%C3%A9%0A%3C%3E%26.json"));
    let uri = outside["uri"].as_str().expect("there is a URI");
    assert!(uri.starts_with("file:///") && uri.ends_with("/old.json"), "{uri}");
    assert_eq!(outside.get("uriBaseId"), None);
}

#[test]
fn warnings_are_results_with_the_level_warning() {
    let replacement = edited(|job| {
        job["spec"]["tasks"][0]["template"]["spec"]["hostNetwork"] = json!(true);
    });
    let report = sarif(0, &[&job(EXISTING), path(&replacement)]);
    let [result] = results(&report) else { panic!("{report:#}") };
    assert_eq!(
        (&result["ruleId"], &result["level"]),
        (&json!("volcano-webhook"), &json!("warning"))
    );
}

#[test]
fn errors_are_notifications() {
    let report = sarif(2, &[&job(EXISTING), "no{0}where.json"]);
    assert_eq!(results(&report), [] as [Value; 0]);
    assert_eq!(report["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let errors = notifications(&report, "error");
    assert!(errors.len() == 1 && errors[0].contains("no{{0}}where.json"), "{errors:?}");
}

#[test]
fn refused_requests_are_results() {
    let existing = edited(|job| {
        job["metadata"]["managedFields"] = json!([{"manager": "other", "operation": "Apply",
            "apiVersion": "batch.volcano.sh/v1alpha1", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:queue": {}}}}]);
    });
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    let arguments = ["--verb", "server-side-apply", path(&existing), path(&replacement)];
    let report = sarif(1, &arguments);
    let [result] = results(&report) else { panic!("{report:#}") };
    assert_eq!(result["ruleId"], "refused-request");
    let rules = &report["runs"][0]["tool"]["driver"]["rules"];
    let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
    assert_eq!(rules[index.expect("an index")]["id"], "refused-request");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
    assert_eq!(report["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn omitted_violations_are_a_notification() {
    let policy = file(".json", r#"{"limits": {"violations": 1}}"#);
    let replacement = edited(|job| {
        job["spec"]["queue"] = json!("research");
        job["spec"]["maxRetry"] = json!(7);
    });
    let report = sarif(1, &["--policy", path(&policy), &job(EXISTING), path(&replacement)]);
    assert_eq!(results(&report).len(), 1);
    let warnings = notifications(&report, "warning");
    assert!(
        warnings.len() == 1 && warnings[0].contains("1 more violation omitted"),
        "{warnings:?}"
    );
}

#[test]
fn values_are_shown_only_if_asked_for() {
    let replacement = edited(|job| {
        job["spec"]["queue"] = json!("research");
        job["spec"]["maxRetry"] = json!(7654);
    });
    let arguments = [&*job(EXISTING), path(&replacement)];
    let report = sarif(1, &arguments);
    assert!(!report.to_string().contains("research"), "{report:#}");
    assert!(
        report.to_string().contains("7654"),
        "numbers of known fields are no secrets: {report:#}"
    );
    let report = sarif(1, &[&["--show-values"], &arguments[..]].concat());
    let queue = results(&report).iter().find(|result| result.to_string().contains("spec.queue"));
    assert_eq!(queue.expect("it is there")["properties"]["after"], "research");
}

/// The fingerprints of the results by the field that they are about.
fn fingerprints(old: &str, new: &str) -> Vec<(Value, Value)> {
    let (old, new) = (file(".yaml", old), file(".yaml", new));
    let report = sarif(1, &[path(&old), path(&new)]);
    let of = |result: &Value| {
        let field = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        (field.clone(), result["partialFingerprints"]["volcanoJobField/v1"].clone())
    };
    results(&report).iter().map(of).collect()
}

#[test]
fn fingerprints_survive_moved_lines() {
    let before = fingerprints(&yaml("", "x", "PodFailed"), &yaml("", "y", "PodEvicted"));
    let comments = "# one\n# two\n";
    let after = fingerprints(&yaml("", "z", "PodFailed"), &yaml(comments, "y", "PodEvicted"));
    assert_eq!(before, after);
    let distinct: HashSet<&Value> = before.iter().map(|(_, fingerprint)| fingerprint).collect();
    assert_eq!(distinct.len(), before.len(), "different fields and codes: {before:?}");
    let other = |text: String| text.replace("name: a", "name: c");
    let of_other =
        fingerprints(&other(yaml("", "x", "PodFailed")), &other(yaml("", "y", "PodEvicted")));
    let is_new = |(_, fingerprint): &(Value, Value)| !distinct.contains(fingerprint);
    assert!(of_other.iter().all(is_new), "different Jobs: {of_other:?}");
}

/// Two directories as `kubectl diff` gives them, with an update of each Job.
fn directories(jobs: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let old = fs::read_to_string(job(EXISTING)).expect("the example is there");
    let new = edited(|job| job["spec"]["queue"] = json!("research"));
    let new = fs::read_to_string(path(&new)).expect("the example is there");
    for (side, text) in [("live", old), ("merged", new)] {
        let side = directory.path().join(side);
        fs::create_dir(&side).expect("the directory is made");
        for number in 0..jobs {
            let name = format!("batch.volcano.sh.v1alpha1.Job.b.a{number}");
            fs::write(side.join(name), &text).expect("the file is written");
        }
    }
    let side = |side: &str| directory.path().join(side).join("batch.volcano.sh.v1alpha1.Job.b.z");
    fs::write(side("live"), "").expect("the file is written");
    fs::write(side("merged"), "{").expect("the file is written");
    directory
}

#[test]
fn many_jobs_are_one_run() {
    let directory = directories(3);
    let side = |side: &str| directory.path().join(side).display().to_string();
    let report = sarif(1, &[&side("live"), &side("merged")]);
    assert_eq!(report["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!(results(&report).len(), 3);
}
