//! Two directories instead of two Jobs, as `kubectl diff` gives them to the program in
//! `KUBECTL_EXTERNAL_DIFF`: one file for each object, the live one and the one that would be stored.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update_programs::printable;

use crate::args::Pair;
use crate::error::Error;
use crate::output::{Output, note};

/// What creations, deletions and changes of other objects count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// They are changes, as those of a Job.
    Changes,
    /// They do not count: no policy denies them.
    Ignored,
}

/// Runs a command for each Volcano Job in two directories. Other objects are counted.
pub(crate) fn each(
    pair: &Pair,
    directories: (&Path, &Path),
    counting: Others,
    run: impl Fn(&Pair) -> Result<Output, Error>,
) -> Result<Output, Error> {
    let (live, merged) = directories;
    let uncounted = |text: String| Output::answer(text, counting == Others::Ignored);
    let mut outputs = Vec::new();
    let mut others = 0_usize;
    for name in names(live)?.union(&names(merged)?) {
        let [live, merged] = [live, merged].map(|directory| directory.join(name));
        if !is_job(name) {
            others += usize::from(fs::read(&live).ok() != fs::read(&merged).ok());
            continue;
        }
        let is_blank =
            |path: &Path| fs::metadata(path).map_or(true, |metadata| metadata.len() == 0);
        let title = name.to_string_lossy();
        let title = printable(&title, &[]);
        outputs.push(match (is_blank(&live), is_blank(&merged)) {
            (true, _) => uncounted(format!("{title}: will be created\n")),
            (_, true) => uncounted(format!("{title}: will be deleted\n")),
            (false, false) => run(&pair.of_files(live, merged))?.under(&title),
        });
    }
    if others > 0 {
        note(&format!("{others} other objects change; they are not shown"));
        outputs.push(uncounted(String::new()));
    }
    Ok(Output::of_all(outputs))
}

fn names(directory: &Path) -> Result<BTreeSet<OsString>, Error> {
    let unreadable = |error| Error::Directory { name: directory.display().to_string(), error };
    let entries = fs::read_dir(directory).map_err(unreadable)?;
    entries.map(|entry| entry.map(|entry| entry.file_name()).map_err(unreadable)).collect()
}

/// Whether kubectl gives this name to a Volcano Job: `batch.volcano.sh.v1alpha1.Job.default.hello`.
fn is_job(name: &OsString) -> bool {
    let prefix = format!("{}.{KIND}.", API_VERSION.replace('/', "."));
    name.to_str().is_some_and(|name| name.starts_with(&prefix))
}
