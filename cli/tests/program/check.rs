//! The commands `check`, `diff`, `replace`, `restore` and `explain`, run as separate processes.

#![expect(clippy::expect_used, reason = "a panic fails the test")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use volcano_job_update::UpdatePolicy;

const EXISTING: &str = "documented-existing.json";
const REPLACEMENT: &str = "documented-replacement.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn job(name: &str) -> String {
    root().join("tests/jobs").join(name).display().to_string()
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_volcano-job-update"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program runs")
}

/// Runs the program with this text as standard input.
fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = program(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    // Writing fails if the program exits before it has read all of its input.
    drop(child.stdin.take().expect("there is an input").write_all(input.as_bytes()));
    child.wait_with_output().expect("the program ends")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the errors are UTF-8")
}

/// Writes the documented replacement with a further change to a file.
fn edited(edit: impl FnOnce(&mut Value)) -> tempfile::NamedTempFile {
    let text = std::fs::read_to_string(job(REPLACEMENT)).expect("the example is there");
    let mut value: Value = serde_json::from_str(&text).expect("the example is JSON");
    edit(&mut value);
    file(".json", &value.to_string())
}

fn file(suffix: &str, text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("the file is written");
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("the path is UTF-8")
}

fn assert_valid(schema: &str, value: &Value) {
    let text =
        std::fs::read_to_string(root().join("schemas").join(schema)).expect("the schema is there");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {value:#}");
}

#[test]
fn the_documented_example_is_allowed() {
    let output = run(&["check", &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = "allowed by the policy documented: 1 change\nchanges that are not denied:\n  \
                    ~ spec.tasks[1].replicas  allowed\n";
    assert_eq!(stdout(&output), expected, "plain text, as it is not a terminal");
    assert_eq!(stderr(&output), "");
}

#[test]
fn values_are_checked_and_warnings_printed() {
    let replacement = edited(|job| {
        job["spec"]["tasks"][1]["replicas"] = json!("2");
        job["spec"]["tasks"][0]["template"]["spec"]["hostNetwork"] = json!(true);
    });
    let output = run(&["check", &job(EXISTING), path(&replacement)]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "denied by the policy documented: 1 violation\n\
        error[invalid-value] spec.tasks[1].replicas: must be an integer, not a string\n  \
          help: write it without quotes\n\
        warning[template-change] spec.tasks[0].template: running pods keep the old template, and \
          Volcano's own webhook denies this change\n\
        changes that are not denied:\n  \
          + spec.tasks[0].template.spec.hostNetwork  allowed\n  \
          ~ spec.tasks[1].replicas                   allowed\n";
    assert_eq!(stdout(&output), expected);
    let output = run(&["check", "--format", "json", &job(EXISTING), path(&replacement)]);
    let report: Value = serde_json::from_str(&stdout(&output)).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["warnings"][0]["code"], "template-change");
}

#[test]
fn denial_shows_the_field_and_the_hint() {
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    let output = run(&["check", &job(EXISTING), path(&replacement)]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "denied by the policy documented: 1 violation\n\
        error[immutable-field] spec.queue: the value was changed: field is immutable\n  \
          help: restore the value of the existing Job; only metadata.labels, metadata.generateName, \
          metadata.annotations, spec.template, spec.replicas, spec.tasks[*].template and \
          spec.tasks[*].replicas may change\n\
        changes that are not denied:\n  \
          ~ spec.tasks[1].replicas  allowed\n";
    assert_eq!(stdout(&output), expected);
}

#[test]
fn json_report_matches_its_schema() {
    let replacement = edited(|job| {
        job["spec"]["queue"] = json!("research");
        job["spec"]["maxRetrie"] = json!(7);
    });
    let plain = run(&["check", "--format", "json", &job(EXISTING), path(&replacement)]);
    assert_eq!(plain.status.code(), Some(1));
    let report: Value = serde_json::from_str(&stdout(&plain)).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["apiVersion"], "volcano-job-update/v1");
    assert_eq!(report["policy"], "documented");
    assert_eq!(report["allowed"], false);
    let change = json!({"path": "spec.queue", "pointer": "/spec/queue", "change": "replaced", "verdict": "denied"});
    assert_eq!(report["changes"][1], change);
    assert_eq!(report["violations"][0]["code"], "unknown-field");
    assert_eq!(report["violations"][0]["hint"], "did you mean `maxRetry`?");
    assert_eq!(report["warnings"], json!([]));
    assert!(!stdout(&plain).contains("research"), "no values unless asked for");

    let shown =
        run(&["check", "--format=json", "--show-values", &job(EXISTING), path(&replacement)]);
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
    assert!(text.contains("\nand 1 more\n"), "{text}");
    let json = stdout(&run(&[&arguments[..], &["--format", "json"]].concat()));
    let report: Value = serde_json::from_str(&json).expect("the report is JSON");
    assert_valid("report.schema.json", &report);
    assert_eq!(report["omittedViolations"], 1);
}

#[test]
fn diff_lists_changes() {
    let output = run(&["diff", "--show-values", &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "  ~ spec.tasks[1].replicas  allowed  1 -> 2\n");

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
    let output = run(&["diff", path(&existing), path(&replacement)]);
    assert_eq!(stdout(&output), "  ~ spec.tasks[0].replicas  allowed\n", "{}", stderr(&output));
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
        ("", "error: standard input: line 1, column 1: the text is empty\n"),
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
    let bad = [
        ("a: [1\n", "line 1, column 4"),
        ("a: 1\na: 2\n", "line 2, column 1"),
        ("a: 1\n---\nb: 2\n", "line 3, column 1"),
    ];
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
    let expected =
        format!("error: {}: the text must be no longer than 100 bytes\n", path(&existing));
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
fn documents_are_printed_unchanged() {
    let replacement = edited(|job| job["metadata"]["annotations"] = json!({"k": "x\u{7f}y"}));
    let patch = run(&["diff", "--format", "json-patch", &job(EXISTING), path(&replacement)]);
    assert!(stdout(&patch).contains("x\u{7f}y"), "{}", stdout(&patch));
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

/// A Job after Volcano filled in its defaults at creation, and the manifest from which it was
/// created.
const CREATED: &str = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec:\n  \
    schedulerName: volcano\n  minAvailable: 2\n  tasks:\n  - {name: default0, replicas: 2, minAvailable: 2, maxRetry: 3}\n";
const MANIFEST: &str = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata:\n  name: a\nspec:\n  \
    tasks:\n  - replicas: 2\n";

#[test]
fn restored_manifest_is_allowed() {
    let (existing, manifest) = (file(".yaml", CREATED), file(".yaml", MANIFEST));
    let denied = run(&["check", path(&existing), path(&manifest)]);
    assert_eq!(denied.status.code(), Some(1));
    assert!(stdout(&denied).contains("  help: add \"minAvailable\": 2\n"), "{}", stdout(&denied));

    let restored = run(&["restore", path(&existing), path(&manifest)]);
    assert_eq!(restored.status.code(), Some(0), "{}", stderr(&restored));
    assert!(stdout(&restored).starts_with("apiVersion: "), "YAML in, YAML out");
    let output = run_with_input(&["check", path(&existing), "-"], &stdout(&restored));
    assert_eq!(
        stdout(&output),
        "allowed by the policy documented: 0 changes\n",
        "{}",
        stderr(&output)
    );

    let patch = run(&["restore", "--format", "json-patch", path(&existing), path(&manifest)]);
    let patch: Value = serde_json::from_str(&stdout(&patch)).expect("the patch is JSON");
    let expected = json!([
        {"op": "add", "path": "/spec/minAvailable", "value": 2},
        {"op": "add", "path": "/spec/schedulerName", "value": "volcano"},
        {"op": "add", "path": "/spec/tasks/0/maxRetry", "value": 3},
        {"op": "add", "path": "/spec/tasks/0/minAvailable", "value": 2},
        {"op": "add", "path": "/spec/tasks/0/name", "value": "default0"},
    ]);
    assert_eq!(patch, expected);
}

#[test]
fn restored_json_stays_json() {
    let restored = run(&["restore", &job(EXISTING), &job(REPLACEMENT)]);
    assert!(serde_json::from_str::<Value>(&stdout(&restored)).is_ok());
    let error = run(&["restore", &job(EXISTING), "no-such-file"]);
    assert_eq!(error.status.code(), Some(2));
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
    let output = run(&[&["diff", "--crd", path(&crd)][..], &pair].concat());
    assert_eq!(stdout(&output), "  - spec.maxRetry  denied\n", "{}", stderr(&output));

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
    assert!(stdout(&one).starts_with("dropped-default\n\n"), "{}", stdout(&one));
    assert_eq!(run(&["explain", "dropped"]).status.code(), Some(2));
}

#[test]
fn no_colour_without_a_terminal() {
    let text = stdout(&run(&["check", &job(EXISTING), &job(REPLACEMENT)]));
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

/// `script` runs the program in a terminal.
#[cfg(target_os = "linux")]
#[test]
fn colour_on_a_terminal_unless_no_color_is_set() {
    let program = env!("CARGO_BIN_EXE_volcano-job-update");
    let line = format!("{program} check {} {}", job(EXISTING), job(REPLACEMENT));
    let on_terminal = |no_color: Option<&str>| {
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.env("TERM", "xterm").env_remove("NO_COLOR").stdin(Stdio::null());
        stdout(
            &command
                .envs(no_color.map(|value| ("NO_COLOR", value)))
                .output()
                .expect("`script` runs"),
        )
    };
    let coloured = on_terminal(None);
    assert!(coloured.contains("\u{1b}[1;32mallowed"), "{coloured:?}");
    let plain = on_terminal(Some("1"));
    assert!(plain.starts_with("allowed by the policy documented"), "{plain:?}");
}

const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/cci-gpu/jobs/openmpi-hello-2-com";

#[test]
fn replace_prints_the_response_of_a_server() {
    let output = run(&["replace", "--uri", URI, &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
    let answer: Value = serde_json::from_str(&stdout(&output)).expect("the answer is JSON");
    assert_eq!(answer["metadata"]["generation"], 2);
    assert_eq!(answer["metadata"]["resourceVersion"], "125597962");
    assert_eq!(answer["spec"]["tasks"][1]["replicas"], 2);
    assert_eq!(answer["status"]["state"]["phase"], "Inqueue", "as it is stored");

    let uri = format!("{URI}?pretty=true");
    let pretty = run(&["replace", "--uri", &uri, &job(EXISTING), &job(REPLACEMENT)]);
    assert!(stdout(&pretty).starts_with("{\n  \"apiVersion\": "));
    assert_eq!(serde_json::from_str::<Value>(&stdout(&pretty)).expect("JSON"), answer);

    let all =
        run(&["replace", "--uri", URI, "--format", "json", &job(EXISTING), &job(REPLACEMENT)]);
    let all: Value = serde_json::from_str(&stdout(&all)).expect("the output is JSON");
    assert_eq!(all, json!({"code": 200, "response": answer, "stored": answer, "warnings": []}));
}

#[test]
fn replace_denies_as_a_server_does() {
    let research = edited(|job| job["spec"]["queue"] = json!("research"));
    for (arguments, code) in [
        (&[][..], 403),
        (&["--status-codes", "kubernetes"][..], 422),
        (&["--policy", "permissive"][..], 200),
    ] {
        let fixed = ["replace", "--uri", URI, "--format", "json"];
        let files = [job(EXISTING), path(&research).to_owned()];
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let output = run(&[&fixed[..], arguments, &files].concat());
        let answer: Value = serde_json::from_str(&stdout(&output)).expect("the output is JSON");
        assert_eq!(answer["code"], code);
        assert_eq!(output.status.code(), Some(i32::from(code != 200)));
    }
    let malformed = file(".json", "{");
    let output = run(&["replace", "--uri", URI, &job(EXISTING), path(&malformed)]);
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_str(&stdout(&output)).expect("the answer is JSON");
    assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(400)));

    let error = run(&["replace", "--uri", URI, path(&malformed), &job(REPLACEMENT)]);
    assert_eq!(error.status.code(), Some(2), "what is stored cannot be read");
}

#[test]
fn replace_with_empty_standard_input_has_no_stored_job() {
    let arguments = ["replace", "--uri", URI, "-", &job(REPLACEMENT)];
    let output = run_with_input(&arguments, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("\"reason\":\"NotFound\""), "{}", stdout(&output));
    let create = [&["replace", "--allow-create", "--format", "json"], &arguments[1..]].concat();
    let output = run_with_input(&create, "");
    let answer: Value = serde_json::from_str(&stdout(&output)).expect("the output is JSON");
    assert_eq!(answer["code"], 201, "{answer}");
}

#[test]
fn replace_warns_about_pruned_fields() {
    let unknown = edited(|job| job["spec"]["qeue"] = json!("research"));
    let output = run(&["replace", "--uri", URI, &job(EXISTING), path(&unknown)]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "Warning: unknown field \"spec.qeue\"\n");
}

#[test]
fn patch_makes_the_replacement() {
    let operations =
        file(".json", r#"[{"op": "replace", "path": "/spec/tasks/1/replicas", "value": 2}]"#);
    let output = run(&["check", "--patch", path(&operations), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("~ spec.tasks[1].replicas  allowed"));

    let merge = file(".yaml", "spec: {queue: research}\n");
    let output = run(&["diff", "--patch", path(&merge), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("spec.queue"), "{}", stdout(&output));

    let failing = file(".json", r#"[{"op": "test", "path": "/spec/queue", "value": "other"}]"#);
    let output = run(&["check", "--patch", path(&failing), &job(EXISTING)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the patch does not apply"), "{}", stderr(&output));

    let both = run(&["check", "--patch", path(&merge), &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(both.status.code(), Some(2), "one or the other");
}
