//! Lists in pieces. A piece is made when the client has read those before, so that one who does not read
//! takes little memory.

use std::{iter, vec};

use volcano_job_apiserver::internals::Indenter;
use volcano_job_update::resource::{API_VERSION, KIND};

use super::encoding::Encoding;
use super::list_meta::ListMeta;
use super::yaml;
use crate::store::StoredJob;

/// How much of a long answer is written at once. The rest is written when the client has read it, so that
/// one who does not read takes little memory.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;

/// What stands before and behind the items of a list, as compact JSON.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) front: String,
    pub(super) back: String,
}

/// Pieces of an answer. An error ends it before its end, which the client notices.
pub(super) type Pieces = Box<dyn Iterator<Item = Result<String, String>> + Send>;

/// What appends an item of a list, as compact JSON.
pub(super) type WriteItem = Box<dyn Fn(&StoredJob, &mut String) + Send>;

/// The pieces of a list that has items.
///
/// # Errors
///
/// A Job cannot be written as YAML.
pub(super) fn pieces(
    jobs: Vec<StoredJob>,
    write_item: WriteItem,
    encoding: Encoding,
    frame: &Frame,
) -> Result<Pieces, String> {
    if encoding == Encoding::Yaml {
        // Before anything is sent.
        let mut item = String::new();
        for job in &jobs {
            item.clear();
            write_item(job, &mut item);
            yaml::check(&item)?;
        }
    }
    let groups = Groups { jobs: jobs.into_iter(), write_item };
    match encoding {
        Encoding::Json => Ok(Box::new(frame.json(groups).chain(["\n".into()]).map(Ok))),
        Encoding::PrettyJson => {
            let mut indenter = Indenter::default();
            Ok(Box::new(frame.json(groups).map(move |piece| Ok(indenter.indent(&piece)))))
        }
        Encoding::Yaml => frame.yaml(groups),
    }
}

impl Frame {
    pub(super) fn of_jobs(meta: &ListMeta) -> Self {
        Self {
            front: format!(r#"{{"apiVersion":"{API_VERSION}","items":"#),
            back: format!(r#","kind":"{KIND}List","metadata":{}}}"#, meta.to_json()),
        }
    }

    pub(super) fn of_metadata(meta: &ListMeta, version: &str) -> Self {
        let metadata = meta.members();
        let front = format!(
            r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/{version}","metadata":{{{metadata}}},"items":"#
        );
        Self { front, back: "}".into() }
    }

    /// The whole list, with the items in their brackets.
    pub(super) fn around(&self, items: &str) -> String {
        [&self.front, items, &self.back].concat()
    }

    fn json(&self, groups: Groups) -> impl Iterator<Item = String> + use<> {
        let first = format!("{}[", self.front);
        let separators = iter::once("").chain(iter::repeat(","));
        let items = groups.zip(separators).map(|(group, separator)| separator.to_owned() + &group);
        iter::once(first).chain(items).chain([format!("]{}", self.back)])
    }

    /// The lines of an item are the same whether all items are written or only some.
    fn yaml(&self, groups: Groups) -> Result<Pieces, String> {
        let yaml = yaml::of_json(&self.around("[null]"))?;
        let (front, back) = yaml.split_once("- null\n").ok_or("the list has no lines")?;
        let items = groups.map(|group| yaml::of_json(&format!("[{group}]")));
        Ok(Box::new(iter::once(Ok(front.into())).chain(items).chain([Ok(back.into())])))
    }
}

/// The items of a list, some at a time: compact JSON with commas in between.
struct Groups {
    jobs: vec::IntoIter<StoredJob>,
    write_item: WriteItem,
}

impl Iterator for Groups {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut group = String::new();
        for job in self.jobs.by_ref() {
            if !group.is_empty() {
                group.push(',');
            }
            (self.write_item)(&job, &mut group);
            if group.len() >= PIECE_BYTES {
                break;
            }
        }
        Some(group).filter(|group| !group.is_empty())
    }
}
