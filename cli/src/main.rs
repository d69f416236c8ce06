//! The program `volcano-job-update`: checks updates of Volcano Jobs.

mod admit;
mod args;
mod case;
mod cases;
mod cluster;
mod error;
mod explain;
mod generate;
mod input;
mod judge;
mod kubectl_diff;
mod manual;
mod many;
mod output;
mod paths;
mod progress;
mod render;
mod replace;
mod report;
mod restore;
mod terminal;
mod update;

use std::process::ExitCode;

use clap::Parser;
use volcano_job_update::Validator;
use volcano_job_update::admission::Webhook;
use volcano_job_update_programs::{read_policy, validator};

use crate::args::{Args, CheckOutput, Command, Pair, VolcanoWebhook};
use crate::case::Case;
use crate::cases::Work;
use crate::error::Error;
use crate::judge::Judge;
use crate::output::warn;
use crate::report::Options;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let args = Args::parse();
    let terminal = Terminal::detect(args.color);
    match run(args.command, terminal) {
        Ok(exit_status) => ExitCode::from(exit_status),
        Err(error) => {
            output::error(&error);
            ExitCode::from(2)
        }
    }
}

/// Runs a command and returns its exit status.
fn run(command: Command, terminal: Terminal) -> Result<u8, Error> {
    let output = match command {
        Command::Check { pair, output, volcano_webhook, status_codes } => {
            let is_kubectl = output == CheckOutput::Kubectl;
            let pair = if is_kubectl {
                pair.replacing_or_patching().ok_or(Error::OtherWords)?
            } else {
                pair
            };
            let judge = Judge {
                validator: pair_validator(&pair)?,
                asks_server: !is_kubectl,
                volcano_webhook,
            };
            let work = Work::new(&pair, judge.limits())?;
            let mut render =
                render::of_check(output, options(&pair, terminal, &work), status_codes);
            return cases::run(work, &pair, &judge, &mut *render, Case::check_status);
        }
        Command::Diff { pair, output } => {
            let validator = pair_validator(&pair)?;
            let judge =
                Judge { validator, asks_server: false, volcano_webhook: VolcanoWebhook::Off };
            let work = Work::new(&pair, judge.limits())?;
            let mut render = render::of_diff(output, options(&pair, terminal, &work));
            return cases::run(work, &pair, &judge, &mut *render, Case::diff_status);
        }
        Command::Replace(request) => replace::run(&request)?,
        Command::Restore { jobs, verb, field_manager, output } => {
            restore::run(&jobs, &verb.verb(&field_manager, false), output)?
        }
        Command::Admit { policy, crd, status_codes, restore, review } => {
            let validator = validator(read_policy(&policy)?, crd.as_deref(), warn)?;
            let webhook = Webhook::new(validator).with_status_codes(status_codes);
            admit::run(&webhook, restore, &review)?
        }
        Command::Generate(what) => generate::run(&what)?,
        Command::Explain { code } => explain::run(code, terminal.width),
        Command::Completion { shell } => manual::completion(shell),
        Command::Man { directory } => manual::man(&directory)?,
    };
    output.print()?;
    Ok(output.exit_status())
}

fn options(pair: &Pair, terminal: Terminal, work: &Work) -> Options {
    Options { terminal, show_values: pair.show_values, has_many: work.has_many() }
}

fn pair_validator(pair: &Pair) -> Result<Validator, Error> {
    Ok(validator(read_policy(&pair.policy)?, pair.crd.as_deref(), warn)?)
}
