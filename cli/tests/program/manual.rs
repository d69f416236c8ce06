//! Help, completions and man pages.

use std::fs;
use std::process::Command;

use crate::util::{run, run_with_input, stderr, stdout};

const COMMANDS: [&[&str]; 14] = [
    &["check"],
    &["diff"],
    &["replace"],
    &["restore"],
    &["admit"],
    &["generate"],
    &["generate", "webhook-configuration"],
    &["generate", "policy"],
    &["generate", "deployment"],
    &["generate", "volcano-webhook-patch"],
    &["generate", "argocd"],
    &["explain"],
    &["completion"],
    &["man"],
];

#[test]
fn help_of_each_command_has_an_example_of_it() {
    for command in COMMANDS {
        let help = stdout(&run(&[command, &["--help"]].concat()));
        let (_, example) = help.split_once("\nExample:\n  ").unwrap_or_default();
        let start = format!("volcano-job-update {}", command.join(" "));
        assert!(example.contains(&start), "{command:?}: {help}");
    }
}

#[test]
fn exit_statuses_stand_in_the_help_and_in_the_readme() {
    let help = stdout(&run(&["--help"]));
    let (_, table) = help.split_once("Exit status:\n").expect("a table");
    let readme = fs::read_to_string(crate::util::root().join("README.md")).expect("a README");
    for command in ["check", "diff", "replace", "admit"] {
        assert!(table.contains(&format!("  {command} ")), "{table}");
        assert!(readme.contains(&format!("\n| `{command}` | ")), "{command}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = run(&["completion", shell]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        for command in ["check", "webhook-configuration", "--show-values", "server-side-apply"] {
            assert!(text.contains(command.trim_start_matches('-')), "{shell}: {command}");
        }
    }
}

/// The shell asks the completions what may follow a part of a command line.
#[test]
fn bash_completes_commands_and_options() {
    let script = stdout(&run(&["completion", "bash"]));
    for (words, expected) in [
        (&["ch"][..], "check"),
        (&["check", "--show-v"], "--show-values"),
        (&["check", "-o", "sa"], "sarif"),
        (&["generate", "webh"], "webhook-configuration"),
        (&["generate", "argocd", "--fo"], "--for"),
    ] {
        let (last, before) = words.split_last().expect("a word");
        let before = [&["volcano-job-update"], before].concat();
        let script = format!(
            "{script}\nCOMP_WORDS=({before} {last}); COMP_CWORD={count}\n\
             _volcano__job__update volcano-job-update {last} {previous}; printf '%s' \"${{COMPREPLY[*]}}\"\n",
            before = before.join(" "),
            count = before.len(),
            previous = before.last().expect("the program"),
        );
        let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
        assert_eq!(stdout(&output), expected, "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn each_command_has_a_man_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let pages = directory.path().join("man1");
    let output = run(&["man", pages.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for command in COMMANDS {
        let name = format!("volcano-job-update-{}.1", command.join("-"));
        let page = fs::read_to_string(pages.join(&name)).expect("a page");
        assert!(
            page.contains(".TH ") && page.contains("EXIT") || page.contains("Example"),
            "{name}"
        );
    }
    let occupied = run_with_input(&["man", "/dev/null/x"], "");
    assert_eq!(occupied.status.code(), Some(2));
    assert!(stderr(&occupied).starts_with("error: cannot write man pages to /dev/null/x: "));
}
