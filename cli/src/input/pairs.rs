//! Which existing Job belongs to which replacement.

use std::collections::HashMap;

use volcano_job_update::Limits;

use super::document::Document;
use super::documents::{Documents, Listed};
use super::name::JobName;
use crate::error::Error;

/// The two Jobs of an update, of two files of which one has a single Job.
pub(crate) fn select(
    existing: &Documents,
    manifest: &Documents,
    limits: &Limits,
) -> Result<(Document, Document), Error> {
    let [one, other] = match (&*existing.jobs, &*manifest.jobs) {
        ([], _) => return Err(existing.no_job()),
        (_, []) => return Err(manifest.no_job()),
        ([one], [other]) => [one, other],
        (_, [other]) => [counterpart(existing, other)?, other],
        ([one], _) => [one, counterpart(manifest, one)?],
        _ => return Err(existing.candidates("one is needed", &existing.jobs)),
    };
    Ok((existing.document(one, limits)?, manifest.document(other, limits)?))
}

/// The Job of a file with the namespace and name of the other file's only Job.
fn counterpart<'d>(documents: &'d Documents, other: &Listed) -> Result<&'d Listed, Error> {
    let jobs = || documents.jobs.iter();
    let exact: Vec<&Listed> = jobs().filter(|listed| listed.job == other.job).collect();
    let possible: Vec<&Listed> = jobs().filter(|listed| listed.job.can_be(&other.job)).collect();
    let wanted = other.job.or_unnamed();
    match (&*exact, &*possible) {
        ([listed], _) | ([], [listed]) if other.job.name.is_some() => Ok(*listed),
        ([], []) => Err(documents.candidates(&format!("none of them is {wanted}"), jobs())),
        _ => {
            let why = format!("several of them can be {wanted}");
            Err(documents.candidates(&why, possible))
        }
    }
}

/// Pairs Jobs by namespace and name: first those that have both in common, then an absent namespace with
/// `default`. Gives the positions in the lists, in the order of the existing Jobs, and then what is left
/// of the replacements.
///
/// A Job without a name has a counterpart only if there is nothing else. Of several Jobs with the same
/// name the first one has a counterpart.
pub(crate) fn pair_up(
    existing: &[&JobName],
    replacement: &[&JobName],
) -> Vec<(Option<usize>, Option<usize>)> {
    if let ([one], [other]) = (existing, replacement)
        && (one.name.is_none() || other.name.is_none())
    {
        return vec![(Some(0), Some(0))];
    }
    let mut left: HashMap<&JobName, usize> = HashMap::new();
    for (position, name) in replacement.iter().enumerate().filter(|(_, name)| name.name.is_some()) {
        left.entry(name).or_insert(position);
    }
    let mut counterparts: Vec<Option<usize>> =
        existing.iter().map(|name| left.remove(name)).collect();
    for (name, counterpart) in existing.iter().zip(&mut counterparts) {
        if counterpart.is_none() {
            *counterpart = name.in_default().and_then(|name| left.remove(&name));
        }
    }
    let mut is_left = vec![true; replacement.len()];
    for position in counterparts.iter().flatten() {
        if let Some(is_left) = is_left.get_mut(*position) {
            *is_left = false;
        }
    }
    let pairs =
        counterparts.into_iter().enumerate().map(|(position, other)| (Some(position), other));
    let others = is_left.into_iter().enumerate().filter(|(_, is_left)| *is_left);
    pairs.chain(others.map(|(position, _)| (None, Some(position)))).collect()
}
