//! The output `github` of `check`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::util::{EXISTING, REPLACEMENT, edited, file, job, path, program, run, stdout};

/// The lines of a run with these arguments.
#[track_caller]
fn lines(status: i32, arguments: &[&str]) -> Vec<String> {
    let output = run(&[&["check", "-o", "github"], arguments].concat());
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_violation_is_an_annotation_of_its_line() {
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    let text = fs::read_to_string(path(&replacement)).expect("the file is there");
    let lines = lines(1, &[&job(EXISTING), path(&replacement)]);
    let field = r#""queue":"research""#;
    let start = text.find(field).expect("the field is there") + 1;
    let end = start + field.len() - 1;
    let command = format!(
        "::error file={},line=1,endLine=1,col={start},endColumn={end},title=immutable-field%3A \
         cci-gpu/openmpi-hello-2-com::spec.queue: the value was changed: field is immutable%0Ahelp: ",
        path(&replacement)
    );
    assert!(lines[0].starts_with(&command), "{lines:#?}\n{command}");
    assert!(lines[1].starts_with("::notice file="), "{lines:#?}");
    assert_eq!(lines[2..], ["1 Job: 1 denied"]);
    assert!(!lines.concat().contains("research"), "no values unless asked for");
    let shown = self::lines(1, &["--show-values", &job(EXISTING), path(&replacement)]);
    assert!(shown[0].contains("research"), "{shown:#?}");
}

#[test]
fn warnings_and_errors_have_their_commands() {
    let replacement = edited(|job| {
        job["spec"]["tasks"][0]["template"]["spec"]["hostNetwork"] = json!(true);
    });
    let lines = lines(0, &[&job(EXISTING), path(&replacement)]);
    assert!(lines[0].starts_with("::warning file="), "{lines:#?}");
    let lines = self::lines(2, &[&job(EXISTING), "nowhere.json"]);
    assert!(lines[0].starts_with("::error title=error::cannot read nowhere.json"), "{lines:#?}");
    let broken = file(".json", "{");
    let lines = self::lines(2, &[&job(EXISTING), path(&broken)]);
    let command =
        format!("::error file={},line=1,endLine=1,col=2,endColumn=2,title=error::", path(&broken));
    assert!(lines[0].starts_with(&command), "{lines:#?}");
    let lines = self::lines(0, &[&job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(lines.iter().filter(|line| line.starts_with("::error")).count(), 0);
}

#[test]
fn names_cannot_begin_another_command() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let name = "a,b:c%\n::error::x\u{1b}[31m.json";
    let replacement = edited(|job| job["spec"]["x\n::error::y\u{202e}"] = json!(1));
    fs::copy(path(&replacement), directory.path().join(name)).expect("the file is copied");
    let existing = job(EXISTING);
    let existing = fs::canonicalize(existing).expect("the file is there");
    let existing = existing.to_str().expect("the path is UTF-8");
    let output = program(&["check", "-o", "github", existing, name])
        .current_dir(directory.path())
        .output()
        .expect("the program runs");
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    let file = "file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax\\u001b[31m.json,line=1,";
    assert!(lines[0].starts_with(&format!("::error {file}")), "{lines:#?}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    let commands = lines.iter().filter(|line| line.starts_with("::error")).count();
    assert_eq!(commands, 1, "{lines:#?}");
}

#[test]
fn the_last_annotation_says_how_many_more_there_are() {
    let replacement = edited(|job| {
        for number in 0..13 {
            job["spec"]["##[error]"][format!("k{number}")] = json!(number);
            job["spec"][format!("x{number}")] = json!(number);
        }
    });
    let lines = lines(1, &[&job(EXISTING), path(&replacement)]);
    let commands: Vec<&String> = lines.iter().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(commands.len(), 10, "{lines:#?}");
    assert!(
        commands[9].ends_with("%0A(and 4 more errors, see the log of this step)"),
        "{lines:#?}"
    );
    assert_eq!(lines.iter().filter(|line| line.starts_with("error: ")).count(), 4, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("error: ") && line.contains("##[")));
}

#[test]
fn paths_are_relative_to_the_repository() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = fs::canonicalize(directory.path()).expect("the directory is there");
    fs::create_dir(root.join("jobs")).expect("the directory is made");
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    fs::copy(path(&replacement), root.join("jobs/new.json")).expect("the file is copied");
    fs::copy(job(EXISTING), root.join("jobs/old.json")).expect("the file is copied");
    let output = program(&["check", "-o", "github", "old.json", "new.json"])
        .current_dir(root.join("jobs"))
        .env("GITHUB_WORKSPACE", &root)
        .output()
        .expect("the program runs");
    assert!(stdout(&output).starts_with("::error file=jobs/new.json,line="), "{}", stdout(&output));
}

fn summary_of(existing: &str, replacement: &str, file: &Path) -> String {
    let output = program(&["check", "-o", "github", existing, replacement])
        .env("GITHUB_STEP_SUMMARY", file)
        .output()
        .expect("the program runs");
    assert!(output.status.code().is_some());
    fs::read_to_string(file).expect("the summary is there")
}

#[test]
fn the_summary_is_appended() {
    let summary = file(".md", "before\n");
    let named = |queue: &str| {
        let queue = queue.to_owned();
        edited(move |job: &mut Value| {
            job["metadata"]["name"] = json!("<b>|`x`");
            job["spec"]["queue"] = json!(queue);
        })
    };
    let (old, new) = (named("a"), named("b"));
    let text = summary_of(path(&old), path(&new), summary.path());
    assert!(
        text.starts_with("before\n### ❌ Updates of Volcano Jobs\n\n1 Job\\: 1 denied\n"),
        "{text}"
    );
    let row = r"| cci\-gpu\/\<b\>\|\`x\` | ";
    assert!(text.lines().any(|line| line.starts_with(row)), "{text}");
    let text = summary_of(&job(EXISTING), &job(REPLACEMENT), summary.path());
    assert!(text.contains("### ❌") && text.contains("### ✅"), "{text}");
}

#[test]
fn a_note_stands_where_the_job_begins() {
    let job = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec: {tasks: []}\n";
    let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let both = file(".yaml", &format!("{config_map}---\n{job}"));
    let lines = lines(0, &[path(&file(".yaml", job)), path(&both)]);
    let expected = format!("::notice file={},line=5,endLine=5,col=1,", path(&both));
    assert!(lines[0].starts_with(&expected), "{lines:#?}");
}
