//! The program `volcano-job-update`: may this Job be replaced by that one?

mod admit;
mod args;
mod generate;
mod input;
mod kubectl;
mod replace;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use volcano_job_update::{Report, TextStyle, UpdatePolicy, Validator, ViolationCode};

use crate::args::{Args, CheckFormat, Command, DiffFormat, Jobs, Pair, RestoreFormat};
use crate::input::{Error, read_crd, read_pair, read_policy, read_update, to_yaml};

/// What the exit status says.
enum Outcome {
    /// 0: allowed, or no change.
    Good,
    /// 1: denied, or changes.
    Bad,
}

fn main() -> ExitCode {
    let (text, outcome) = match run(Args::parse().command) {
        Ok(done) => done,
        Err(error) => {
            drop(writeln!(anstream::stderr(), "error: {error}"));
            return ExitCode::from(2);
        }
    };
    match print(&text) {
        Ok(()) => match outcome {
            Outcome::Good => ExitCode::SUCCESS,
            Outcome::Bad => ExitCode::from(1),
        },
        Err(error) => {
            drop(writeln!(anstream::stderr(), "error: cannot write the output: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Does what the command says; gives the text to print.
fn run(command: Command) -> Result<(String, Outcome), Error> {
    match command {
        Command::Check { pair, as_kubectl: true, status_codes, .. } => {
            admit::check(&pair, status_codes.into())
        }
        Command::Check { pair, format, .. } => check(&pair, format),
        Command::Diff { pair, format } => diff(&pair, format),
        Command::Replace(request) => replace::run(&request),
        Command::Restore { jobs, format } => restore(&jobs, format),
        Command::Admit { policy, crd, status_codes, restore, review } => {
            let validator = validator(read_policy(&policy)?, crd.as_deref())?;
            admit::run(&validator, status_codes.into(), restore, &review)
        }
        Command::Generate(what) => Ok((generate::generate(&what)?, Outcome::Good)),
        Command::Explain { code: None } => Ok((list_codes(), Outcome::Good)),
        Command::Explain { code: Some(code) } => Ok((explain(code), Outcome::Good)),
    }
}

fn check(pair: &Pair, format: CheckFormat) -> Result<(String, Outcome), Error> {
    let validator = validator(read_policy(&pair.policy)?, pair.crd.as_deref())?;
    let documents = read_update(pair, validator.policy().limits())?;
    let review = validator.review(&documents.existing()?, &documents.replacement()?)?;
    let report = Report::new(&review).with_values(pair.show_values);
    let text = match format {
        CheckFormat::Text => report.check_text(TextStyle::Ansi),
        CheckFormat::Json => to_json(&report),
    };
    Ok((text, if review.is_allowed() { Outcome::Good } else { Outcome::Bad }))
}

fn diff(pair: &Pair, format: DiffFormat) -> Result<(String, Outcome), Error> {
    let validator = validator(read_policy(&pair.policy)?, pair.crd.as_deref())?;
    let documents = read_update(pair, validator.policy().limits())?;
    let existing = documents.existing()?;
    let review = validator.review(&existing, &documents.replacement()?)?;
    let report = Report::new(&review).with_values(pair.show_values);
    let changes = review.changes();
    let text = match format {
        DiffFormat::Text => report.diff_text(TextStyle::Ansi),
        DiffFormat::Json => to_json(&report),
        DiffFormat::JsonPatch => to_json(&changes.to_patch()),
        DiffFormat::MergePatch => to_json(&changes.to_merge_patch(&existing)?),
    };
    Ok((text, if changes.is_empty() { Outcome::Good } else { Outcome::Bad }))
}

fn restore(jobs: &Jobs, format: RestoreFormat) -> Result<(String, Outcome), Error> {
    let validator = validator(UpdatePolicy::documented(), jobs.crd.as_deref())?;
    let documents = read_pair(jobs, validator.policy().limits())?;
    let restored = validator.restore_defaults(&documents.existing()?, &documents.replacement()?)?;
    let text = match format {
        RestoreFormat::Manifest if documents.replacement_is_yaml() => to_yaml(restored.job())?,
        RestoreFormat::Manifest => to_json(restored.job()),
        RestoreFormat::JsonPatch => to_json(restored.patch()),
    };
    Ok((text, Outcome::Good))
}

fn validator(policy: UpdatePolicy, crd: Option<&Path>) -> Result<Validator, Error> {
    let validator = Validator::new(policy);
    Ok(match crd {
        Some(crd) => validator.with_schema(read_crd(crd)?),
        None => validator,
    })
}

fn list_codes() -> String {
    let width = ViolationCode::all().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: ViolationCode| format!("{:width$}  {}", code.as_str(), code.summary());
    ViolationCode::all().map(line).collect::<Vec<_>>().join(
        "
",
    ) + "
"
}

fn explain(code: ViolationCode) -> String {
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

/// Prints; a reader that has gone away is no error.
fn print(text: &str) -> io::Result<()> {
    // Only text for people has escape sequences; documents must arrive as they are.
    let printed = if text.contains('\u{1b}') {
        write_to(anstream::stdout().lock(), text)
    } else {
        write_to(io::stdout().lock(), text)
    };
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
