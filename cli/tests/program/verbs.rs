//! `check`, `diff` and `restore` for the ways in which kubectl updates a Job.

#![expect(clippy::indexing_slicing, reason = "a panic fails the test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::util::{assert_valid, file, path, program, run, stderr, stdout};

/// A Job as Volcano leaves it at creation.
fn live() -> Value {
    json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "hello", "namespace": "default", "labels": {"team": "a"},
            "creationTimestamp": "2026-01-02T03:04:05Z", "generation": 1, "resourceVersion": "7"},
        "spec": {"maxRetry": 3, "minAvailable": 1, "queue": "default", "schedulerName": "volcano",
            "tasks": [{"name": "worker", "replicas": 1, "minAvailable": 1, "maxRetry": 3,
                "template": {"spec": {"containers": [{"name": "main", "image": "example.com/a:1"}]}}}]}})
}

/// The manifest from which it was created, without labels.
fn manifest() -> Value {
    json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "hello", "namespace": "default"},
        "spec": {"tasks": [{"name": "worker", "replicas": 1,
            "template": {"spec": {"containers": [{"name": "main", "image": "example.com/a:1"}]}}}]}})
}

/// The live Job if kubectl applied this manifest to it.
fn applied(manifest: &Value) -> Value {
    let mut job = live();
    let annotation = manifest.to_string();
    job["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": annotation});
    job
}

fn json_file(job: &Value) -> tempfile::NamedTempFile {
    file(".json", &job.to_string())
}

#[test]
fn apply_keeps_what_the_manifest_leaves_out() {
    let (existing, manifest) = (json_file(&live()), json_file(&manifest()));
    let files = [path(&existing), path(&manifest)];
    let replace = run(&["check", "--verb", "replace", files[0], files[1]]);
    assert_eq!(replace.status.code(), Some(1));
    for field in ["spec.minAvailable", "spec.schedulerName", "spec.tasks[0].maxRetry"] {
        let denied = format!("error[dropped-default]: {field}: ");
        assert!(stdout(&replace).contains(&denied), "{}", stdout(&replace));
    }
    let removed =
        "note: the update takes away metadata.labels.team, which the manifest leaves out\n";
    assert_eq!(stderr(&replace), removed);

    // Lists are replaced as a whole, so only the fields of tasks are gone.
    let apply = run(&["check", "--verb", "apply", files[0], files[1]]);
    assert_eq!(apply.status.code(), Some(1));
    let lines = stdout(&apply);
    let errors: Vec<&str> = lines.lines().filter(|line| line.starts_with("error")).collect();
    assert!(
        errors.len() == 2 && errors.iter().all(|line| line.contains("spec.tasks[0].")),
        "{lines}"
    );
    assert_eq!(stderr(&apply), "", "nothing else is taken away");
}

#[test]
fn restore_puts_back_what_the_verb_takes_away() {
    let (existing, manifest) = (json_file(&live()), json_file(&manifest()));
    let paths = |verb: &str| -> Vec<String> {
        let files = [path(&existing), path(&manifest)];
        let output =
            run(&["restore", "--verb", verb, "--output", "json-patch", files[0], files[1]]);
        let patch: Value = serde_json::from_str(&stdout(&output)).expect("a patch");
        let operations = patch.as_array().expect("a list").iter();
        operations.map(|add| add["path"].as_str().expect("a path").to_owned()).collect()
    };
    let of_tasks = ["/spec/tasks/0/maxRetry", "/spec/tasks/0/minAvailable"];
    assert_eq!(paths("apply"), of_tasks);
    assert_eq!(paths("server-side-apply"), of_tasks);
    let of_job = ["/spec/minAvailable", "/spec/schedulerName"];
    assert_eq!(paths("replace"), [of_job, of_tasks].concat());

    let files = [path(&existing), path(&manifest)];
    let restored = run(&["restore", "--verb", "apply", files[0], files[1]]);
    let restored = file(".json", &stdout(&restored));
    let output = run(&["check", "--verb", "apply", files[0], path(&restored)]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

#[test]
fn the_verb_is_that_of_the_last_apply() {
    let manifest = manifest();
    let (existing, file) = (json_file(&applied(&manifest)), json_file(&manifest));
    let output = run(&["check", path(&existing), path(&file)]);
    assert!(stderr(&output).starts_with("note: judged as kubectl apply, "), "{}", stderr(&output));

    let mut existing = live();
    existing["metadata"]["managedFields"] = json!([{"apiVersion": "batch.volcano.sh/v1alpha1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:tasks": {}}}, "manager": "kubectl",
        "operation": "Apply"}]);
    for manager in ["kubectl", "kustomize-controller"] {
        existing["metadata"]["managedFields"][0]["manager"] = manager.into();
        let existing = json_file(&existing);
        let output = run(&["check", path(&existing), path(&file)]);
        let expected = format!("note: judged as server-side apply, because {manager} has applied ");
        assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
    }
}

