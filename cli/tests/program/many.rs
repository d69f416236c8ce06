//! Files with several documents, lists, directories and globs.

#![expect(clippy::indexing_slicing, reason = "a panic fails the test")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::util::{file, path, program, run, run_with_input, stderr, stdout};

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

/// A Job in YAML.
fn yaml(metadata: &str, queue: &str) -> String {
    format!(
        "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{{metadata}}}\nspec:\n  \
         minAvailable: 1\n  queue: {queue}\n  tasks:\n  - {{name: a, replicas: 1, template: {{spec: \
         {{containers: [{{name: a, image: a}}]}}}}}}\n"
    )
}

fn named(name: &str, queue: &str) -> String {
    yaml(&format!("namespace: team, name: {name}"), queue)
}

fn documents(documents: &[&str]) -> String {
    documents.join("---\n")
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let file = directory.path().join(name);
        fs::create_dir_all(file.parent().expect("a directory")).expect("it is made");
        fs::write(file, text).expect("it is written");
    }
    directory
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

/// The exit status and the outcomes of the Jobs, in order.
#[track_caller]
fn outcomes(arguments: &[&str]) -> (i32, Vec<String>, Value) {
    let output = run(&[&["check", "-o", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let jobs = report["jobs"].as_array().expect("a report of many Jobs").iter();
    let outcome = |job: &Value| {
        let [name, outcome] = ["job", "outcome"].map(|key| job[key].as_str().unwrap_or("-"));
        format!("{name} {outcome}")
    };
    let jobs = jobs.map(outcome).collect();
    (output.status.code().expect("an exit status"), jobs, report["summary"].clone())
}

#[track_caller]
fn assert_error(arguments: &[&str], expected: &str) {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    let error = stderr(&output);
    assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
}

#[test]
fn the_only_job_of_several_documents_is_meant() {
    let existing = file(".yaml", &named("a", "q"));
    let with_others = documents(&[CONFIG_MAP, &named("a", "other"), CONFIG_MAP]);
    let manifest = file(".yaml", &with_others);
    for files in [[path(&existing), path(&manifest)], [path(&manifest), path(&existing)]] {
        let output = run(&["check", files[0], files[1]]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stdout(&output).starts_with("denied by the policy"), "{}", stdout(&output));
    }
    let output = run(&["check", path(&existing), path(&manifest)]);
    let place = format!("--> {}:10:3", path(&manifest));
    assert!(stdout(&output).contains(&place), "in the whole file: {}", stdout(&output));
    let output = run_with_input(&["diff", path(&existing), "-"], &with_others);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn of_several_jobs_the_one_with_the_name_is_meant() {
    let existing = file(".yaml", &named("b", "q"));
    let manifest = file(".yaml", &documents(&[&named("a", "x"), &named("b", "q"), CONFIG_MAP]));
    for files in [[path(&existing), path(&manifest)], [path(&manifest), path(&existing)]] {
        let output = run(&["diff", files[0], files[1]]);
        assert_eq!((output.status.code(), &*stdout(&output)), (Some(0), ""), "{}", stderr(&output));
    }
    let no_namespace = file(".yaml", &yaml("name: b", "q"));
    let output = run(&["diff", path(&no_namespace), path(&manifest)]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "an absent namespace can be any: {}",
        stderr(&output)
    );

    let other = file(".yaml", &named("c", "q"));
    let expected = format!(
        "{}: this file has 2 Jobs, and none of them is team/c: team/a (line 1), team/b (line 10)\n",
        path(&manifest)
    );
    assert_error(&["check", path(&other), path(&manifest)], &expected);
    let twice = yaml("name: b, namespace: x", "q");
    let twice = file(".yaml", &documents(&[&named("b", "q"), &twice]));
    let expected = "several of them can be b: team/b (line 1), x/b (line 10)";
    assert_error(&["check", path(&no_namespace), path(&twice)], expected);
    let many = file(".yaml", &documents(&[&named("a", "q"), &named("b", "q")]));
    assert_error(&["restore", path(&many), path(&many)], "one is needed: team/a (line 1), team/b");
}

#[test]
fn lists_are_like_documents() {
    let existing = file(".yaml", &named("b", "q"));
    let job = |name: &str, queue: &str| -> Value {
        serde_saphyr::from_str(&named(name, queue)).expect("it is YAML")
    };
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}});
    for kind in ["List", "JobList"] {
        let list = json!({"apiVersion": "v1", "kind": kind,
            "items": [pod, job("a", "q"), job("b", "x")]});
        let list = serde_json::to_string_pretty(&list).expect("JSON");
        for extension in [".json", ".yaml"] {
            let list = file(extension, &list);
            let output = run(&["check", path(&existing), path(&list)]);
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            let line = fs::read_to_string(path(&list)).expect("the list");
            let line = line.lines().position(|line| line.contains("\"x\"")).expect("a queue") + 1;
            let place = format!("--> {}:{line}:9", path(&list));
            assert!(stdout(&output).contains(&place), "{place} {}", stdout(&output));
            let c = file(".yaml", &named("c", "q"));
            assert_error(&["check", path(&c), path(&list)], "team/a (line 11), team/b (line ");
        }
    }
    let indented = "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  apiVersion: v1\n- kind: Job\n  \
        apiVersion: batch.volcano.sh/v1alpha1\n  metadata: {name: b, namespace: team}\n";
    let indented = file(".yaml", indented);
    assert_error(
        &["restore", path(&existing), path(&file(".json", "{\"kind\": \"List\", \"items\": []}"))],
        "none of its 0 objects is a Job",
    );
    let output = run(&["check", path(&existing), path(&indented)]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn other_kinds_are_named() {
    let existing = file(".yaml", &named("a", "q"));
    for (kind, what) in [
        ("apiVersion: batch/v1\nkind: Job\n", "a Job of batch/v1"),
        ("apiVersion: apps/v1\nkind: Deployment\n", "a Deployment of apps/v1"),
    ] {
        let other = file(".yaml", &format!("{kind}metadata: {{name: a}}\n"));
        let expected = format!(
            "error: {}: this is {what}, and a Job of batch.volcano.sh/v1alpha1 is needed\n",
            path(&other)
        );
        assert_error(&["check", "--verb", "replace", path(&existing), path(&other)], &expected);
        assert_error(&["check", "--verb", "replace", path(&other), path(&existing)], &expected);
    }
    let others = file(".yaml", &documents(&[CONFIG_MAP, CONFIG_MAP]));
    let expected = "none of its 2 objects is a Job of batch.volcano.sh/v1alpha1; the first is a ConfigMap of v1";
    assert_error(&["check", path(&existing), path(&others)], expected);
}

#[test]
fn texts_that_are_no_manifests_are_explained() {
    let existing = file(".yaml", &named("a", "q"));
    for (text, what) in [
        ("", "the text is empty: check"),
        ("kind: Job\nmetadata: {name: {{ .x }}}\n", "line 2 has an unrendered template"),
    ] {
        for extension in [".json", ".yaml"] {
            let manifest = file(extension, text);
            assert_error(&["check", path(&existing), path(&manifest)], what);
        }
    }
}

#[test]
fn two_files_with_several_jobs_are_paired() {
    let existing = documents(&[&named("a", "q"), &named("b", "q"), &named("old", "q"), CONFIG_MAP]);
    let manifest = documents(&[&named("b", "x"), CONFIG_MAP, &named("a", "q"), &named("new", "q")]);
    let (old, new) = (file(".yaml", &existing), file(".yaml", &manifest));
    let expected = ["team/a allowed", "team/b denied", "team/old deleted", "team/new created"];
    let (status, jobs, summary) = outcomes(&[path(&old), path(&new)]);
    assert_eq!((status, jobs), (1, expected.map(str::to_owned).to_vec()));
    let counts = json!({"allowed": 1, "denied": 1, "created": 1, "deleted": 1, "otherObjects": 1});
    assert_eq!(summary, counts);

    let output = run_with_input(&["check", path(&old), "-"], &manifest);
    let text = stdout(&output);
    assert!(
        text.ends_with(
            "4 Jobs: 1 allowed, 1 denied, 1 created, 1 deleted\n1 other object skipped\n"
        ),
        "{text}"
    );
    assert!(text.contains("team/b:\ndenied by the policy"), "{text}");
}

#[test]
fn directories_are_paired_by_namespace_and_name() {
    let old = directory(&[
        ("a.yaml", &named("a", "q")),
        ("sub/b.yml", &named("b", "q")),
        (
            "sub/moved.json",
            &serde_json::to_string(
                &serde_saphyr::from_str::<Value>(&named("m", "q")).expect("YAML"),
            )
            .expect("JSON"),
        ),
        ("gone.yaml", &named("gone", "q")),
        ("default.yaml", &yaml("name: d, namespace: default", "q")),
        ("notes.txt", "no manifest: ["),
        (".git/c.yaml", "no manifest: ["),
    ]);
    let new = directory(&[
        ("a.yaml", &documents(&[CONFIG_MAP, &named("a", "q")])),
        ("sub/b.yml", &named("b", "x")),
        ("moved-here.yaml", &named("m", "q")),
        ("new.yaml", &named("new", "q")),
        ("other.yaml", &yaml("name: d", "q")),
    ]);
    symlink("/etc/hosts", new.path().join("outside.yaml")).expect("a link");
    symlink("/etc", new.path().join("etc")).expect("a link");
    let directories = [text(old.path()), text(new.path())];
    let (status, jobs, summary) = outcomes(&directories);
    let expected = [
        "team/a allowed",
        "team/b denied",
        "default/d allowed",
        "team/gone deleted",
        "team/m allowed",
        "team/new created",
    ];
    assert_eq!((status, jobs), (1, expected.map(str::to_owned).to_vec()));
    assert_eq!(summary["otherObjects"], 1);
    let one_thread = run(&["check", "--jobs", "1", directories[0], directories[1]]);
    let many = run(&["check", "--jobs", "7", directories[0], directories[1]]);
    assert_eq!(stdout(&one_thread), stdout(&many), "in the same order");
    assert_error(&["check", directories[0], "no-such-directory"], "cannot read no-such-directory");
}

/// A folder of a repository has files of many programs.
#[test]
fn files_of_other_programs_are_skipped() {
    let files =
        [("a.yaml", &*named("a", "q")), ("compose.yaml", "services: {}\n"), ("list.json", "[1]")];
    let (old, new) = (directory(&files), directory(&files));
    let (status, jobs, summary) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!((status, jobs), (0, vec!["team/a allowed".to_owned()]));
    assert_eq!(summary["otherObjects"], 2);
    let wrong = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: 5\n";
    let (old, new) = (directory(&files), directory(&[files[0], ("b.yaml", wrong)]));
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!((status, jobs), (2, ["team/a allowed", " error"].map(str::to_owned).to_vec()));
}

#[test]
fn broken_files_do_not_stop_the_others() {
    let old = directory(&[
        ("a.yaml", &named("a", "q")),
        ("b.yaml", &named("b", "q")),
        ("c.json", "{\"kind\": "),
        ("d.yaml", &named("d", "q")),
        ("e.yaml", &named("e", "q")),
    ]);
    let new = directory(&[
        ("a.yaml", "a: [\n"),
        ("b.yaml", &named("b", "q")),
        ("c.json", "{}"),
        ("d.yaml", "{{ template }}\n"),
        ("e.yaml", &named("e", "q")),
    ]);
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!(status, 2);
    assert_eq!(jobs, [" error", "team/b allowed", " error", " error", "team/e allowed"]);
    let output = run(&["check", text(old.path()), text(new.path())]);
    let errors = stderr(&output);
    let errors: Vec<&str> = errors.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[0].contains("a.yaml: unclosed bracket '['"), "{errors:?}");
    assert!(errors[1].contains("c.json: line 1, column 10: "), "{errors:?}");
    assert!(errors[2].contains("d.yaml: line 1 has an unrendered template"), "{errors:?}");
}

#[test]
fn the_same_job_twice_is_an_error_of_that_job() {
    let old = directory(&[("a.yaml", &named("a", "q")), ("b.yaml", &named("b", "q"))]);
    let new = directory(&[
        ("a.yaml", &named("a", "q")),
        ("b.yaml", &documents(&[&named("b", "q"), &named("a", "q")])),
    ]);
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!(status, 2);
    assert_eq!(jobs, ["team/a allowed", "team/b allowed", "team/a error"]);
    let output = run(&["check", text(old.path()), text(new.path())]);
    let [a, b] = ["a.yaml", "b.yaml"].map(|name| new.path().join(name).display().to_string());
    let expected = format!("error: team/a: the new Job is there twice: in {a}:1 and in {b}:10\n");
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[test]
fn globs_in_quotes_have_many_files() {
    let files = directory(&[
        ("old/a.yaml", &named("a", "q")),
        ("old/x/b.yaml", &named("b", "q")),
        ("new/a.yaml", &named("a", "q")),
        ("new/x/b.yaml", &named("b", "x")),
        ("new/x/.hidden.yaml", "a: ["),
    ]);
    let glob = |glob: &str| files.path().join(glob).display().to_string();
    let (status, jobs, _) = outcomes(&[&glob("old/**/*.yaml"), &glob("new/**/*.yaml")]);
    assert_eq!((status, jobs), (1, vec!["team/a allowed".into(), "team/b denied".into()]));
    let (status, jobs, _) = outcomes(&[&glob("old/a.yaml"), &glob("new/[a-c].yaml")]);
    assert_eq!((status, jobs), (0, vec!["team/a allowed".to_owned()]));
    let (status, jobs, _) = outcomes(&[&glob("o*"), &glob("n*")]);
    assert_eq!((status, jobs.len()), (1, 2), "directories that a glob matches");
    let nothing = glob("old/*.json");
    assert_error(&["check", &nothing, &glob("new")], "*.json: nothing matches this glob");
    let [a, b] = ["old/a.yaml", "new/a.yaml"].map(glob);
    assert_error(&["check", &a, &b, &a], "there are 3 paths, and two are needed");
}

#[test]
fn jobs_without_names() {
    let unnamed = file(".yaml", &yaml("generateName: a", "q"));
    let other = file(".yaml", &yaml("generateName: a", "x"));
    let output = run(&["check", path(&unnamed), path(&other)]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let old = directory(&[("a.yaml", &yaml("generateName: a", "q"))]);
    let new = directory(&[("a.yaml", &yaml("generateName: a", "q"))]);
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!((status, jobs), (1, vec![" denied".to_owned()]));
    let new =
        directory(&[("b.yaml", &documents(&[&named("a", "q"), &yaml("generateName: a", "q")]))]);
    let output = run(&["check", text(old.path()), text(new.path())]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("a Job without a name has no counterpart"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn large_files_are_read_and_larger_ones_are_not() {
    let jobs = |queue: &str| {
        (0..3000)
            .map(|number| named(&format!("job-{number}"), queue))
            .collect::<Vec<_>>()
            .join("---\n")
    };
    // Together they are longer than one document may be.
    let comment = format!("# {}\n", "x".repeat(4 << 20));
    let (old, new) = (file(".yaml", &(comment + &jobs("q"))), file(".yaml", &jobs("q")));
    let output = run(&["check", path(&old), path(&new)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().last(), Some("3000 Jobs: 3000 allowed"));
    let too_large = file(".yaml", &"# a comment of forty characters or so...\n".repeat(1_700_000));
    assert_error(&["check", path(&too_large), path(&new)], "must be no longer than 67108864 bytes");
}

#[test]
fn notes_name_the_job_among_many() {
    let files = [("a.yaml", named("a", "q")), ("b.yaml", named("b", "q"))];
    let files = files.each_ref().map(|(name, text)| (*name, &**text));
    let (old, new) = (directory(&files), directory(&files));
    let output = program(&["check", text(old.path()), text(new.path())]).output().expect("it runs");
    let notes = stderr(&output);
    assert_eq!(notes.matches("judged as kubectl replace").count(), 1, "{notes}");
    assert_eq!(notes.lines().count(), 1, "no progress in a pipe: {notes}");
}

/// An item that is no object, or has no text as its name, is not the end of the list.
#[test]
fn odd_items_of_a_list_do_not_hide_the_others() {
    let list = |queue: &str| {
        let job = serde_saphyr::from_str::<Value>(&named("a", queue)).expect("YAML");
        let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": 5}});
        let items = json!([null, 3, config_map, {"apiVersion": 1, "kind": []}, job]);
        json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
    };
    for name in ["list.json", "list.yaml"] {
        let old = directory(&[(name, &list("q"))]);
        let new = directory(&[(name, &list("x"))]);
        let (status, jobs, summary) = outcomes(&[text(old.path()), text(new.path())]);
        assert_eq!((status, jobs), (1, vec!["team/a denied".to_owned()]), "{name}");
        assert_eq!(summary["otherObjects"], 4, "{name}");
    }
}

#[test]
fn what_is_said_of_many_jobs_is_said_once() {
    let files =
        |queue: &str| directory(&[("a.yaml", &named("a", queue)), ("b.yaml", &named("b", queue))]);
    let (old, new) = (files("q"), files("x"));
    let arguments = [text(old.path()), text(new.path())];
    let report = stdout(&run(&[&["check"], &arguments[..]].concat()));
    assert_eq!(report.matches("by the policy documented, only").count(), 1, "{report}");
    let diff = stdout(&run(&[&["diff"], &arguments[..]].concat()));
    assert!(diff.starts_with("team/a:\n--- ") && diff.contains("\nteam/b:\n--- "), "{diff}");
    let patches = stdout(&run(&[&["diff", "-o", "json-patch"], &arguments[..]].concat()));
    let jobs: Vec<Value> =
        patches.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&jobs[0]["job"], &jobs[1]["job"]), (&json!("team/a"), &json!("team/b")));
    assert_eq!(jobs[1]["patch"][0]["path"], "/spec/queue");

    let empty = directory(&[]);
    let (status, output) = {
        let output = run(&["check", text(empty.path()), text(empty.path())]);
        (output.status.code(), stdout(&output))
    };
    assert_eq!((status, &*output), (Some(0), "there are no Volcano Jobs in these files\n"));
}

#[test]
fn a_job_of_volcano_with_a_wrong_kind_is_judged_and_not_deleted() {
    let old = directory(&[("a.yaml", &named("a", "q")), ("b.yaml", &named("b", "q"))]);
    let new = directory(&[
        ("a.yaml", &named("a", "q").replace("kind: Job", "kind: job")),
        ("b.yaml", &named("b", "q").replace("kind: Job\n", "")),
    ]);
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!((status, jobs), (1, vec!["team/a denied".to_owned(), "team/b denied".to_owned()]));
}

/// As a typed client of Volcano writes a list.
#[test]
fn items_of_a_job_list_need_no_kind() {
    let item = |queue: &str| {
        let metadata = json!({"namespace": "team", "name": "a"});
        json!({"metadata": metadata, "spec": {"queue": queue, "tasks": []}})
    };
    let list = |queue: &str| {
        let items = [item(queue)];
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "JobList", "items": items})
            .to_string()
    };
    let [old, new] = ["q", "x"].map(|queue| directory(&[("a.json", &*list(queue))]));
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!((status, jobs), (1, vec!["team/a denied".to_owned()]));
}

#[test]
fn a_manifest_without_a_namespace_is_that_of_the_only_job_of_its_name() {
    let old = directory(&[("a.yaml", &named("a", "q"))]);
    let new = directory(&[("a.yaml", &yaml("name: a", "x"))]);
    let (status, jobs, _) = outcomes(&[text(old.path()), text(new.path())]);
    assert_eq!((status, jobs), (1, vec!["team/a denied".to_owned()]));
}

/// Otherwise each Job of the other side would be deleted.
#[test]
fn a_path_that_is_not_there_is_an_error() {
    let old = directory(&[("a.yaml", &named("a", "q"))]);
    let absent = old.path().join("absent");
    let output = run(&["check", text(old.path()), text(&absent)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).starts_with("error: cannot read "), "{}", stderr(&output));
}

/// The file of the other side can have any Job.
#[test]
fn nothing_is_created_or_deleted_beside_a_file_that_cannot_be_read() {
    let old = directory(&[("a.yaml", &named("a", "q"))]);
    let new = directory(&[("b.yaml", "a: [")]);
    let broken = new.path().join("b.yaml");
    for (one, other) in [
        (old.path(), new.path()),
        (new.path(), old.path()),
        (old.path(), &*broken),
        (&*broken, old.path()),
    ] {
        let (status, jobs, _) = outcomes(&[text(one), text(other)]);
        assert_eq!((status, &*jobs), (2, &[" error".to_owned(), "team/a error".to_owned()][..]));
    }
}
