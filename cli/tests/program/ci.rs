//! The files in `ci/`: their structure, and their shell steps in a repository with a change.

#![expect(clippy::indexing_slicing, reason = "a panic fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quick_junit::Report;
use serde_json::Value;

use crate::util::{EXISTING, assert_published, job, root, run, skipped, stderr, stdout};

fn yaml(file: &str) -> Value {
    let text = fs::read_to_string(root().join(file)).expect("the file is there");
    serde_saphyr::from_str(&text).expect("the file is YAML")
}

fn action() -> Value {
    yaml("ci/github/action.yml")
}

fn gitlab() -> Value {
    yaml("ci/gitlab/volcano-job-update.yml")
}

#[test]
fn files_match_the_schemas_of_their_systems() {
    assert_published("github-action.schema.json", &action());
    assert_published("gitlab-ci.schema.json", &gitlab());
}

#[test]
fn other_actions_are_pinned() {
    for step in action()["runs"]["steps"].as_array().expect("there are steps") {
        if let Some(uses) = step["uses"].as_str() {
            let (_, commit) = uses.split_once('@').expect("there is a version");
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{uses}"
            );
        }
    }
}

/// An expression in a script would be a way to inject commands.
#[test]
fn scripts_have_no_expressions() {
    for step in action()["runs"]["steps"].as_array().expect("there are steps") {
        assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step:#}");
    }
}

#[test]
fn each_input_is_documented() {
    let readme = fs::read_to_string(root().join("ci/README.md")).expect("the file is there");
    for input in action()["inputs"].as_object().expect("there are inputs").keys() {
        assert!(readme.contains(&format!("\n| `{input}` | ")), "{input}");
    }
}

/// A repository in whose last commit the file `jobs/a b.json` has another queue than in the one before.
struct Repository {
    directory: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let repository = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        let text = fs::read_to_string(job(EXISTING)).expect("the example is there");
        let changed = text.replace(r#""queue": "default""#, r#""queue": "research""#);
        assert_ne!(text, changed);
        fs::create_dir_all(repository.path().join("repository/jobs")).expect("a directory");
        repository.git(&["init", "--quiet"]);
        for (file, text) in [("jobs/a b.json", &text), ("jobs/a b.json", &changed)] {
            fs::write(repository.path().join("repository").join(file), text).expect("a file");
            repository.git(&["add", "."]);
            repository.git(&["commit", "--quiet", "--message=jobs"]);
        }
        fs::write(repository.path().join("old.json"), text).expect("a file");
        repository
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let mut command = Command::new("git");
        command.args(identity).args(arguments).current_dir(self.path().join("repository"));
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        assert!(command.status().expect("git is there").success(), "{arguments:?}");
    }

    /// Runs a script as the runners do, with the program on the PATH.
    fn run(&self, script: &str, variables: &BTreeMap<String, String>) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_volcano-job-update"));
        let programs = program.parent().map(Path::to_path_buf).into_iter();
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = programs.chain(std::env::split_paths(&inherited).collect::<Vec<PathBuf>>());
        Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script])
            .current_dir(self.path().join("repository"))
            .env("PATH", std::env::join_paths(path).expect("the paths have no colon"))
            .env("RUNNER_TEMP", self.path())
            .env("GITHUB_OUTPUT", self.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", self.path().join("summary.md"))
            .env("GITHUB_WORKSPACE", self.path().join("repository"))
            .envs(variables)
            .output()
            .expect("bash is there")
    }

    /// Runs a step of the action with these inputs, and the default of each other one.
    fn step(&self, id: &str, inputs: &[(&str, &str)]) -> Output {
        let action = action();
        let steps = action["runs"]["steps"].as_array().expect("there are steps");
        let step = steps.iter().find(|step| step["id"] == id).expect("there is such a step");
        let value = |expression: &Value| {
            let name = expression.as_str().and_then(|text| text.strip_prefix("${{ inputs."));
            let name = name.and_then(|text| text.strip_suffix(" }}")).expect("it is an input");
            let default = action["inputs"][name]["default"].as_str().unwrap_or_default();
            let default = if default.starts_with("${{") { "" } else { default };
            let given = inputs.iter().find(|(input, _)| *input == name);
            given.map_or(default, |(_, value)| value).to_owned()
        };
        let variables = step["env"].as_object().expect("there are variables");
        let variables = variables.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        self.run(step["run"].as_str().expect("there is a script"), &variables)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).expect("the file is there")
    }
}

/// Whether `check` can take the existing Jobs from a revision.
fn has_base() -> bool {
    let has_base = stdout(&run(&["check", "--help"])).contains("--base ");
    if !has_base {
        skipped("`check` has no --base yet");
    }
    has_base
}

#[track_caller]
fn assert_status(status: i32, output: &Output) {
    assert_eq!(output.status.code(), Some(status), "{}{}", stdout(output), stderr(output));
}

