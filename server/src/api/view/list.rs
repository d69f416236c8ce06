//! Lists in pieces. A piece is made when the client has read those before, so that one who does not read
//! takes little memory.

use std::{iter, vec};

use volcano_job_apiserver::internals::Indenter;
use volcano_job_update::resource::{API_VERSION, KIND};

use super::list_meta::ListMeta;
use super::{Encoding, PIECE_BYTES, View, yaml};
use crate::store::StoredJob;

/// What stands before and behind the items of a list, as compact JSON.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) front: String,
    pub(super) back: String,
}

/// Pieces of an answer. An error ends it before its end, which the client notices.
type Pieces = Box<dyn Iterator<Item = Result<String, String>> + Send>;

/// The pieces of a list that has items.
///
/// # Errors
///
/// A Job cannot be written as YAML.
pub(super) fn pieces(view: View, jobs: Vec<StoredJob>, frame: &Frame) -> Result<Pieces, String> {
    if view.encoding == Encoding::Yaml {
        // Before anything is sent.
        let mut item = String::new();
        for job in &jobs {
            item.clear();
            view.write_item(job, &mut item);
            yaml::check(&item)?;
        }
    }
    let groups = Groups { view, jobs: jobs.into_iter() };
    match view.encoding {
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
    view: View,
    jobs: vec::IntoIter<StoredJob>,
}

impl Iterator for Groups {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut group = String::new();
        for job in self.jobs.by_ref() {
            if !group.is_empty() {
                group.push(',');
            }
            self.view.write_item(&job, &mut group);
            if group.len() >= PIECE_BYTES {
                break;
            }
        }
        Some(group).filter(|group| !group.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::super::table::{Include, TableForm};
    use super::*;

    /// Many Jobs, some with what is hard to write.
    fn jobs() -> Vec<StoredJob> {
        let notes = [
            "short".to_owned(),
            "many words ".repeat(40),
            "first line\n\n  second \"line\"\n".into(),
            "empty lines at the end\n\n".into(),
            "\u{1f389} [,]{:}\\".into(),
        ];
        let job = |(note, number): (&String, u64)| {
            let note = serde_json::Value::from(&**note);
            let text = format!(
                r#"{{"apiVersion":"{API_VERSION}","kind":"{KIND}","metadata":{{"annotations":{{"note":{note}}},"name":"job-{number}"}},"spec":{{"tasks":[]}}}}"#
            );
            StoredJob::new(&text, number).unwrap()
        };
        notes.iter().cycle().zip(1..1000).map(job).collect()
    }

    /// Only what is shown has to be writable.
    #[test]
    fn what_yaml_cannot_have_is_refused_where_it_is_shown() {
        let queue = '\u{7f}';
        let job = format!(
            r#"{{"apiVersion":"{API_VERSION}","kind":"{KIND}","metadata":{{"name":"a"}},"spec":{{"queue":"{queue}"}}}}"#
        );
        let jobs = vec![StoredJob::new(&job, 1).unwrap()];
        let meta = ListMeta::default();
        let is_refused = |form, frame: &Frame| {
            pieces(View { form, encoding: Encoding::Yaml }, jobs.clone(), frame).is_err()
        };
        assert!(is_refused(Form::Whole, &Frame::of_jobs(&meta)));
        assert!(!is_refused(Form::MetadataList("v1"), &Frame::of_metadata(&meta, "v1")));
    }

    #[test]
    fn pieces_are_those_of_the_whole_list() {
        let meta = ListMeta { version: 5, next: "next".into(), remaining: Some(7) };
        let table = TableForm { version: "v1", include: Include::Metadata, has_columns: true };
        for (form, frame) in [
            (Form::Whole, Frame::of_jobs(&meta)),
            (Form::Table(table), table.frame(&meta.members())),
            (Form::MetadataList("v1"), Frame::of_metadata(&meta, "v1")),
        ] {
            for encoding in [Encoding::Json, Encoding::PrettyJson, Encoding::Yaml] {
                let view = View { form, encoding };
                let mut items = Vec::new();
                for job in jobs() {
                    let mut item = String::new();
                    view.write_item(&job, &mut item);
                    items.push(item);
                }
                let whole = frame.around(&format!("[{}]", items.join(",")));
                let whole = encoding.text(whole).unwrap();
                let pieces: Result<Vec<_>, _> = pieces(view, jobs(), &frame).unwrap().collect();
                let pieces = pieces.unwrap();
                assert!(pieces.len() > 4, "{view:?}");
                assert_eq!(pieces.concat(), whole, "{view:?}");
            }
        }
    }
}
