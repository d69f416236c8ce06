//! `--base`: the existing side comes from git.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::util::{job, program, stderr, stdout};

/// A Job in YAML.
fn yaml(name: &str, queue: &str) -> String {
    format!(
        "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  \
         minAvailable: 1\n  queue: {queue}\n  tasks:\n  - {{name: a, replicas: 1, template: {{spec: \
         {{containers: [{{name: a, image: a}}]}}}}}}\n"
    )
}

#[track_caller]
fn git(directory: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
    let output = command.args(arguments).current_dir(directory).output().expect("git runs");
    assert!(output.status.success(), "{}", stderr(&output));
}

fn write(directory: &Path, name: &str, text: &str) {
    let file = directory.join(name);
    fs::create_dir_all(file.parent().expect("a directory")).expect("it is made");
    fs::write(file, text).expect("it is written");
}

/// A repository with these files in one commit.
fn repository_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    git(root, &["init", "--quiet"]);
    for (name, text) in files {
        write(root, name, text);
    }
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "-m", "jobs"]);
    directory
}

/// A repository with one commit, and a changed working tree.
fn repository() -> tempfile::TempDir {
    let directory = repository_of(&[
        ("jobs/a.yaml", &yaml("a", "q")),
        ("jobs/b b.yaml", &yaml("b", "q")),
        ("jobs/gone.yaml", &yaml("gone", "q")),
        ("jobs/from.yaml", &yaml("moved", "q")),
        ("jobs/notes.txt", "no manifest: ["),
        ("jobs/.hidden/x.yaml", "a: ["),
        ("other/c.yaml", &yaml("c", "q")),
    ]);
    let root = directory.path();
    write(root, "jobs/b b.yaml", &yaml("b", "x"));
    write(root, "jobs/new.yaml", &yaml("new", "q"));
    fs::rename(root.join("jobs/from.yaml"), root.join("jobs/to.yaml")).expect("it is renamed");
    fs::remove_file(root.join("jobs/gone.yaml")).expect("it is removed");
    directory
}

fn run_in(directory: &Path, arguments: &[&str]) -> Output {
    program(arguments).current_dir(directory).output().expect("the program runs")
}

/// The exit status and the last line.
#[track_caller]
fn summary(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run_in(directory, arguments);
    let text = stdout(&output);
    let last = text.lines().last().expect("a summary").to_owned();
    (output.status.code().expect("an exit status"), last)
}

