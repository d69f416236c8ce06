//! The texts for people, as they are: snapshots that were read by eye, at two widths, with and without
//! colour. `INSTA_UPDATE=always cargo test` writes them anew.

use crate::util::{directory_of, program, stdout};

/// Runs a command in the directory of these files, whose names stand in the text.
fn text(files: &[(&str, &str)], width: &str, arguments: &[&str]) -> String {
    let directory = directory_of(files);
    let mut command = program(arguments);
    let output = command.current_dir(directory.path()).env("COLUMNS", width).output();
    stdout(&output.expect("the program runs"))
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
