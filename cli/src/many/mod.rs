//! Reads, pairs and judges the Jobs of many files, in parallel and with few of them in memory.
//!
//! Files with the same relative path are read together, and their Jobs paired. What is left over is kept
//! by its name and place only, paired when all files were read, and then read again.

mod order;
mod place;
mod seen;
mod texts;

use std::collections::HashSet;

use volcano_job_update::Limits;

use self::order::{Step, in_order};
use self::place::{Place, Side, failed};
use self::seen::Seen;
use self::texts::Texts;
use crate::args::Client;
use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::input::{Documents, JobName, Listed, Origin, Unit, Units, pair_up};
use crate::judge::Judge;

/// What Jobs are judged by, and how.
pub(crate) struct Many<'m> {
    pub(crate) judge: &'m Judge,
    pub(crate) client: &'m Client,
    pub(crate) threads: usize,
}

/// Receives what is found out, in the order of the files.
pub(crate) trait Sink {
    fn case(&mut self, case: &Case) -> Result<(), Error>;

    /// So many objects of other kinds were skipped.
    fn skipped(&mut self, objects: usize);

    /// So many more steps follow.
    fn expect(&mut self, steps: usize);

    /// A step is done.
    fn done(&mut self);
}

/// What the files of a unit have.
enum Found {
    Pair(Box<[Place; 2]>, Case),
    /// A Job without a counterpart in the other file.
    Alone(Place),
    /// The side, if the other one has no file with the same path.
    Failed(Option<Side>, Error),
    /// So many objects of other kinds, or files that cannot be read and did not change.
    Skipped(usize),
}

