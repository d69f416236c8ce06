//! Where the fields of a document are written.

use volcano_job_update::FieldPath;
use volcano_job_update::internals::{Place, Search, StepId};

use super::nodes::{Content, Document, Id};
use super::scalars::{Scalar, is_merge, resolve};

/// The places of the values at these paths, in the same order. The document must be one whose
/// conversion succeeds.
pub(super) fn places(document: &Document<'_>, paths: &[&FieldPath]) -> Vec<Place> {
    let mut finder = Finder { document, search: Search::new(paths) };
    finder.value(Search::ROOT, None, Document::ROOT);
    finder.search.into_places()
}

struct Finder<'d, 'p> {
    document: &'d Document<'d>,
    search: Search<'p>,
}

impl Finder<'_, '_> {
    /// Looks into the value at a step. An alias counts as the value that it stands for.
    fn value(&mut self, step: StepId, key: Option<Id>, value: Id) {
        let document = self.document;
        let id = document.resolved(value);
        let node = document.node(id);
        let key = key.map(|key| document.node(key).range.clone());
        self.search.found(step, key, node.range.clone());
        match &node.content {
            Content::List(elements) if self.search.has_indices(step) => {
                for (index, element) in elements.iter().enumerate() {
                    if let Some(child) = self.search.index(step, index) {
                        self.value(child, None, *element);
                    }
                }
            }
            Content::Map(_) if self.search.has_keys(step) => {
                let mut wanted = Vec::new();
                members(document, id, &mut |key, value| {
                    let child = name(document, key).and_then(|name| self.search.key(step, &name));
                    wanted.extend(child.map(|child| (child, key, value)));
                });
                // A search descends only into the member that counts.
                wanted.reverse();
                wanted.sort_by_key(|(child, ..)| *child);
                wanted.dedup_by_key(|(child, ..)| *child);
                for (child, key, value) in wanted {
                    self.value(child, Some(key), value);
                }
            }
            _ => {}
        }
    }
}

/// Visits the members of a map and of those that are merged into it, in the order of the conversion: a
/// later one replaces an earlier one with the same key.
fn members(document: &Document<'_>, map: Id, visit: &mut impl FnMut(Id, Id)) {
    let Content::Map(entries) = &document.node(document.resolved(map)).content else { return };
    for (key, value) in entries {
        let node = document.node(*key);
        match &node.content {
            Content::Scalar { text, is_plain }
                if is_merge(node.tag.as_deref(), text, *is_plain) =>
            {
                match &document.node(*value).content {
                    Content::List(maps) => {
                        maps.iter().rev().for_each(|map| members(document, *map, visit));
                    }
                    _ => members(document, *value, visit),
                }
            }
            _ => visit(*key, *value),
        }
    }
}

/// The key as JSON has it.
fn name(document: &Document<'_>, key: Id) -> Option<String> {
    let node = document.node(document.resolved(key));
    let Content::Scalar { text, is_plain } = &node.content else { return None };
    resolve(node.tag.as_deref(), text, *is_plain).and_then(Scalar::into_key).ok()
}
