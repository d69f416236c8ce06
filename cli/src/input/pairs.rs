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
/// `default`, then with any other, if only one Job of that name is left. Gives the positions in the lists, in
/// the order of the existing Jobs, and then what is left of the replacements.
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
    pair_without_namespace(existing, &mut counterparts, left);
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

/// Pairs the Jobs that are left, if their names are unique on both sides and one has no namespace.
fn pair_without_namespace(
    existing: &[&JobName],
    counterparts: &mut [Option<usize>],
    left: HashMap<&JobName, usize>,
) {
    // By the name: the Job with it, or `None` if there are several.
    let mut replacements: HashMap<&str, Option<(&JobName, usize)>> = HashMap::new();
    for (job, position) in left {
        let Some(name) = &job.name else { continue };
        replacements.entry(name).and_modify(|other| *other = None).or_insert(Some((job, position)));
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    let alone = || existing.iter().zip(counterparts.iter()).filter(|(_, other)| other.is_none());
    for name in alone().filter_map(|(job, _)| job.name.as_deref()) {
        *names.entry(name).or_default() += 1;
    }
    for (job, counterpart) in existing.iter().zip(counterparts) {
        let Some(name) = job.name.as_deref().filter(|_| counterpart.is_none()) else { continue };
        let other = replacements.get(name).copied().flatten();
        let is_unique = names.get(name) == Some(&1);
        *counterpart =
            other.filter(|(other, _)| is_unique && job.can_be(other)).map(|(_, position)| position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_namespace_can_be_any_if_there_is_one_job_of_the_name() {
        let job = |text: &str| {
            let (namespace, name) = text.split_once('/').unwrap();
            let namespace = Some(namespace.to_owned()).filter(|text| !text.is_empty());
            JobName { namespace, name: Some(name.to_owned()) }
        };
        let paired = |existing: &[&str], replacement: &[&str]| {
            let jobs = |texts: &[&str]| texts.iter().map(|text| job(text)).collect::<Vec<_>>();
            let (existing, replacement) = (jobs(existing), jobs(replacement));
            pair_up(&existing.iter().collect::<Vec<_>>(), &replacement.iter().collect::<Vec<_>>())
        };
        assert_eq!(paired(&["n/a"], &["/a"]), [(Some(0), Some(0))]);
        assert_eq!(
            paired(&["/a", "n/b"], &["/b", "m/a"]),
            [(Some(0), Some(1)), (Some(1), Some(0))]
        );
        assert_eq!(paired(&["n/a"], &["m/a"]), [(Some(0), None), (None, Some(0))]);
        // `default` is the first guess.
        assert_eq!(paired(&["n/a", "default/a"], &["/a"]), [(Some(0), None), (Some(1), Some(0))]);
        let alone = paired(&["n/a", "m/a"], &["/a"]);
        assert_eq!(alone, [(Some(0), None), (Some(1), None), (None, Some(0))]);
    }
}
