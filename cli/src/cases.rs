//! Runs `check` or `diff` for each Job.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use volcano_job_update::Limits;

use crate::args::{Pair, Source as From};
use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::input::{Document, Documents, Git, Units, is_many, require_one_stdin, select};
use crate::judge::Judge;
use crate::kubectl_diff::{self, Directories};
use crate::many::{Many, Sink};
use crate::output::{self, note, print};
use crate::progress::Progress;
use crate::report::{Render, Summary};
use crate::update::JUDGED_AS;

/// Where the Jobs come from.
pub(crate) enum Work {
    Patch {
        existing: PathBuf,
        patch: PathBuf,
    },
    /// The existing Job is in the cluster.
    Cluster {
        manifest: PathBuf,
    },
    /// Two Jobs in two files, or why there are none.
    Two(Result<Box<(Document, Document)>, Error>),
    KubectlDiff(Directories),
    Many(Units),
}

impl Work {
    /// Looks at the paths of the command line. Two files with one Job each are read for that.
    pub(crate) fn new(pair: &Pair, limits: &Limits) -> Result<Self, Error> {
        if let Some(revision) = &pair.base {
            let git = Arc::new(Git::new(revision)?);
            return Ok(Self::Many(Units::of_revision(&git, &pair.paths())?));
        }
        let paths = pair.paths().len();
        if paths > 2 {
            return Err(Error::TooManyPaths(paths));
        }
        let (existing, manifest) = match pair.source() {
            From::Files { existing, manifest } => (existing, manifest),
            From::Patch { existing, patch } => {
                return Ok(Self::Patch { existing: existing.to_owned(), patch: patch.to_owned() });
            }
            From::Cluster { manifest } => {
                return Ok(Self::Cluster { manifest: manifest.to_owned() });
            }
        };
        if let Some(directories) = Directories::new(existing, manifest)? {
            return Ok(Self::KubectlDiff(directories));
        }
        if is_many(existing) || is_many(manifest) {
            return Ok(Self::Many(Units::of_paths(existing, manifest)?));
        }
        Ok(of_files(existing, manifest, limits).unwrap_or_else(|error| Self::Two(Err(error))))
    }

    /// Whether there can be several Jobs.
    pub(crate) fn has_many(&self) -> bool {
        matches!(self, Self::KubectlDiff(_) | Self::Many(_))
    }
}

fn of_files(existing: &Path, manifest: &Path, limits: &Limits) -> Result<Work, Error> {
    require_one_stdin(existing, manifest)?;
    let existing = Documents::read(existing, limits)?;
    let manifest = Documents::read(manifest, limits)?;
    if existing.jobs.len() > 1 && manifest.jobs.len() > 1 {
        return Ok(Work::Many(Units::of_texts(existing.source, manifest.source)));
    }
    Ok(Work::Two(select(&existing, &manifest, limits).map(Box::new)))
}

/// Prints what is found out about each Job, and returns the highest exit status.
pub(crate) fn run(
    work: Work,
    pair: &Pair,
    judge: &Judge,
    render: &mut dyn Render,
    status: fn(&Case) -> u8,
) -> Result<u8, Error> {
    print(&render.begin())?;
    let mut printer = Printer {
        render,
        status,
        worst: 0,
        summary: Summary::default(),
        has_many: work.has_many(),
        told: HashSet::new(),
        progress: Progress::new(),
    };
    match work {
        Work::Patch { existing, patch } => printer.case(&judge.judge_patch(&existing, &patch))?,
        Work::Cluster { manifest } => {
            printer.case(&judge.judge_in_cluster(&manifest, &pair.client))?;
        }
        Work::Two(Ok(documents)) => {
            let (existing, manifest) = *documents;
            let client = &pair.client;
            let case = judge.judge_pair(String::new(), Ok(existing), Ok(manifest), client);
            printer.case(&case)?;
        }
        Work::Two(Err(error)) => {
            let outcome = Outcome::Failed(error);
            printer.case(&Case::new(String::new(), outcome))?;
        }
        Work::KubectlDiff(directories) => {
            // What would be stored is the whole Job, whatever the verb was.
            kubectl_diff::run(&directories, &pair.replacing().client, judge, &mut printer)?;
        }
        Work::Many(units) => {
            let many = Many { judge, client: &pair.client, threads: pair.threads() };
            many.run(units, &mut printer)?;
        }
    }
    printer.end()
}

/// Prints cases.
struct Printer<'r> {
    render: &'r mut dyn Render,
    status: fn(&Case) -> u8,
    worst: u8,
    summary: Summary,
    has_many: bool,
    /// The notes that are not said again for each of many Jobs.
    told: HashSet<String>,
    progress: Progress,
}

impl Sink for Printer<'_> {
    fn case(&mut self, case: &Case) -> Result<(), Error> {
        let progress = self.progress.clone();
        progress.suspend(|| self.print(case))
    }

    fn skipped(&mut self, objects: usize) {
        self.summary.other_objects += objects;
    }

    fn expect(&mut self, steps: usize) {
        self.progress.expect(steps);
    }

    fn done(&mut self) {
        self.progress.done();
    }
}

impl Printer<'_> {
    fn print(&mut self, case: &Case) -> Result<(), Error> {
        match &case.outcome {
            Outcome::Failed(error) => output::error(error),
            _ => self.notes(case),
        }
        self.summary.add(case.word());
        self.worst = self.worst.max((self.status)(case));
        match self.render.case(case) {
            Ok(text) => print(&text),
            Err(error) => {
                output::error(&error);
                self.worst = 2;
                Ok(())
            }
        }
    }

    fn notes(&mut self, case: &Case) {
        for text in &case.notes {
            if !self.has_many {
                note(text);
            } else if !text.starts_with(JUDGED_AS) {
                note(&format!("{}: {text}", case.job));
            } else if self.told.insert(text.clone()) {
                note(text);
            }
        }
    }

    fn end(self) -> Result<u8, Error> {
        self.progress.finish();
        print(&self.render.end(&self.summary))?;
        Ok(self.worst)
    }
}
