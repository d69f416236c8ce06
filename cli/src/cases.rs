//! Runs `check` or `diff` for each Job.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use volcano_job_update::resource::{API_VERSION, KIND};

use crate::args::Pair;
use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::judge::Judge;
use crate::output::{self, note, print};
use crate::report::{Render, Summary};

/// Prints what is found out about each Job, and returns the highest exit status.
pub(crate) fn run(
    pair: &Pair,
    judge: &Judge,
    render: &mut dyn Render,
    status: fn(&Case) -> u8,
) -> Result<u8, Error> {
    let mut worst = 0;
    let mut summary = Summary::default();
    print(&render.begin())?;
    let mut each = |case: &Case| -> Result<(), Error> {
        match &case.outcome {
            Outcome::Failed(error) => output::error(error),
            _ => case.notes.iter().for_each(|text| note(text)),
        }
        summary.add(case.word());
        worst = worst.max(status(case));
        match render.case(case) {
            Ok(text) => print(&text),
            Err(error) => {
                output::error(&error);
                worst = 2;
                Ok(())
            }
        }
    };
    match pair.directories() {
        Some(directories) => {
            let others = each_in_directories(pair, directories, judge, &mut each)?;
            summary.other_objects = others;
        }
        None => each(&judge.judge(pair))?,
    }
    print(&render.end(&summary))?;
    Ok(worst)
}

/// Two directories as `kubectl diff` gives them to the program in `KUBECTL_EXTERNAL_DIFF`: one file for
/// each object, the live one and the one that would be stored. Returns the number of other objects that
/// change.
fn each_in_directories(
    pair: &Pair,
    (live, merged): (&Path, &Path),
    judge: &Judge,
    each: &mut dyn FnMut(&Case) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut others = 0_usize;
    for name in names(live)?.union(&names(merged)?) {
        let [live, merged] = [live, merged].map(|directory| directory.join(name));
        if !is_job(name) {
            others += usize::from(fs::read(&live).ok() != fs::read(&merged).ok());
            continue;
        }
        let is_blank =
            |path: &Path| fs::metadata(path).map_or(true, |metadata| metadata.len() == 0);
        let of_one_side = |outcome| Case::new(job_name(name), outcome);
        each(&match (is_blank(&live), is_blank(&merged)) {
            (true, _) => of_one_side(Outcome::Created),
            (_, true) => of_one_side(Outcome::Deleted),
            (false, false) => judge.judge(&pair.of_files(live, merged)),
        })?;
    }
    Ok(others)
}

fn names(directory: &Path) -> Result<BTreeSet<OsString>, Error> {
    let unreadable = |error| Error::Directory { name: directory.display().to_string(), error };
    let entries = fs::read_dir(directory).map_err(unreadable)?;
    entries.map(|entry| entry.map(|entry| entry.file_name()).map_err(unreadable)).collect()
}

/// Whether kubectl gives this name to a Volcano Job: `batch.volcano.sh.v1alpha1.Job.default.hello`.
fn is_job(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(&prefix()))
}

/// The Job's namespace and name.
fn job_name(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    name.strip_prefix(&prefix()).unwrap_or(&name).replacen('.', "/", 1)
}

fn prefix() -> String {
    format!("{}.{KIND}.", API_VERSION.replace('/', "."))
}
