//! The texts for people, as they are: snapshots that were read by eye, at two widths, with and without
//! colour. `INSTA_UPDATE=always cargo test` writes them anew.

use serde_json::json;

use crate::util::{directory_of, program, stdout};

/// Runs a command in the directory of these files, whose names stand in the text.
fn text(files: &[(&str, &str)], width: &str, arguments: &[&str]) -> String {
    let directory = directory_of(files);
    let mut command = program(arguments);
    let output = command.current_dir(directory.path()).env("COLUMNS", width).output();
    stdout(&output.expect("the program runs"))
}

fn text_of(files: &[(&str, &str)], arguments: &[&str]) -> String {
    text(files, "80", arguments)
}

const EXISTING: &str = "\
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata:
  name: training
  namespace: research
spec:
  queue: research
  minAvailable: 2
  tasks:
  - name: worker
    replicas: 2
    policies:
    - event: PodFailed
      action: RestartJob
    template:
      spec:
        containers:
        - name: worker
          image: example.com/training:1
          env:
          - {name: TOKEN, value: hidden-token}
";

/// A change of each kind: a value, an enum, a number, a wrong name, a field that is missing, a value of
/// the wrong type and one that may change.
const REPLACEMENT: &str = "\
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata: {namespace: research, name: training}
spec:
  minAvailable: 4
  maxRetrie: 5
  tasks:
  - name: worker
    replicas: 3
    policies:
    - event: PodEvicted
      action: RestartJob
    template:
      spec:
        activeDeadlineSeconds: soon
        containers:
        - {name: worker, image: \"example.com/training:2\", env: [{name: TOKEN, value: other-token}]}
";

const FILES: [(&str, &str); 2] = [("live.yaml", EXISTING), ("job.yaml", REPLACEMENT)];

#[test]
fn denial_at_80_columns() {
    insta::assert_snapshot!(text(&FILES, "80", &["check", "live.yaml", "job.yaml"]));
}

#[test]
fn denial_with_values_at_120_columns() {
    let arguments = ["check", "--show-values", "live.yaml", "job.yaml"];
    insta::assert_snapshot!(text(&FILES, "120", &arguments));
}

#[test]
fn denial_in_colour() {
    let text = text(&FILES, "80", &["check", "--color=always", "live.yaml", "job.yaml"]);
    // The escape character, so that the snapshot is text.
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
}

/// The list has another element at the position of the one that was removed.
#[test]
fn what_is_missing_is_not_shown_at_what_has_its_position() {
    let task = |name: &str| format!("  - {{name: {name}, replicas: 2}}\n");
    let job = |tasks: &[&str]| {
        let tasks: String = tasks.iter().map(|name| task(name)).collect();
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  tasks:\n{tasks}"
        )
    };
    let (old, new) = (job(&["first", "second"]), job(&["second"]));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text(&files, "80", &["check", "--output", "github", "live.yaml", "job.yaml"]);
    assert!(text.contains("file=job.yaml,line=5,"), "{text}");
    let text = text_of(&files, &["check", "live.yaml", "job.yaml"]);
    assert!(text.contains("5 |   tasks:\n  |   ^^^^^ the element is missing here\n"), "{text}");
    assert!(text.contains("it was here"), "{text}");
}

/// An API server reports it as a violation of all labels.
#[test]
fn a_wrong_label_is_shown_at_its_line() {
    let job = |label: &str| {
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata:\n  name: a\n  labels:\n    app: x\n    \
             team: {label}\nspec: {{tasks: []}}\n"
        )
    };
    let (old, new) = (job("a"), job("-a-"));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text_of(&files, &["check", "live.yaml", "job.yaml"]);
    assert!(text.contains("error[invalid-value]: metadata.labels: value of `team`: "), "{text}");
    assert!(text.contains("job.yaml:7:5\n"), "{text}");
    let json = text_of(&files, &["check", "-o", "json", "live.yaml", "job.yaml"]);
    assert!(json.contains("\"line\": 7"), "{json}");
}

#[test]
fn a_line_to_paste_is_in_the_format_of_the_file() {
    let job = |action: &str| {
        let policies = serde_json::json!([{"event": "PodFailed", "action": action}]);
        serde_json::json!({
            "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
            "spec": {"policies": policies, "tasks": []},
        })
        .to_string()
    };
    let (old, new) = (job("RestartJob"), job("AbortJob"));
    let files = [("live.json", &*old), ("job.json", &*new)];
    let text = text_of(&files, &["check", "live.json", "job.json"]);
    assert!(text.contains("\"action\": \"RestartJob\"\n"), "{text}");
}

