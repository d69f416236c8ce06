//! Colours.

use std::process::{Command, Stdio};

use crate::util::{EXISTING, REPLACEMENT, job, run, stdout};

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
    assert!(coloured.contains("\u{1b}[1m\u{1b}[32mallowed"), "{coloured:?}");
    let plain = on_terminal(Some("1"));
    assert!(plain.contains("\nallowed by the policy documented"), "{plain:?}");
}

#[test]
fn colour_is_chosen_by_an_option() {
    let check =
        |color: &str| stdout(&run(&["check", "--color", color, &job(EXISTING), &job(REPLACEMENT)]));
    assert!(check("always").contains('\u{1b}'));
    assert!(!check("never").contains('\u{1b}'));
    assert!(!check("auto").contains('\u{1b}'), "this is no terminal");
}
