//! The program `volcano-job-update`: may this Job be replaced by that one?

mod args;
mod input;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use volcano_job_update::{Code, Report, Review, TextStyle, Validator};

use crate::args::{Args, CheckFormat, Command, DiffFormat, Pair};
use crate::input::{Trouble, read_pair, read_policy};

/// What the exit status says.
enum Outcome {
    /// 0: permitted, or no change.
    Good,
    /// 1: refused, or changes.
    Bad,
}

fn main() -> ExitCode {
    let (text, outcome) = match run(Args::parse().command) {
        Ok(done) => done,
        Err(trouble) => {
            drop(writeln!(anstream::stderr(), "error: {trouble}"));
            return ExitCode::from(2);
        }
    };
    match print(&text) {
        Ok(()) => match outcome {
            Outcome::Good => ExitCode::SUCCESS,
            Outcome::Bad => ExitCode::from(1),
        },
        Err(fault) => {
            drop(writeln!(anstream::stderr(), "error: cannot write the output: {fault}"));
            ExitCode::from(2)
        }
    }
}

/// Does what the command says; gives the text to print.
fn run(command: Command) -> Result<(String, Outcome), Trouble> {
    match command {
        Command::Check { pair, format } => review(&pair, |review, _| {
            let report = Report::new(review).with_values(pair.show_values);
            let text = match format {
                CheckFormat::Text => report.check_text(TextStyle::Ansi),
                CheckFormat::Json => to_json(&report),
            };
            Ok((text, if review.is_allowed() { Outcome::Good } else { Outcome::Bad }))
        }),
        Command::Diff { pair, format } => review(&pair, |review, existing| {
            let report = Report::new(review).with_values(pair.show_values);
            let changes = review.changes();
            let text = match format {
                DiffFormat::Text => report.diff_text(TextStyle::Ansi),
                DiffFormat::Json => to_json(&report),
                DiffFormat::JsonPatch => to_json(&changes.to_patch()),
                DiffFormat::MergePatch => to_json(
                    &changes
                        .to_merge_patch(existing)
                        .map_err(|fault| Trouble::NoVerdict(fault.to_string()))?,
                ),
            };
            Ok((text, if changes.is_empty() { Outcome::Good } else { Outcome::Bad }))
        }),
        Command::Explain { code: None } => Ok((list_codes(), Outcome::Good)),
        Command::Explain { code: Some(code) } => Ok((explain(code), Outcome::Good)),
    }
}

fn review(
    pair: &Pair,
    answer: impl FnOnce(&Review, &volcano_job_update::Job<'_>) -> Result<(String, Outcome), Trouble>,
) -> Result<(String, Outcome), Trouble> {
    let validator = Validator::new(read_policy(&pair.policy)?);
    let limits = validator.policy().limits();
    let (existing, replacement) = read_pair(&pair.existing, &pair.replacement, limits)?;
    let (existing, replacement) = (existing.job(limits)?, replacement.job(limits)?);
    let review = validator
        .review(&existing, &replacement)
        .map_err(|fault| Trouble::NoVerdict(fault.to_string()))?;
    answer(&review, &existing)
}

fn list_codes() -> String {
    let width = Code::all().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: Code| format!("{:width$}  {}", code.as_str(), code.summary());
    Code::all().map(line).collect::<Vec<_>>().join(
        "
",
    ) + "
"
}

fn explain(code: Code) -> String {
    format!(
        "{code}\n\n{}\n\n{}\n\nKubernetes cause: {}\n",
        code.summary(),
        code.explanation(),
        code.cause()
    )
}

fn to_json(value: &impl serde::Serialize) -> String {
    // These are maps with string keys, which always serialize.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Prints in colour on a terminal that wants it. A reader that has gone away is no fault.
fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