#[test]
fn the_action_takes_the_program_on_the_path() {
    let output = Repository::new().step("install", &[]);
    assert_status(0, &output);
    assert!(stdout(&output).trim_end().ends_with("volcano-job-update"), "{}", stdout(&output));
}

#[test]
fn the_action_compares_two_files() {
    let repository = Repository::new();
    let inputs = [("existing", "../old.json"), ("paths", "\njobs/a b.json\n"), ("sarif", "true")];
    let output = repository.step("check", &inputs);
    assert_status(1, &output);
    assert!(stdout(&output).starts_with("::error file=jobs/a b.json,line="), "{}", stdout(&output));
    assert!(repository.read("summary.md").contains("denied"));
    let sarif = repository.path().join("volcano-job-update.sarif");
    assert_eq!(repository.read("output"), format!("sarif={}\n", sarif.display()));
    let report: Value =
        serde_json::from_str(&repository.read("volcano-job-update.sarif")).expect("JSON");
    assert_published("sarif-2.1.0.schema.json", &report);
    let result = &report["runs"][0]["results"][0];
    let location = &result["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "jobs/a%20b.json");
    let inputs = [("existing", "jobs/a b.json"), ("paths", "jobs/a b.json")];
    assert_status(0, &repository.step("check", &inputs));
}

#[test]
fn the_action_uploads_nothing_if_the_policy_is_wrong() {
    let repository = Repository::new();
    let inputs = [("existing", "../old.json"), ("policy", "none"), ("sarif", "true")];
    assert_status(2, &repository.step("check", &inputs));
    assert!(!repository.path().join("output").exists());
}

#[test]
fn the_action_needs_a_revision_or_a_file() {
    let output = Repository::new().step("check", &[]);
    assert_status(2, &output);
    assert!(
        stdout(&output).starts_with("::error::There is no pull request"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn the_action_compares_with_a_revision() {
    if !has_base() {
        return;
    }
    let repository = Repository::new();
    let output = repository.step("check", &[("base", "HEAD~1"), ("paths", "jobs")]);
    assert_status(1, &output);
    assert!(stdout(&output).contains("::error file=jobs/a b.json,line="), "{}", stdout(&output));
    assert_status(0, &repository.step("check", &[("base", "HEAD")]));
}

#[test]
fn the_job_of_gitlab_writes_its_report() {
    if !has_base() {
        return;
    }
    let repository = Repository::new();
    let job = &gitlab()["volcano-job-update"];
    let variables = job["variables"].as_object().expect("there are variables").iter();
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let mut variables: BTreeMap<String, String> =
        variables.map(|(name, value)| (name.clone(), text(value))).collect();
    variables.insert("CI_MERGE_REQUEST_DIFF_BASE_SHA".into(), "HEAD~1".into());
    let lines = [&job["before_script"], &job["script"]];
    let lines = lines.into_iter().filter_map(Value::as_array).flatten().map(text);
    let output = repository.run(&lines.collect::<Vec<_>>().join("\n"), &variables);
    assert_status(1, &output);
    let report = text(&job["artifacts"]["reports"]["junit"]);
    let report = repository.read(&format!("repository/{report}"));
    let report = Report::deserialize_from_str(&report).expect("the report is JUnit XML");
    assert_eq!(report.failures, 1, "{report:?}");
}

/// The keys that pre-commit knows, see <https://pre-commit.com/#creating-new-hooks>.
#[test]
fn the_hook_is_one_of_pre_commit() {
    const KEYS: [&str; 8] = [
        "id",
        "name",
        "description",
        "entry",
        "language",
        "files",
        "require_serial",
        "minimum_pre_commit_version",
    ];
    let hooks = yaml(".pre-commit-hooks.yaml");
    let [hook] = &hooks.as_array().expect("it is a list")[..] else { panic!("{hooks:#}") };
    let hook = hook.as_object().expect("it is an object");
    assert!(hook.keys().all(|key| KEYS.contains(&key.as_str())), "{hook:?}");
    for key in ["id", "name", "entry", "language"] {
        assert!(hook[key].is_string(), "{key} is required");
    }
}

#[test]
fn the_hook_compares_with_the_last_commit() {
    if !has_base() {
        return;
    }
    let repository = Repository::new();
    let hooks = yaml(".pre-commit-hooks.yaml");
    let entry = hooks[0]["entry"].as_str().expect("there is an entry");
    let script = format!("{entry} --policy=documented 'jobs/a b.json'");
    assert_status(0, &repository.run(&script, &BTreeMap::new()));
    let file = "repository/jobs/a b.json";
    let text = repository.read(file).replace("research", "other");
    fs::write(repository.path().join(file), text).expect("a file");
    assert_status(1, &repository.run(&script, &BTreeMap::new()));
}
