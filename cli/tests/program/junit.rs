//! The output `junit` of `check`.

use std::fs;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use serde_json::json;

use crate::util::{EXISTING, REPLACEMENT, edited, file, job, path, program, run, stdout};

#[track_caller]
fn tests(status: i32, arguments: &[&str]) -> Vec<TestCase> {
    let output = run(&[&["check", "-o", "junit"], arguments].concat());
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    let mut report = Report::deserialize_from_str(&text).expect("the report is JUnit XML");
    assert_eq!(report.test_suites.len(), 1, "{text}");
    let suite = report.test_suites.remove(0);
    assert_eq!(suite.tests, suite.test_cases.len(), "{text}");
    suite.test_cases
}

fn kind_and_type(test: &TestCase) -> Option<(NonSuccessKind, &str)> {
    match &test.status {
        TestCaseStatus::NonSuccess { kind, ty, .. } => Some((*kind, ty.as_ref()?.as_str())),
        _ => None,
    }
}

fn text(test: &TestCase) -> &str {
    match &test.status {
        TestCaseStatus::NonSuccess { description, .. } => {
            description.as_ref().map_or("", |text| text.as_str())
        }
        _ => "",
    }
}

#[test]
fn an_allowed_update_succeeds() {
    let tests = tests(0, &[&job(EXISTING), &job(REPLACEMENT)]);
    let [test] = &tests[..] else { panic!("{tests:?}") };
    assert_eq!(test.name.as_str(), "cci-gpu/openmpi-hello-2-com");
    assert!(matches!(test.status, TestCaseStatus::Success { .. }), "{test:?}");
    assert!(test.system_out.as_ref().is_some_and(|text| text.as_str().starts_with("note: ")));
}

#[test]
fn a_denial_is_a_failure_with_all_violations() {
    let replacement = edited(|job| {
        job["spec"]["queue"] = json!("research");
        job["spec"]["maxRetrie"] = json!(7);
    });
    let tests = tests(1, &[&job(EXISTING), path(&replacement)]);
    assert_eq!(kind_and_type(&tests[0]), Some((NonSuccessKind::Failure, "unknown-field")));
    let text = text(&tests[0]);
    for part in
        [":1:", "error[unknown-field] spec.maxRetrie: ", "error[immutable-field] spec.queue: "]
    {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("research"), "no values unless asked for: {text}");
    let shown = self::tests(1, &["--show-values", &job(EXISTING), path(&replacement)]);
    assert!(self::text(&shown[0]).contains("research"), "{shown:?}");
}

#[test]
fn no_verdict_is_an_error() {
    let tests = tests(2, &[&job(EXISTING), "nowhere.json"]);
    assert_eq!(tests[0].name.as_str(), "nowhere.json");
    assert_eq!(kind_and_type(&tests[0]), Some((NonSuccessKind::Error, "error")));
}

#[test]
fn a_creation_and_a_deletion_are_skipped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = fs::read_to_string(job(EXISTING)).expect("the example is there");
    for (side, texts) in [("live", ["", &text]), ("merged", [&text, ""])] {
        let side = directory.path().join(side);
        fs::create_dir(&side).expect("the directory is made");
        for (name, text) in ["a", "b"].iter().zip(texts) {
            let name = format!("batch.volcano.sh.v1alpha1.Job.n.{name}");
            fs::write(side.join(name), text).expect("the file is written");
        }
    }
    let side = |side: &str| directory.path().join(side).display().to_string();
    let tests = tests(0, &[&side("live"), &side("merged")]);
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["n/a", "n/b"]);
    let is_skipped = |test: &TestCase| matches!(test.status, TestCaseStatus::Skipped { .. });
    assert!(tests.iter().all(is_skipped), "{tests:?}");
}

#[test]
fn markup_and_controls_are_text() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let name = "<a>&\"'\n]]>\u{1}\u{1b}[31m.json";
    let replacement = edited(|job| {
        job["spec"]["<b>&]]>\u{0}\u{ffff}\u{202e}\n"] = json!(1);
        job["metadata"]["name"] = json!("<i>\u{1}\"");
    });
    let existing = edited(|job| job["metadata"]["name"] = json!("<i>\u{1}\""));
    fs::copy(path(&replacement), directory.path().join(name)).expect("the file is copied");
    let output = program(&["check", "-o", "junit", path(&existing), name])
        .current_dir(directory.path())
        .output()
        .expect("the program runs");
    let text = stdout(&output);
    let is_raw =
        |char: char| char.is_control() && char != '\n' || "\u{202e}\u{ffff}".contains(char);
    assert!(!text.contains(is_raw), "{text}");
    let report = Report::deserialize_from_str(&text).expect("the report is JUnit XML");
    let case = &report.test_suites[0].test_cases[0];
    assert_eq!(case.name.as_str(), "cci-gpu/<i>\\u0001\"");
    assert_eq!(case.extra["file"].as_str(), "<a>&\"'\\u000a]]>\\u0001\\u001b[31m.json");
    assert!(self::text(case).contains("<b>&]]>"), "{text}");
}

#[test]
fn many_violations_are_cut() {
    let long = "x".repeat(300);
    let replacement = edited(|job| {
        for number in 0..400 {
            job["spec"][format!("{long}{number}")] = json!(1);
        }
    });
    let policy = file(".json", r#"{"limits": {"violations": 1000, "changes": 1000}}"#);
    let tests = tests(1, &["--policy", path(&policy), &job(EXISTING), path(&replacement)]);
    let text = text(&tests[0]);
    assert!(text.len() < 80_000, "{}", text.len());
    assert!(text.trim_end().ends_with("more violations"), "{text}");
}