#[track_caller]
fn assert_error(directory: &Path, arguments: &[&str], expected: &str) {
    let output = run_in(directory, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_eq!(stderr(&output), expected);
}

/// Each of the paths has the one Job, whose update is denied.
#[track_caller]
fn assert_denied(root: &Path, paths: &[&str]) {
    for path in paths {
        let expected = (1, "1 Job: 1 denied".to_owned());
        assert_eq!(summary(root, &["check", "--base", "HEAD", path]), expected, "{path}");
    }
}

#[test]
fn paths_are_those_of_the_working_directory() {
    let repository = repository();
    let root = repository.path();
    let all = (1, "5 Jobs: 2 allowed, 1 denied, 1 created, 1 deleted".to_owned());
    let jobs = root.join("jobs").display().to_string();
    for (directory, path) in
        [("", "jobs"), ("", "./jobs/"), ("jobs", "."), ("other", "../jobs"), ("other", &jobs)]
    {
        let directory = root.join(directory);
        assert_eq!(summary(&directory, &["check", "--base", "HEAD", path]), all, "{path}");
    }
    let (status, everything) = summary(root, &["check", "--base", "HEAD", "."]);
    assert_eq!((status, &*everything), (1, "6 Jobs: 3 allowed, 1 denied, 1 created, 1 deleted"));
}

#[test]
fn there_can_be_several_paths_and_globs() {
    let repository = repository();
    let root = repository.path();
    let check = |paths: &[&str]| summary(root, &[&["check", "--base", "HEAD"], paths].concat());
    assert_eq!(check(&["jobs/a.yaml"]), (0, "1 Job: 1 allowed".into()));
    assert_eq!(
        check(&["jobs/a.yaml", "jobs/b b.yaml", "other", "jobs/a.yaml"]),
        (1, "3 Jobs: 2 allowed, 1 denied".into())
    );
    assert_eq!(check(&["jobs/gone.yaml"]), (0, "1 Job: 1 deleted".into()));
    assert_eq!(check(&["jobs/new.yaml"]), (0, "1 Job: 1 created".into()));
    assert_eq!(check(&["*/[ac].yaml"]), (0, "2 Jobs: 2 allowed".into()));
    assert_eq!(check(&["oth*"]), (0, "1 Job: 1 allowed".into()));
    let output = run_in(root, &["diff", "--base", "HEAD", "-o", "tree", "jobs/b b.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("spec.queue"), "{}", stdout(&output));
}

#[test]
fn other_revisions_are_compared_too() {
    let repository = repository();
    let root = repository.path();
    git(root, &["tag", "v1"]);
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "-m", "changes"]);
    assert_eq!(
        summary(root, &["check", "--base", "HEAD", "jobs"]),
        (0, "4 Jobs: 4 allowed".into())
    );
    assert_eq!(summary(root, &["check", "--base", "v1", "jobs"]).0, 1);
    assert_eq!(summary(root, &["check", "--base", "HEAD~1", "jobs"]).0, 1);
}

#[test]
fn errors_of_git_are_one_line() {
    let repository = repository();
    let root = repository.path();
    for revision in ["no-such-revision", "--output=x", "HEAD:jobs"] {
        let base = format!("--base={revision}");
        let expected = format!("error: git: `{revision}` is no revision of this repository\n");
        assert_error(root, &["check", &base, "jobs"], &expected);
    }
    assert!(!root.join("x").exists());
    let expected = "error: no-such-file: this is neither in the working tree nor in HEAD\n";
    assert_error(root, &["check", "--base", "HEAD", "no-such-file"], expected);
    let outside = format!("error: git: {} is outside of the repository\n", job("bare.json"));
    let output = run_in(root, &["check", "--base", "HEAD", &job("bare.json")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).ends_with("is outside of the repository\n"),
        "{outside} {}",
        stderr(&output)
    );
    let nowhere = tempfile::tempdir().expect("a directory");
    let expected = "error: git: not a git repository (or any of the parent directories): .git\n";
    assert_error(nowhere.path(), &["check", "--base", "HEAD", "."], expected);
    let output =
        program(&["check", "--base", "HEAD", "."]).env("PATH", "").output().expect("it runs");
    assert!(stderr(&output).starts_with("error: git: cannot be run: "), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1);
}

#[test]
fn broken_manifests_in_the_revision_are_errors_of_their_own() {
    let repository = repository();
    let root = repository.path();
    write(root, "jobs/a.yaml", "a: [");
    git(root, &["commit", "--quiet", "-am", "broken"]);
    write(root, "jobs/a.yaml", &yaml("a", "q"));
    let output = run_in(root, &["check", "--base", "HEAD", "jobs"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    let expected = "error: HEAD:jobs/a.yaml: unclosed bracket '[' at line 1, column 4\n";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

/// What git has as a link is the file that it leads to, on both sides.
#[cfg(unix)]
#[test]
fn links_are_followed_on_both_sides() {
    let directory = repository_of(&[("real/a.yaml", &yaml("a", "q"))]);
    let root = directory.path();
    std::os::unix::fs::symlink("real", root.join("linked")).expect("a link");
    std::os::unix::fs::symlink("real/a.yaml", root.join("link.yaml")).expect("a link");
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "-m", "links"]);
    write(root, "real/a.yaml", &yaml("a", "x"));
    assert_denied(root, &["real", "linked", "linked/a.yaml", "link.yaml", "l*.yaml", "."]);
}

/// A hook gets only the new name of a file.
#[test]
fn a_renamed_file_has_its_existing_jobs() {
    let directory = repository_of(&[("jobs/old.yaml", &yaml("a", "q"))]);
    let root = directory.path();
    git(root, &["mv", "jobs/old.yaml", "jobs/new.yaml"]);
    write(root, "jobs/new.yaml", &yaml("a", "x"));
    git(root, &["add", "."]);
    assert_denied(root, &["jobs/new.yaml", "jobs"]);
}

/// A template of Helm is no manifest before it is rendered.
#[test]
fn a_broken_file_that_did_not_change_or_is_gone_is_skipped() {
    let broken = "name: {{ .Release.Name }}\n";
    let directory = repository_of(&[
        ("jobs/a.yaml", &yaml("a", "q")),
        ("jobs/template.yaml", broken),
        ("jobs/gone.yaml", broken),
        ("jobs/edited.yaml", broken),
    ]);
    let root = directory.path();
    fs::remove_file(root.join("jobs/gone.yaml")).expect("it is removed");
    let check = || summary(root, &["check", "--base", "HEAD", "jobs"]);
    assert_eq!(check(), (0, "3 other objects skipped".to_owned()));
    write(root, "jobs/edited.yaml", &format!("{broken}# more\n"));
    assert_eq!(check(), (2, "2 other objects skipped".to_owned()));
}