#[test]
fn a_block_scalar_is_shown_with_its_lines_and_hidden_with_them() {
    let job = |line: &str| {
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  plugins:\n    env:\n    - |\n      \
             same\n      {line}\n  tasks: []\n"
        )
    };
    let (old, new) = (job("old"), job("new"));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text_of(&files, &["check", "--show-values", "live.yaml", "job.yaml"]);
    assert!(text.contains("8 |       same\n9 |       new\n"), "{text}");
    assert!(text.contains("8 |       same\n9 |       old\n"), "{text}");
    let text = text_of(&files, &["check", "live.yaml", "job.yaml"]);
    assert!(!text.contains("same") && !text.contains("new\n"), "{text}");
}

/// A Job on few lines, with a marker in each value, in texts that look like keys, and in comments.
const DENSE_YAML: &str = r#"
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata: {name: a}
spec:
  tasks: []
  plugins: {svc: ["{MARKER: MARKER,
    MARKER: ", 'MARKER: '], env: [MARKER  # MARKER: [MARKER]
    ], 'ssh': [key: MARKER], ssh: !!seq [EVENT]}
  policies: [{exitCode: 3 , action: &MARKER RestartJob, event: EVENT, timeout: !!str 5}] # MARKER: MARKER
"#;

const DENSE_JSON: &str = r#"{
"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
"spec": {"tasks": [], "plugins": {"env": ["\"MARKER\": ", "MARKER\\"]}, "minAvailable": -1, "policies": [{"event": "EVENT"}]}
}
"#;

#[test]
fn keys_of_a_line_are_shown_without_their_values() {
    for (text, lines) in [
        (
            DENSE_YAML,
            &[
                "    ], 'ssh': [key: …     ], ssh:       […]}",
                "  policies: [{exitCode: … , action:         …         , event: …, timeout: …}]",
            ] as &[_],
        ),
        (
            DENSE_JSON,
            &[
                r#""spec": {"tasks": [], "plugins": {"env": […             , …         ]}, "minAvailable": … , "policies": [{"event": …}]}"#,
            ],
        ),
    ] {
        let [old, new] = ["PodFailed", "PodEvicted"].map(|event| text.replace("EVENT", event));
        let files = [("live", &*old), ("job", &*new)];
        let text = self::text(&files, "160", &["check", "live", "job"]);
        assert!(!text.contains("MARKER"), "{text}");
        for line in lines {
            assert!(text.contains(&format!(" | {line}\n")), "{line}\n{text}");
        }
    }
}

/// The columns are those of the file, whatever is shown for a character in front.
#[test]
fn columns_are_counted_in_the_file() {
    let job = |queue: &str| {
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\r\nkind: Job\r\nmetadata: {{name: a}}\r\nspec: \
             {{\"\u{200d}中\":\t1, queue:\t{queue},\ttasks: []}}\r\n"
        )
    };
    let (old, new) = (job("a"), job("b"));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    for options in [&["--show-values"][..], &[]] {
        let text = text_of(&files, &[&["check"], options, &["live.yaml", "job.yaml"]].concat());
        assert!(text.contains(" --> job.yaml:4:17\n"), "{text}");
        assert!(text.contains("\"\u{fffd}中\":") && !text.contains("\\u000d"), "{text}");
    }
}

#[test]
fn what_several_hints_say_is_said_once() {
    let job = |least: u8, replicas: u8| {
        let task = |name: &str| {
            format!("  - {{name: {name}, replicas: {replicas}, minAvailable: {least}}}\n")
        };
        let (one, two) = (task("a"), task("b"));
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  tasks:\n{one}{two}"
        )
    };
    let (old, new) = (job(2, 3), job(3, 1));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text(&files, "120", &["check", "live.yaml", "job.yaml"]);
    assert_eq!(text.matches("create a new Job with a smaller minAvailable").count(), 1, "{text}");
    assert!(text.contains("\nnote: to go lower, create a new Job"), "{text}");
    let help = "  = help: restore the value of the existing Job, and set replicas to 2 or more\n          \
        the line of the existing Job:\n          minAvailable: 2\n";
    assert!(text.contains(help), "{text}");
}

