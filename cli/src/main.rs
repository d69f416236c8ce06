//! The program `volcano-job-update`: checks updates of Volcano Jobs.

mod admit;
mod args;
mod check;
mod cluster;
mod directories;
mod error;
mod explain;
mod generate;
mod input;
mod kubectl;
mod output;
mod replace;
mod restore;
mod update;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use volcano_job_update::admission::Webhook;
use volcano_job_update_programs::{printable, read_policy, validator};

use crate::args::{Args, Command, Pair};
use crate::directories::Others;
use crate::error::Error;
use crate::output::{Output, warn};

fn main() -> ExitCode {
    match run(Args::parse().command).and_then(|output| print(&output)) {
        Ok(exit_status) => ExitCode::from(exit_status),
        Err(error) => {
            // Nothing can be done if standard error cannot be written to.
            let text = error.to_string();
            drop(writeln!(anstream::stderr(), "error: {}", printable(&text, &['\n'])));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<Output, Error> {
    match command {
        Command::Check { pair, format, as_kubectl, status_codes, volcano_webhook } => {
            for_each_job(&pair, Others::Ignored, |pair| {
                if as_kubectl {
                    check::check_as_kubectl(&pair.replacing(), status_codes, volcano_webhook)
                } else {
                    check::check(pair, format, volcano_webhook)
                }
            })
        }
        Command::Diff { pair, format } => {
            for_each_job(&pair, Others::Changes, |pair| check::diff(pair, format))
        }
        Command::Replace(request) => replace::run(&request),
        Command::Restore { jobs, verb, field_manager, format } => {
            restore::run(&jobs, &verb.verb(&field_manager, false), format)
        }
        Command::Admit { policy, crd, status_codes, restore, review } => {
            let validator = validator(read_policy(&policy)?, crd.as_deref(), warn)?;
            let webhook = Webhook::new(validator).with_status_codes(status_codes);
            admit::run(&webhook, restore, &review)
        }
        Command::Generate(what) => generate::run(&what),
        Command::Explain { code } => Ok(explain::run(code)),
    }
}

/// Runs a command for a pair of Jobs, or for each one in two directories.
fn for_each_job(
    pair: &Pair,
    others: Others,
    run: impl Fn(&Pair) -> Result<Output, Error>,
) -> Result<Output, Error> {
    match pair.directories() {
        Some(directories) => directories::each(pair, directories, others, run),
        None => run(pair),
    }
}

/// Prints an output and returns the exit status.
fn print(output: &Output) -> Result<u8, Error> {
    output.print().map_err(Error::Output)?;
    Ok(output.exit_status())
}
