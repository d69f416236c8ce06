//! The directories that `kubectl diff` gives to the program in `KUBECTL_EXTERNAL_DIFF`.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use volcano_job_update::resource::{API_VERSION, KIND};

use crate::args::Client;
use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::input::{has_manifest_name, read_job};
use crate::judge::Judge;
use crate::many::Sink;

/// One file for each object in both: the live one and the one that would be stored.
pub(crate) struct Directories {
    live: PathBuf,
    merged: PathBuf,
    names: BTreeSet<OsString>,
}

impl Directories {
    /// `None` if these are no such directories: they have a directory, or a file with the extension of a
    /// manifest, and none with the name that kubectl gives to a Job.
    pub(crate) fn new(live: &Path, merged: &Path) -> Result<Option<Self>, Error> {
        if !(live.is_dir() && merged.is_dir()) {
            return Ok(None);
        }
        let mut names = names(live)?;
        names.append(&mut self::names(merged)?);
        let is_other = |name: &OsString| {
            has_manifest_name(Path::new(name))
                || [live, merged].iter().any(|directory| directory.join(name).is_dir())
        };
        let is_kubectl = names.iter().any(|name| is_job(name)) || !names.iter().any(is_other);
        let [live, merged] = [live, merged].map(Path::to_owned);
        Ok(is_kubectl.then_some(Self { live, merged, names }))
    }
}

/// Judges the Jobs. Other objects count if they change.
pub(crate) fn run(
    directories: &Directories,
    client: &Client,
    judge: &Judge,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    for name in &directories.names {
        let [live, merged] =
            [&directories.live, &directories.merged].map(|directory| directory.join(name));
        if !is_job(name) {
            sink.skipped(usize::from(fs::read(&live).ok() != fs::read(&merged).ok()));
            continue;
        }
        let is_blank =
            |path: &Path| fs::metadata(path).map_or(true, |metadata| metadata.len() == 0);
        let of_one_side = |outcome| Case::new(job_name(name), outcome);
        sink.case(&match (is_blank(&live), is_blank(&merged)) {
            (true, _) => of_one_side(Outcome::Created),
            (_, true) => of_one_side(Outcome::Deleted),
            (false, false) => {
                let [live, merged] = [live, merged].map(|file| read_job(&file, judge.limits()));
                judge.judge_pair(String::new(), live, merged, client)
            }
        })?;
    }
    Ok(())
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
