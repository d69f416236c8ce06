//! Reads files again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use volcano_job_update::Limits;

use super::place::{Place, Side};
use crate::error::Error;
use crate::input::{Document, Source, Unit};

/// The files of one side. The last one is kept, because its Jobs usually follow each other.
pub(super) struct Texts<'u> {
    units: &'u [Unit],
    side: Side,
    last: Mutex<Option<Last>>,
}

struct Last {
    unit: usize,
    source: Source,
    /// An item of the last list, whose other items need not be parsed again.
    item: Option<Document>,
}

impl<'u> Texts<'u> {
    pub(super) fn new(units: &'u [Unit], side: Side) -> Self {
        Self { units, side, last: Mutex::new(None) }
    }

    /// The Job at a place.
    pub(super) fn document(&self, place: &Place, limits: &Limits) -> Result<Document, Error> {
        let mut guard = self.last();
        let last = match &mut *guard {
            Some(last) if last.unit == place.unit => last,
            other => other.insert(Last { unit: place.unit, source: self.read(place)?, item: None }),
        };
        if !place.locator.is_item() {
            let source = last.source.clone();
            drop(guard);
            return source.at(&place.locator, &place.job, limits);
        }
        let sibling = last.item.as_ref().and_then(|item| item.sibling(&place.locator, &place.job));
        let document = match sibling {
            Some(document) => document,
            None => last.source.at(&place.locator, &place.job, limits)?,
        };
        last.item = Some(document.clone());
        Ok(document)
    }

    fn read(&self, place: &Place) -> Result<Source, Error> {
        let origin = self.units.get(place.unit).and_then(|unit| self.side.of(unit));
        origin.ok_or_else(|| Error::Changed(place.job.to_string()))?.read()
    }

    fn last(&self) -> MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
