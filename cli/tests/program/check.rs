//! The commands `check`, `diff` and `explain`, and their options.

use serde_json::{Value, json};
use volcano_job_update::UpdatePolicy;

use crate::util::{
    EXISTING, REPLACEMENT, assert_valid, edited, file, job, path, run, run_with_input, stderr,
    stdout,
};

#[test]
fn the_documented_example_is_allowed() {
    let output = run(&["check", &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = "allowed by the policy documented: 1 change\nchanges that are not denied:\n  \
                    ~ spec.tasks[1].replicas  allowed  1 → 2\n";
    assert_eq!(stdout(&output), expected, "plain text, as it is not a terminal");
    let assumed = "note: judged as kubectl replace, because nothing says that the existing Job was \
                   applied; --verb chooses another way\n";
    assert_eq!(stderr(&output), assumed);
}

#[test]
fn values_are_checked_and_warnings_printed() {
    let replacement = edited(|job| {
        job["spec"]["tasks"][1]["replicas"] = json!("2");
        job["spec"]["tasks"][0]["template"]["spec"]["hostNetwork"] = json!(true);
    });
    let output = run(&["check", &job(EXISTING), path(&replacement)]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let title = "error[invalid-value]: spec.tasks[1].replicas: must be an integer, not a string\n";
    assert!(text.contains(title), "{text}");
    assert!(text.contains("\n  = help: write it without quotes\n"), "{text}");
    // Not the one that is wrong.
    let changes =
        "changes that are not denied:\n  + spec.tasks[0].template.spec.hostNetwork  allowed\n";
    assert!(text.ends_with(changes), "{text}");
    let output = run(&["check", "--output", "json", &job(EXISTING), path(&replacement)]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["warnings"], json!([]));
}

#[test]
fn the_verdict_of_volcanos_webhook_is_told() {
    let replacement = edited(|job| {
        job["spec"]["tasks"][0]["template"]["spec"]["hostNetwork"] = json!(true);
    });
    let check = |options: &[&str]| {
        let output = run(&[&["check"], options, &[&job(EXISTING), path(&replacement)]].concat());
        (output.status.code(), stdout(&output))
    };
    let warning = "warning[volcano-webhook]: spec.tasks[0].template.spec.hostNetwork: Volcano's webhook \
        (validatejob.volcano.sh) will deny this: job updates may not change fields other than \
        `minAvailable`, `tasks[*].replicas under spec` and `PriorityClassName`\n";
    let (status, text) = check(&[]);
    assert_eq!((status, text.contains(warning)), (Some(0), true), "{text}");
    let (status, text) = check(&["--volcano-webhook", "require"]);
    assert_eq!((status, text.contains(warning)), (Some(1), true), "{text}");
    let (status, text) = check(&["--volcano-webhook", "off"]);
    assert_eq!((status, text.contains("warning")), (Some(0), false), "{text}");
    let (status, text) = check(&["-o", "kubectl", "--volcano-webhook", "require"]);
    assert_eq!((status, text.contains("will deny this")), (Some(1), true), "{text}");
    assert!(!text.contains("replaced"), "{text}");
    let (status, text) = check(&["--output", "json"]);
    let report: Value = serde_json::from_str(&text).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!((status, &report["warnings"][0]["code"]), (Some(0), &json!("volcano-webhook")));
    // The policy volcano denies it itself.
    let (status, text) = check(&["--policy", "volcano"]);
    assert_eq!((status, text.contains("error[immutable-field]")), (Some(1), true), "{text}");
}

#[test]
fn json_report_matches_its_schema() {
    let replacement = edited(|job| {
        job["spec"]["queue"] = json!("research");
        job["spec"]["maxRetrie"] = json!(7);
    });
    let plain = run(&["check", "--output", "json", &job(EXISTING), path(&replacement)]);
    assert_eq!(plain.status.code(), Some(1));
    let report: Value = serde_json::from_str(&stdout(&plain)).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["apiVersion"], "volcano-job-update/v1");
    assert_eq!(report["policy"], "documented");
    assert_eq!(report["allowed"], false);
    assert_eq!(report["outcome"], "denied");
    assert_eq!(report["job"], "cci-gpu/openmpi-hello-2-com");
    assert_eq!(report["files"]["existing"], job(EXISTING));
    let column = |text: &str| text.find("\"queue\"").map(|at| at + 1);
    let [old, new] = [&job(EXISTING), path(&replacement)]
        .map(|file| std::fs::read_to_string(file).expect("the file is there"));
    let existing = old.lines().enumerate().find_map(|(i, line)| Some((i + 1, column(line)?)));
    let (line, at) = existing.expect("the existing Job has a queue");
    let places = json!({"existing": {"line": line, "column": at},
        "replacement": {"line": 1, "column": column(&new)}});
    let change = json!({"path": "spec.queue", "pointer": "/spec/queue", "change": "replaced",
        "verdict": "denied", "places": places});
    assert_eq!(report["changes"][1], change);
    assert_eq!(report["mayChange"][0], "metadata.labels");
    assert_eq!(report["violations"][0]["code"], "unknown-field");
    assert_eq!(report["violations"][0]["hint"], "did you mean `maxRetry`?");
    assert_eq!(report["warnings"], json!([]));
    assert!(!stdout(&plain).contains("research"), "no values unless asked for");

    let shown = run(&["check", "-o=json", "--show-values", &job(EXISTING), path(&replacement)]);
    let report: Value = serde_json::from_str(&stdout(&shown)).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["changes"][1]["before"], "default");
    assert_eq!(report["changes"][1]["after"], "research");
    assert_eq!(report["violations"][1]["after"], "research");
}

#[test]
fn omitted_violations_are_counted() {
    let policy = file(".json", r#"{"limits": {"violations": 1}}"#);
    let replacement = edited(|job| {
        job["spec"]["queue"] = json!("research");
        job["spec"]["maxRetry"] = json!(7);
    });
    let arguments = ["check", "--policy", path(&policy), &job(EXISTING), path(&replacement)];
    let text = stdout(&run(&arguments));
    assert!(text.starts_with("denied by the policy custom: 2 violations\n"), "{text}");
    assert!(text.contains("\nand 1 more violation\n"), "{text}");
    let json = stdout(&run(&[&arguments[..], &["--output", "json"]].concat()));
    let report: Value = serde_json::from_str(&json).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["omittedViolations"], 1);
}

#[test]
fn diff_lists_changes() {
    let output = run(&["diff", "-o", "tree", &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "  ~ spec.tasks[1].replicas  allowed  1 → 2\n");

    let same = run(&["diff", &job(EXISTING), &job(EXISTING)]);
    assert_eq!((same.status.code(), stdout(&same).as_str()), (Some(0), ""));
}

#[test]
fn diff_prints_patches() {
    let patch = run(&["diff", "--format", "json-patch", &job(EXISTING), &job(REPLACEMENT)]);
    let patch: Value = serde_json::from_str(&stdout(&patch)).expect("the patch is JSON");
    assert_eq!(patch, json!([{"op": "replace", "path": "/spec/tasks/1/replicas", "value": 2}]));

    let merge = run(&["diff", "--format", "merge-patch", &job(EXISTING), &job(REPLACEMENT)]);
    let merge: Value = serde_json::from_str(&stdout(&merge)).expect("the patch is JSON");
    assert_eq!(merge["spec"]["tasks"][1]["replicas"], 2);
    assert_eq!(merge["spec"]["tasks"][0]["name"], "mpimaster", "a list stands whole");
    assert_eq!(merge["spec"].as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn yaml_is_read_as_kubectl_reads_it() {
    let existing = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\n\
                    spec:\n  tasks:\n  - name: w\n    replicas: 1\n    template: {spec: {volumes: \
                    [{name: v, secret: {defaultMode: 0644}}]}}\n";
    let replacement = existing.replace("replicas: 1", "replicas: 2").replace("0644", "420");
    let (existing, replacement) = (file(".yaml", existing), file(".yml", &replacement));
    let output = run(&["diff", "--output=tree", path(&existing), path(&replacement)]);
    let expected = "  ~ spec.tasks[0].replicas  allowed  1 → 2\n";
    assert_eq!(stdout(&output), expected, "{}", stderr(&output));
}

#[test]
fn one_of_the_jobs_comes_from_standard_input() {
    let text = std::fs::read_to_string(job(REPLACEMENT)).expect("the example is there");
    for arguments in [["check", &job(EXISTING), "-"], ["check", "-", &job(EXISTING)]] {
        assert_eq!(run_with_input(&arguments, &text).status.code(), Some(0), "{arguments:?}");
    }
    let yaml = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata:\n  name: a\n";
    let output = run_with_input(&["check", "-", &job(EXISTING)], yaml);
    assert_eq!(
        output.status.code(),
        Some(1),
        "YAML is recognized by its first character: {}",
        stderr(&output)
    );
    let twice = run(&["check", "-", "-"]);
    assert_eq!(twice.status.code(), Some(2));
    assert_eq!(stderr(&twice), "error: only one of the two Jobs can come from standard input\n");
}

#[test]
fn error_is_one_line_with_exit_status_2() {
    let existing = job(EXISTING);
    let missing = run(&["check", "no-such-file.json", &existing]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        stderr(&missing).starts_with("error: cannot read no-such-file.json: "),
        "{}",
        stderr(&missing)
    );

    let twice = r#"{"spec": {"tasks": [{"name": "mpimaster", "template": {"a": 1, "a": 2}}]}}"#;
    let bad = [
        ("{\n  \"spec\": }", "error: standard input: line 2, column 11: "),
        (
            "",
            "error: standard input: the text is empty: check the name of the file, or the command that \
             writes it\n",
        ),
        ("[]", "error: standard input: must be an object, not a list\n"),
        ("{\"spec\": 5}", "error: standard input: spec: must be an object, not a number\n"),
        (
            twice,
            "error: cannot validate the update: replacement: spec.tasks[0].template.a: the field is given twice\n",
        ),
    ];
    for command in ["check", "diff"] {
        for (input, message) in bad {
            let output = run_with_input(&[command, &existing, "-"], input);
            let error = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{input}");
            assert!(error.starts_with(message) && error.lines().count() == 1, "{input}: {error}");
            assert_eq!(stdout(&output), "", "{input}");
        }
    }
    // The rest of these messages is that of the YAML parser.
    let bad = [("a: [1\n", "line 1, column 4"), ("a: 1\n---\nb: 2\n", "(line 3)")];
    for (input, place) in bad {
        let output = run_with_input(&["check", &existing, "-"], input);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{input}");
        assert!(error.starts_with("error: standard input: "), "{input}: {error}");
        assert!(error.contains(place) && error.lines().count() == 1, "{input}: {error}");
    }
}

#[test]
fn file_above_the_limit_is_an_error() {
    let policy = file(".yaml", "limits: {textBytes: 100}\n");
    let job = |queue: &str| {
        format!("kind: Job\n{}spec: {{queue: {queue}}}\n", "# a line of comment\n".repeat(5))
    };
    let (existing, replacement) = (file(".yaml", &job("a")), file(".yaml", &job("b")));
    let output = run(&["check", "--policy", path(&policy), path(&existing), path(&replacement)]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    let expected = format!(
        "error: {}: longer than 100 bytes, the limit for a document, which begins at line 1, column 1\n",
        path(&existing)
    );
    assert_eq!(stderr(&output), expected);
}

#[test]
fn yaml_has_the_same_limits_as_json() {
    let deep = format!("spec: {{foo: {}1{}}}\n", "[".repeat(120), "]".repeat(120));
    let deep = file(".yaml", &deep);
    let output = run(&["diff", path(&deep), path(&deep)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn documents_keep_their_values() {
    let replacement = edited(|job| job["metadata"]["annotations"] = json!({"k": "x\u{7f}y"}));
    let patch = run(&["diff", "--format", "json-patch", &job(EXISTING), path(&replacement)]);
    let patch: Value = serde_json::from_str(&stdout(&patch)).expect("JSON");
    assert_eq!(patch[1]["value"], "x\u{7f}y");
}

/// Values in the wrong places are no less secret.
#[test]
fn errors_and_events_show_no_values() {
    let yaml = |event: &str, timeout: &str, queue: &str| {
        let text = format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  queue: {queue}\n  \
             policies:\n  - {{event: {event}, timeout: {timeout}, action: RestartJob}}\n  tasks: []\n"
        );
        file(".yaml", &text)
    };
    let existing = yaml("PodFailed", "1s", "a");
    for replacement in [
        yaml("HUNTER", "1s", "a"),
        yaml("PodFailed", "HUNTER", "a"),
        yaml("PodFailed", "1s", "!!int HUNTER"),
        yaml("PodFailed", "1s", "!!bool 'HUNTER'"),
    ] {
        for arguments in [&["check"][..], &["check", "--policy", "volcano"], &["diff"]] {
            let output = run(&[arguments, &[path(&existing), path(&replacement)]].concat());
            assert_ne!(output.status.code(), Some(0));
            assert!(!stdout(&output).contains("HUNTER"), "{}", stdout(&output));
            assert!(!stderr(&output).contains("HUNTER"), "{}", stderr(&output));
        }
    }
}

#[test]
fn files_that_were_hardly_meant_have_a_note() {
    let job_of = |metadata: Value| {
        let job = json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
            "metadata": metadata, "spec": {"queue": "a"}});
        file(".json", &job.to_string())
    };
    let manifest = job_of(json!({"name": "a"}));
    let live = job_of(json!({"name": "a", "uid": "705ab4f5-6393-11e8-b7cc-42010a800002"}));
    let notes = |existing, replacement| {
        stderr(&run(&["diff", "--verb", "replace", path(existing), path(replacement)]))
    };
    assert_eq!(notes(&live, &manifest), "");
    let swapped = notes(&manifest, &live);
    assert!(swapped.contains("the files may be swapped"), "{swapped}");
    let same = notes(&live, &live);
    assert!(same.contains("both Jobs are from the same file"), "{same}");
    // In quotes it is YAML.
    let template = notes(&live, &job_of(json!({"name": "{{ .Release.Name }}"})));
    assert!(template.contains("is an unrendered template: render it first"), "{template}");
    let name = path(&live);
    let spelled = format!("/./{}", name.trim_start_matches('/'));
    let same = stderr(&run(&["diff", "--verb", "replace", name, &spelled]));
    assert!(same.contains("both Jobs are from the same file"), "{same}");
}

#[test]
fn usage_error_has_exit_status_2() {
    for arguments in
        [&["check"][..], &["chekc", "a", "b"], &["check", "--format", "xml", "a", "b"], &[]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["--version"]).status.code(), Some(0));
}

#[test]
fn policies_are_presets_or_files() {
    let replacement = edited(|job| job["metadata"]["finalizers"] = json!(["example.com/f"]));
    let check =
        |policy: &str| run(&["check", "--policy", policy, &job(EXISTING), path(&replacement)]);
    assert_eq!(check("documented").status.code(), Some(1));
    assert_eq!(check("admission").status.code(), Some(0));
    let file_policy = file(".yaml", "ignored: [metadata.finalizers]\n");
    assert_eq!(check(path(&file_policy)).status.code(), Some(0));

    let bad = file(".json", r#"{"alowed": []}"#);
    let output = check(path(&bad));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("alowed"), "{}", stderr(&output));
    let pattern = file(".json", r#"{"allowed": ["spec.tasks[0]"]}"#);
    assert!(stderr(&check(path(&pattern))).contains("`[*]`"));
    let output = check("documentd");
    assert_eq!(output.status.code(), Some(2));
    let message = "error: there is no policy `documentd`: it is neither a preset nor a file\n";
    assert_eq!(stderr(&output), message);
}

#[test]
fn patch_makes_the_replacement() {
    let operations =
        file(".json", r#"[{"op": "replace", "path": "/spec/tasks/1/replicas", "value": 2}]"#);
    let output = run(&["check", "--patch", path(&operations), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("~ spec.tasks[1].replicas  allowed"));

    let merge = file(".yaml", "spec: {queue: research}\n");
    let output = run(&["diff", "-o=tree", "--patch", path(&merge), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("spec.queue"), "{}", stdout(&output));

    let failing = file(".json", r#"[{"op": "test", "path": "/spec/queue", "value": "other"}]"#);
    let output = run(&["check", "--patch", path(&failing), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(2));
    let message = "the patch does not apply: operation 0 (test /spec/queue): the value there is not the \
        expected one\n";
    assert!(stderr(&output).ends_with(message), "{}", stderr(&output));

    let scalar = file(".yaml", "3\n");
    let output = run(&["check", "--patch", path(&scalar), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("a patch is a list"), "{}", stderr(&output));

    let both = run(&["check", "--patch", path(&merge), &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(both.status.code(), Some(2), "one or the other");
}

#[test]
fn crd_replaces_the_schema() {
    let crd = file(
        ".yaml",
        "kind: CustomResourceDefinition\nspec:\n  group: batch.volcano.sh\n  names: {kind: Job}\n  versions:\n  \
         - name: v1alpha1\n    schema: {openAPIV3Schema: {properties: {spec: {properties: \
         {maxRetry: {type: integer}, tasks: {type: array}}}}}}\n",
    );
    let (existing, dropped) =
        (file(".json", r#"{"spec": {"maxRetry": 3}}"#), file(".json", r#"{"spec": {}}"#));
    let pair = [path(&existing), path(&dropped)];
    assert_eq!(stdout(&run(&[&["diff"][..], &pair].concat())), "", "absent is the default, 3");
    let output = run(&[&["diff", "-o=tree", "--crd", path(&crd)][..], &pair].concat());
    assert_eq!(stdout(&output), "  - spec.maxRetry  denied  3\n", "{}", stderr(&output));

    let output = run(&["diff", "--crd", &job(EXISTING), path(&existing), path(&dropped)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).ends_with("must be a CustomResourceDefinition or an OpenAPI schema\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn policies_match_their_schema() {
    for policy in [UpdatePolicy::documented(), UpdatePolicy::admission()] {
        assert_valid(
            "policy.schema.json",
            &serde_json::to_value(policy).expect("a policy is JSON"),
        );
    }
}

#[test]
fn codes_are_explained() {
    let list = stdout(&run(&["explain"]));
    assert!(list.contains("dropped-default"), "{list}");
    let one = run(&["explain", "dropped-default"]);
    assert_eq!(one.status.code(), Some(0));
    assert!(stdout(&one).starts_with("CODE: dropped-default\n\n"), "{}", stdout(&one));
    // Not a violation, but a code of outputs.
    assert!(stdout(&run(&["explain", "refused-request"])).starts_with("CODE: refused-request\n"));
    assert!(list.contains("\nrefused-request "), "{list}");
    assert_eq!(run(&["explain", "dropped"]).status.code(), Some(2));
}