/// As many as are listed have a code.
#[test]
fn violations_beyond_the_limit_are_counted() {
    let job = |queue: &str| {
        let fields: Vec<String> = (0..101).map(|i| format!("f{i}: {queue}")).collect();
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec: {{{}}}\n",
            fields.join(", ")
        )
    };
    let (old, new) = (job("a"), job("b"));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text_of(&files, &["check", "live.yaml", "job.yaml"]);
    assert!(text.contains(": 101 violations (100 unknown-field, 1 not listed)\n"), "{text}");
}

#[test]
fn small_numbers_are_shown_in_every_output() {
    let job = |least: &str| {
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  tasks: []\n  {least}\n"
        )
    };
    let (old, new) = (job("queue: secret"), job("minAvailable: 3"));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text_of(&files, &["check", "live.yaml", "job.yaml"]);
    assert!(text.contains("^ added 3\n"), "{text}");
    let text = text_of(&files, &["check", "-o", "json", "live.yaml", "job.yaml"]);
    let report: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let values = |list: &str| {
        let all = report[list].as_array().expect("a list").iter();
        all.map(|one| (one["before"].clone(), one["after"].clone())).collect::<Vec<_>>()
    };
    let expected = [(json!(null), json!(3)), (json!(null), json!(null))];
    assert_eq!(values("changes"), expected);
    assert_eq!(values("violations"), expected);
    let diff = text_of(
        &[
            ("live.yaml", &*job("policies: [{event: PodFailed}]")),
            ("job.yaml", &*job("policies: [{event: '*'}]")),
        ],
        &["diff", "live.yaml", "job.yaml"],
    );
    assert!(diff.contains("\n+  - event: \"*\"\n"), "{diff}");
}

/// A patch has no line, so the place is that in the existing Job.
#[test]
fn what_a_patch_adds_has_a_place() {
    let files = [("live.yaml", EXISTING), ("patch.yaml", "spec: {schedulerName: other}\n")];
    let text = text_of(&files, &["check", "--patch", "patch.yaml", "live.yaml"]);
    assert!(text.contains("--> live.yaml:6:1\n"), "{text}");
    assert!(text.contains("6 | spec:\n  | ---- added: it would stand here\n"), "{text}");
}

/// A line to paste is YAML, also that of the event `*`, and a string on several lines has all of them.
#[test]
fn lines_to_paste_are_yaml() {
    let job = |event: &str, queue: &str| {
        format!(
            "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  tasks: []\n  policies:\n  \
             - event: {event}\n  queue: \"a\n    {queue}\"\n"
        )
    };
    let (old, new) = (job("'*'", "b"), job("PodFailed", "c"));
    let files = [("live.yaml", &*old), ("job.yaml", &*new)];
    let text = text_of(&files, &["check", "live.yaml", "job.yaml"]);
    assert!(
        text.contains("restore the value of the existing Job:\n          event: \"*\"\n"),
        "{text}"
    );
    let text = text_of(&files, &["check", "--show-values", "live.yaml", "job.yaml"]);
    assert!(text.contains("9 |     c\"\n") && text.contains("9 |     b\"\n"), "{text}");
}

#[test]
fn a_long_message_is_written_once() {
    let replacement =
        EXISTING.replace("queue: research", "queue: q").replace("PodFailed", "PodEvicted");
    let files = [("live.yaml", EXISTING), ("job.yaml", &*replacement)];
    let arguments = ["check", "--policy", "volcano", "live.yaml", "job.yaml"];
    let text = text_of(&files, &arguments);
    assert_eq!(text.matches("job updates may not change fields other than").count(), 1, "{text}");
    assert!(text.contains(": as above\n"), "{text}");
}

#[test]
fn allowed_update() {
    let replacement =
        EXISTING.replace("replicas: 2", "replicas: 5").replace("training:1", "training:2");
    let files = [("live.yaml", EXISTING), ("job.yaml", &*replacement)];
    insta::assert_snapshot!(text(&files, "80", &["check", "live.yaml", "job.yaml"]));
}

/// A patch has no line for the field, so that of the existing Job is shown.
#[test]
fn denied_patch() {
    let files =
        [("live.yaml", EXISTING), ("patch.yaml", "spec: {queue: other, minAvailable: 3}\n")];
    let arguments = ["check", "--patch", "patch.yaml", "live.yaml"];
    insta::assert_snapshot!(text(&files, "80", &arguments));
}

#[test]
fn changes_as_a_tree() {
    insta::assert_snapshot!(text(&FILES, "80", &["diff", "-o", "tree", "live.yaml", "job.yaml"]));
}
