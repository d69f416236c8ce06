//! Finds Jobs that are twice on one side.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::place::{Place, Side, failed};
use crate::case::Case;
use crate::error::Error;
use crate::input::{JobName, Origin, Unit};

/// The names so far.
pub(super) struct Seen<'u> {
    units: &'u [Unit],
    /// The unit and the line of each.
    places: HashMap<(Side, JobName), (usize, usize)>,
}

impl<'u> Seen<'u> {
    pub(super) fn new(units: &'u [Unit]) -> Self {
        Self { units, places: HashMap::new() }
    }

    /// Adds a Job. A Job without a name is not the same as any other.
    pub(super) fn add(&mut self, place: &Place) -> Result<(), Error> {
        let Place { side, job, unit, line, .. } = place;
        if job.name.is_none() {
            return Ok(());
        }
        match self.places.entry((*side, job.clone())) {
            Entry::Vacant(entry) => {
                entry.insert((*unit, *line));
                Ok(())
            }
            Entry::Occupied(entry) => {
                let first = *entry.get();
                Err(Error::Twice {
                    job: job.to_string(),
                    side: side.word(),
                    first: self.text(*side, first),
                    second: self.text(*side, (*unit, *line)),
                })
            }
        }
    }

    /// Adds the Jobs of a case, which fails if one of them was there.
    pub(super) fn check(&mut self, places: &[Place], case: Case) -> Case {
        let errors: Vec<Error> = places.iter().filter_map(|place| self.add(place).err()).collect();
        match errors.into_iter().next() {
            Some(error) => failed(case.job, error),
            None => case,
        }
    }

    fn text(&self, side: Side, (unit, line): (usize, usize)) -> String {
        let origin = self.units.get(unit).and_then(|unit| side.of(unit));
        let name = origin.map(Origin::name).unwrap_or_default();
        format!("{name}:{line}")
    }
}