#[test]
fn refusal_of_the_api_server_shows_no_values() {
    let (mut existing, mut manifest) = (live(), manifest());
    let arguments = |existing: &Value, manifest: &Value| {
        let (existing, manifest) = (json_file(existing), json_file(manifest));
        let files = [path(&existing), path(&manifest)];
        let options =
            ["--verb", "server-side-apply", "--field-manager", "flux", "--force-conflicts"];
        run(&[&["check"], &options[..], &files[..]].concat())
    };
    let container = &mut manifest["spec"]["tasks"][0]["template"]["spec"]["containers"][0];
    container["args"] = "--password=hunter2".into();
    let output = arguments(&existing, &manifest);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains(".args: expected list\n"), "{}", stdout(&output));

    existing["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": "\"hunter2\""});
    let (existing, manifest) = (json_file(&existing), json_file(&manifest));
    let output = run(&["check", "--verb", "apply", path(&existing), path(&manifest)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}

#[test]
fn null_is_refused_by_server_side_apply_alone() {
    let existing = json_file(&live());
    let mut manifest = live();
    manifest["spec"]["tasks"][0]["maxRetry"] = Value::Null;
    manifest["metadata"] = json!({"name": "hello", "namespace": "default"});
    let manifest = json_file(&manifest);
    let options = ["check", "--verb", "server-side-apply", "--field-manager", "flux"];
    let files = [path(&existing), path(&manifest)];
    let output = run(&[&options[..], &["--force-conflicts"], &files[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let cause = "spec.tasks[0].maxRetry in body must be of type integer: \"null\"";
    assert!(stdout(&output).contains(cause), "{}", stdout(&output));
}

#[test]
fn wrong_types_are_listed_within_a_limit() {
    let mut manifest = manifest();
    let args: Vec<u32> = (0..20_000).collect();
    manifest["spec"]["tasks"][0]["template"]["spec"]["containers"][0]["args"] = json!(args);
    let (existing, manifest) = (json_file(&live()), json_file(&manifest));
    let options = ["check", "--verb", "server-side-apply", "--field-manager", "flux"];
    let output = run(&[&options[..], &[path(&existing), path(&manifest)]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.len() < 100_000, "{} bytes", output.stdout.len());
}

#[test]
fn conflict_of_managers_is_refused_with_the_owner() {
    let mut existing = live();
    existing["metadata"]["managedFields"] = json!([{"apiVersion": "batch.volcano.sh/v1alpha1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:queue": {}}}, "manager": "helm",
        "operation": "Update"}]);
    let mut applied = manifest();
    applied["spec"] = json!({"queue": "research"});
    let (existing, applied) = (json_file(&existing), json_file(&applied));
    let arguments = [
        "check",
        "--verb",
        "server-side-apply",
        "--field-manager",
        "flux",
        path(&existing),
        path(&applied),
    ];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let conflict = "refused by the API server: Apply failed with 1 conflict: conflict with \"helm\" \
                    using batch.volcano.sh/v1alpha1: .spec.queue\n";
    assert!(stdout(&output).starts_with(conflict), "{}", stdout(&output));
    // Without the conflict it is the policy that denies it.
    let forced = run(&[&arguments[..], &["--force-conflicts"]].concat());
    assert_eq!(forced.status.code(), Some(1));
    assert!(
        stdout(&forced).contains("error[immutable-field]: spec.queue: "),
        "{}",
        stdout(&forced)
    );
    let report = run(&[&arguments[..], &["--output", "json"]].concat());
    let report: Value = serde_json::from_str(&stdout(&report)).expect("JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["outcome"], "refused");
    assert_eq!(report["status"]["details"]["causes"][0]["field"], ".spec.queue");
}

#[test]
fn fields_without_effect_are_named() {
    let mut exported = live();
    exported["status"] = json!({"running": 1});
    let (existing, exported) = (json_file(&live()), json_file(&exported));
    let output = run(&["check", "--verb", "apply", path(&existing), path(&exported)]);
    let expected = "note: the manifest repeats without effect: metadata.creationTimestamp, \
                    metadata.generation, status\n";
    assert_eq!(stderr(&output), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn patch_is_a_verb_too() {
    let existing = json_file(&live());
    let patch = file(".json", r#"[{"op": "replace", "path": "/spec/queue", "value": "research"}]"#);
    let outputs = [
        run(&["check", "--verb", "patch", path(&existing), path(&patch)]),
        run(&["check", "--patch", path(&patch), path(&existing)]),
    ];
    for output in outputs {
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stdout(&output).contains("error[immutable-field]: spec.queue: "),
            "{}",
            stdout(&output)
        );
    }
}

/// A directory with a program `kubectl` that runs this script.
fn kubectl(script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let program = directory.path().join("kubectl");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("it is written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .expect("it is made executable");
    directory
}

fn run_with_kubectl(directory: &Path, arguments: &[&str]) -> std::process::Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", directory.display());
    program(arguments).env("PATH", path).output().expect("the program runs")
}

#[test]
fn the_existing_job_comes_from_the_cluster() {
    let existing = json_file(&live());
    let log = file("", "");
    let script = format!("echo \"$@\" >{}; cat {}", path(&log), path(&existing));
    let directory = kubectl(&script);
    let manifest = json_file(&manifest());
    let arguments =
        ["check", "--from-cluster", "--context", "test", "--verb", "replace", path(&manifest)];
    let output = run_with_kubectl(directory.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("error[dropped-default]: "), "{}", stdout(&output));
    let asked = fs::read_to_string(log.path()).expect("kubectl ran");
    let expected = "get --output=json --show-managed-fields --ignore-not-found --namespace=default \
                    --context=test -- jobs.batch.volcano.sh hello\n";
    assert_eq!(asked, expected);

    let nothing = kubectl("exit 0");
    let output = run_with_kubectl(nothing.path(), &["check", "--from-cluster", path(&manifest)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "default/hello does not exist: it will be created\n");

    let output = run_with_kubectl(
        nothing.path(),
        &["check", "--from-cluster", "--output", "json", path(&manifest)],
    );
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let expected = json!({"apiVersion": "volcano-job-update/v1", "outcome": "created",
        "job": "default/hello", "notes": []});
    assert_eq!(report, expected);
    assert_valid("report.schema.json", &report);
    let pod =
        file(".json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hello"}}"#);
    let output = run_with_kubectl(nothing.path(), &["check", "--from-cluster", path(&pod)]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));

    let failing = kubectl("echo 'Unable to connect to the server' >&2; exit 1");
    let output = run_with_kubectl(failing.path(), &["check", "--from-cluster", path(&manifest)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: kubectl: Unable to connect to the server\n");
}

#[test]
fn kubectl_diff_shows_jobs_by_their_fields() {
    let directory = tempfile::tempdir().expect("a directory");
    let [live_directory, merged] = ["LIVE", "MERGED"].map(|name| directory.path().join(name));
    let mut changed = live();
    changed["spec"]["queue"] = "research".into();
    for (directory, job) in [(&live_directory, live()), (&merged, changed)] {
        fs::create_dir(directory).expect("it is made");
        let name = |name: &str| directory.join(name);
        fs::write(name("batch.volcano.sh.v1alpha1.Job.default.hello"), job.to_string())
            .expect("written");
        fs::write(name("v1.ConfigMap.default.same"), "a: 1\n").expect("written");
    }
    fs::write(merged.join("batch.volcano.sh.v1alpha1.Job.default.new\u{1b}"), live().to_string())
        .expect("written");
    let directories =
        [&live_directory, &merged].map(|directory| directory.to_str().expect("UTF-8").to_owned());
    let output = run(&["diff", "-o", "tree", &directories[0], &directories[1]]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let expected =
        "default/hello:\n  ~ spec.queue  denied\ndefault/new\\u001b:\n  + (the whole Job)\n";
    assert_eq!(stdout(&output), expected);
    assert_eq!(stderr(&output), "");
    // A creation is a change, and nothing that is denied.
    let check = run(&["check", "--policy", "permissive", &directories[0], &directories[1]]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
    let same = run(&["diff", &directories[0], &directories[0]]);
    assert_eq!(same.status.code(), Some(0), "{}", stdout(&same));
}

#[test]
fn it_is_a_kubectl_plugin_under_another_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let plugin = directory.path().join("kubectl-volcano_job_update");
    symlink(env!("CARGO_BIN_EXE_volcano-job-update"), &plugin).expect("a link");
    let manifest = json_file(&manifest());
    let output = Command::new(&plugin)
        .args(["check", path(&manifest), path(&manifest)])
        .output()
        .expect("the plugin runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// kubectl writes the whole patch in front of its message when it applies.
#[test]
fn kubectls_words_are_those_of_replacing_and_patching() {
    let existing = json_file(&live());
    let patch = json_file(&json!({"spec": {"queue": "other"}}));
    let scaled = json_file(&json!({"spec": {"tasks": live()["spec"]["tasks"]}}));
    let check = |verb: &str, manifest: &tempfile::NamedTempFile| {
        run(&["check", "-o", "kubectl", "--verb", verb, path(&existing), path(manifest)])
    };
    let denied = check("patch", &patch);
    assert_eq!(denied.status.code(), Some(1));
    assert!(stdout(&denied).contains("denied the request: "), "{}", stdout(&denied));
    assert_eq!(stdout(&check("patch", &scaled)), "job.batch.volcano.sh/hello patched\n");
    assert_eq!(stdout(&check("replace", &existing)), "job.batch.volcano.sh/hello replaced\n");
    for verb in ["apply", "server-side-apply", "edit"] {
        let refused = check(verb, &existing);
        assert_eq!(refused.status.code(), Some(2), "{verb}");
        assert!(stderr(&refused).contains("use --verb replace or --verb patch with it"));
    }
}