impl Many<'_> {
    pub(crate) fn run(&self, units: Units, sink: &mut dyn Sink) -> Result<(), Error> {
        let Units { units, errors } = units;
        for error in errors {
            sink.case(&failed(String::new(), error))?;
        }
        let (left, unread) = self.run_units(&units, sink)?;
        self.run_left(&units, left, &unread, sink)
    }

    /// Judges the Jobs that have a counterpart in the file with the same path. Returns the others, and the
    /// sides with a file that cannot be read and can have any Job.
    fn run_units(
        &self,
        units: &[Unit],
        sink: &mut dyn Sink,
    ) -> Result<(Vec<Place>, HashSet<Side>), Error> {
        sink.expect(units.len());
        let mut seen = Seen::new(units);
        let (mut left, mut unread) = (Vec::new(), HashSet::new());
        let work = |at: usize, out: &mut dyn FnMut(Found)| {
            if let Some(unit) = units.get(at) {
                self.read_unit(at, unit, out);
            }
        };
        in_order(self.threads, units.len(), &work, &mut |step| {
            match step {
                Step::Result(Found::Pair(places, case)) => {
                    sink.case(&seen.check(&*places, case))?;
                }
                Step::Result(Found::Alone(place)) => match seen.add(&place) {
                    Ok(()) => left.push(place),
                    Err(error) => sink.case(&failed(place.job.to_string(), error))?,
                },
                Step::Result(Found::Failed(side, error)) => {
                    unread.extend(side);
                    sink.case(&failed(String::new(), error))?;
                }
                Step::Result(Found::Skipped(objects)) => sink.skipped(objects),
                Step::End => sink.done(),
            }
            Ok(())
        })?;
        Ok((left, unread))
    }

    /// Judges the Jobs that have a counterpart in another file, or none.
    fn run_left(
        &self,
        units: &[Unit],
        left: Vec<Place>,
        unread: &HashSet<Side>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (existing, replacement): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|place| place.side == Side::Existing);
        let pairs = pair_up(&names(&existing), &names(&replacement));
        let texts = [Texts::new(units, Side::Existing), Texts::new(units, Side::Replacement)];
        let work = |at: usize, out: &mut dyn FnMut(Case)| {
            let Some((old, new)) = pairs.get(at) else { return };
            let old = old.and_then(|old| existing.get(old));
            let new = new.and_then(|new| replacement.get(new));
            out(self.left_case(old, new, &texts, unread));
        };
        sink.expect(pairs.len());
        in_order(self.threads, pairs.len(), &work, &mut |step| {
            match step {
                Step::Result(case) => sink.case(&case)?,
                Step::End => sink.done(),
            }
            Ok(())
        })
    }

    fn left_case(
        &self,
        existing: Option<&Place>,
        replacement: Option<&Place>,
        [existing_texts, replacement_texts]: &[Texts<'_>; 2],
        unread: &HashSet<Side>,
    ) -> Case {
        match (existing, replacement) {
            (Some(existing), Some(replacement)) => {
                let old = existing_texts.document(existing, self.limits());
                let new = replacement_texts.document(replacement, self.limits());
                self.judge.judge_pair(existing.job.to_string(), old, new, self.client)
            }
            (Some(place), None) | (None, Some(place)) if unread.contains(&place.side.other()) => {
                failed(place.job.to_string(), Error::Unread(place.job.to_string()))
            }
            (Some(place), None) => self.lonely_case(place, existing_texts, Outcome::Deleted),
            (None, Some(place)) => self.lonely_case(place, replacement_texts, Outcome::Created),
            (None, None) => failed(String::new(), Error::Changed(String::new())),
        }
    }

    /// The case of a Job that is on one side only. What has no name may be no Job at all.
    fn lonely_case(&self, place: &Place, texts: &Texts<'_>, outcome: Outcome) -> Case {
        let job = place.job.to_string();
        if place.job.name.is_some() {
            return Case::new(job, outcome);
        }
        let error = match texts.document(place, self.limits()) {
            Ok(document) => match document.job(self.limits()) {
                Ok(_) => Error::Unnamed(document.name.clone()),
                Err(error) => error,
            },
            Err(error) => error,
        };
        failed(job, error)
    }

    fn read_unit(&self, at: usize, unit: &Unit, out: &mut dyn FnMut(Found)) {
        let existing = self.read(unit.existing.as_ref());
        let replacement = self.read(unit.replacement.as_ref());
        match (existing, replacement) {
            (Ok(existing), Ok(replacement)) => {
                let files = [&existing, &replacement].into_iter().flatten();
                // The same path on both sides is taken for the same objects.
                if let Some(others) =
                    files.map(|file| file.others).max().filter(|others| *others > 0)
                {
                    out(Found::Skipped(others));
                }
                self.pair(at, existing.as_ref(), replacement.as_ref(), out);
            }
            // It has no Job that changes, whatever else it has.
            _ if unit.is_untouched() => out(Found::Skipped(1)),
            // What a file has that cannot be read is not known, so the other one is not judged.
            (existing, replacement) => {
                let alone = match (&unit.existing, &unit.replacement) {
                    (Some(_), None) => Some(Side::Existing),
                    (None, Some(_)) => Some(Side::Replacement),
                    _ => None,
                };
                let errors = [existing.err(), replacement.err()];
                errors.into_iter().flatten().for_each(|error| out(Found::Failed(alone, error)));
            }
        }
    }

    fn read(&self, origin: Option<&Origin>) -> Result<Option<Documents>, Error> {
        let read = |origin: &Origin| {
            let mut documents = Documents::of(origin.read()?, self.limits())?;
            documents.skip_untyped();
            Ok(documents)
        };
        origin.map(read).transpose()
    }

    fn pair(
        &self,
        unit: usize,
        existing: Option<&Documents>,
        replacement: Option<&Documents>,
        out: &mut dyn FnMut(Found),
    ) {
        let old = places(unit, Side::Existing, existing);
        let new = places(unit, Side::Replacement, replacement);
        for (one, other) in pair_up(&names(&old), &names(&new)) {
            let one = one.and_then(|at| Some((old.get(at)?, existing?, existing?.jobs.get(at)?)));
            let other =
                other.and_then(|at| Some((new.get(at)?, replacement?, replacement?.jobs.get(at)?)));
            match (one, other) {
                (Some((old, old_file, one)), Some((new, new_file, other))) => {
                    let case = self.judge_listed((old_file, one), (new_file, other));
                    out(Found::Pair(Box::new([old.clone(), new.clone()]), case));
                }
                (Some((place, ..)), None) | (None, Some((place, ..))) => {
                    out(Found::Alone(place.clone()));
                }
                (None, None) => {}
            }
        }
    }

    fn judge_listed(&self, old: (&Documents, &Listed), new: (&Documents, &Listed)) -> Case {
        let [old, new] = [old, new].map(|(file, listed)| file.document(listed, self.limits()));
        self.judge.judge_pair(String::new(), old, new, self.client)
    }

    fn limits(&self) -> &Limits {
        self.judge.limits()
    }
}

fn places(unit: usize, side: Side, documents: Option<&Documents>) -> Vec<Place> {
    let jobs = documents.into_iter().flat_map(|documents| &documents.jobs);
    let place = |listed: &Listed| {
        let Listed { job, line, locator, .. } = listed;
        Place { side, job: job.clone(), unit, line: *line, locator: locator.clone() }
    };
    jobs.map(place).collect()
}

fn names(places: &[Place]) -> Vec<&JobName> {
    places.iter().map(|place| &place.job).collect()
}
