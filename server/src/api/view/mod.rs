//! In which form Jobs are shown: whole, as the rows of a table, or only their metadata; in JSON or YAML.

mod accept;
mod encoding;
mod list;
mod list_meta;
mod metadata;
mod table;
mod yaml;

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use futures_util::stream;
use volcano_job_update::status::Status;

pub(super) use self::accept::{Accepted, Endpoint, accepts_json};
pub(crate) use self::encoding::Encoding;
pub(super) use self::encoding::accept;
pub(super) use self::list::PIECE_BYTES;
use self::list::{Frame, Pieces, pieces};
pub(super) use self::list_meta::ListMeta;
use self::metadata::partial;
pub(super) use self::table::INITIAL_EVENTS_END;
use self::table::{Include, TableForm};
use super::http::of_type;
use crate::query::Query;
use crate::store::StoredJob;

/// What an API server says that it serves for Jobs. Nothing here is served as protobuf; clients that
/// prefer it accept JSON as well.
pub(super) const SERVED: &[&str] =
    &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMED: &[&str] =
    &["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/// The form of an answer, by the header `Accept` and the parameter `pretty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    form: Form,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    Table(TableForm),
    /// The metadata of a Job, in this version of `meta.k8s.io`.
    Metadata(&'static str),
    MetadataList(&'static str),
}

impl View {
    /// # Errors
    ///
    /// 406: the client accepts nothing that is served. 400: the parameter `includeObject` is invalid.
    pub(crate) fn new(headers: &HeaderMap, query: &Query<'_>) -> Result<Self, Status> {
        let accepted = Accepted::new(accept(headers), Endpoint::Jobs);
        let accepted = accepted.ok_or_else(|| Status::not_acceptable(SERVED))?;
        let version = if accepted.target.version == "v1beta1" { "v1beta1" } else { "v1" };
        let form = match accepted.target.kind {
            "Table" => {
                let include = Include::of_query(query)?;
                Form::Table(TableForm { version, include, has_columns: true })
            }
            "PartialObjectMetadata" => Form::Metadata(version),
            "PartialObjectMetadataList" => Form::MetadataList(version),
            _ => Form::Whole,
        };
        Ok(Self { form, encoding: Encoding::new(accepted, headers, query) })
    }

    /// The form of the events of a watch, which are always one line of JSON.
    ///
    /// # Errors
    ///
    /// 406: the client accepts only YAML.
    pub(crate) fn for_watch(self) -> Result<Self, Status> {
        match self.encoding {
            Encoding::Yaml => Err(Status::not_acceptable(STREAMED)),
            Encoding::Json | Encoding::PrettyJson => Ok(Self { encoding: Encoding::Json, ..self }),
        }
    }

    /// Whether a Job is shown as it is stored.
    pub(crate) fn is_plain(self) -> bool {
        self.form == Form::Whole && self.encoding == Encoding::Json
    }

    /// The answer with a Job, as compact JSON.
    ///
    /// # Errors
    ///
    /// 500: the client asks for a list, or the Job cannot be written as YAML.
    pub(crate) fn job(self, code: u16, job: &str) -> Result<Response<Body>, Status> {
        let job = job.trim_end();
        let text = match self.form {
            Form::Whole => job.to_owned(),
            Form::Table(table) => table.of_job(job),
            Form::Metadata(version) => partial(job, version),
            Form::MetadataList(_) => return Err(Status::unknown_error("content is not a list")),
        };
        self.encoding.reply(code, text)
    }

    /// The answer with a list.
    ///
    /// # Errors
    ///
    /// 406: the client asks for the metadata of one Job. 500: the list cannot be written as YAML.
    pub(crate) fn list(
        self,
        jobs: Vec<StoredJob>,
        meta: &ListMeta,
    ) -> Result<Response<Body>, Status> {
        let (frame, without_items) = match self.form {
            Form::Whole => (Frame::of_jobs(meta), "[]"),
            Form::Table(table) => (table.frame(&meta.members()), "[]"),
            Form::Metadata(_) => return Err(metadata_of_list()),
            // Go writes a list to which nothing was added as null.
            Form::MetadataList(version) => (Frame::of_metadata(meta, version), "null"),
        };
        if jobs.is_empty() {
            return self.encoding.reply(200, frame.around(without_items));
        }
        let pieces = self.pieces(jobs, &frame).map_err(Status::unknown_error)?;
        Ok(of_type(self.encoding.content_type(), 200, Body::from_stream(stream::iter(pieces))))
    }

    fn pieces(self, jobs: Vec<StoredJob>, frame: &Frame) -> Result<Pieces, String> {
        let write_item = move |job: &StoredJob, json: &mut String| self.write_item(job, json);
        pieces(jobs, Box::new(write_item), self.encoding, frame)
    }

    /// Appends an item of a list, as compact JSON.
    fn write_item(self, job: &StoredJob, json: &mut String) {
        match self.form {
            Form::Whole => job.write_json(json),
            Form::Table(table) => json.push_str(&table.row(&job.to_json())),
            Form::Metadata(version) | Form::MetadataList(version) => {
                json.push_str(&partial(&job.to_json(), version));
            }
        }
    }

    /// The object of an event of a watch. `None` if it cannot be shown, which ends the watch.
    ///
    /// Afterwards the view is that of the events that follow.
    pub(crate) fn event(&mut self, job: &str) -> Option<String> {
        match &mut self.form {
            Form::Whole => Some(job.to_owned()),
            Form::Metadata(version) => Some(partial(job, version)),
            Form::MetadataList(_) => None,
            Form::Table(table) => {
                let text = table.of_job(job);
                table.has_columns = false;
                Some(text)
            }
        }
    }
}

fn metadata_of_list() -> Status {
    let mut status = Status::not_acceptable(&[]);
    status.message = "you requested PartialObjectMetadata, but the requested object is a list \
                      (*unstructured.UnstructuredList)"
        .into();
    status
}

#[cfg(test)]
mod tests {
    use volcano_job_update::resource::{API_VERSION, KIND};

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
            View { form, encoding: Encoding::Yaml }.pieces(jobs.clone(), frame).is_err()
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
                let pieces: Result<Vec<_>, _> = view.pieces(jobs(), &frame).unwrap().collect();
                let pieces = pieces.unwrap();
                assert!(pieces.len() > 4, "{view:?}");
                assert_eq!(pieces.concat(), whole, "{view:?}");
            }
        }
    }
}
