//! In which form Jobs are shown: whole, as the rows of a table, or only their metadata; in JSON or YAML.

mod accept;
mod list;
mod list_meta;
mod metadata;
mod table;
mod yaml;

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use futures_util::stream;
use volcano_job_apiserver::internals::indent;
use volcano_job_apiserver::status_body;
use volcano_job_update::status::Status;

pub(super) use self::accept::{Accepted, Endpoint, MediaType, accepts_json};
use self::list::{Frame, pieces};
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

/// How much of a long answer is written at once. The rest is written when the client has read it, so that
/// one who does not read takes little memory.
pub(super) const PIECE_BYTES: usize = 64 * 1024;

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

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One line.
    Json,
    /// Indented, without a line break at the end.
    PrettyJson,
    Yaml,
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
        let pieces = pieces(self, jobs, &frame).map_err(Status::unknown_error)?;
        Ok(of_type(self.encoding.content_type(), 200, Body::from_stream(stream::iter(pieces))))
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

impl Encoding {
    /// The encoding of what is not shown in different forms: a list of resources, a Status.
    pub(crate) fn of_request(headers: &HeaderMap, query: &Query<'_>) -> Option<Self> {
        let accepted = Accepted::new(accept(headers), Endpoint::Plain)?;
        Some(Self::new(accepted, headers, query))
    }

    pub(super) fn new(accepted: Accepted<'_>, headers: &HeaderMap, query: &Query<'_>) -> Self {
        match accepted.media_type {
            MediaType::Yaml => Self::Yaml,
            MediaType::Json if accepted.is_pretty || is_pretty(headers, query) => Self::PrettyJson,
            MediaType::Json => Self::Json,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::PrettyJson => "application/json",
            Self::Yaml => "application/yaml",
        }
    }

    /// An answer with a document, as compact JSON.
    ///
    /// # Errors
    ///
    /// 500: the document cannot be written as YAML.
    pub(crate) fn reply(self, code: u16, json: String) -> Result<Response<Body>, Status> {
        let text = self.text(json).map_err(Status::unknown_error)?;
        Ok(of_type(self.content_type(), code, text))
    }

    fn text(self, json: String) -> Result<String, String> {
        match self {
            Self::Json => Ok(json + "\n"),
            Self::PrettyJson => Ok(indent(&json)),
            Self::Yaml => yaml::of_json(&json),
        }
    }

    /// The body of a Status.
    pub(crate) fn status(self, status: &Status) -> String {
        match self {
            Self::Json => status_body(status, false),
            Self::PrettyJson => status_body(status, true),
            Self::Yaml => {
                let json = status_body(status, false);
                yaml::of_json(&json).unwrap_or(json)
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

pub(super) fn accept(headers: &HeaderMap) -> &str {
    text_of(headers, "accept")
}

/// Whether JSON is indented: as the parameter `pretty` says, otherwise for those who read it themselves.
fn is_pretty(headers: &HeaderMap, query: &Query<'_>) -> bool {
    let pretty = query.get("pretty");
    if !pretty.is_empty() {
        return matches!(pretty, "1" | "t" | "T" | "true" | "TRUE" | "True");
    }
    let agent = text_of(headers, "user-agent");
    ["curl", "Wget", "Mozilla/5.0"].iter().any(|human| agent.starts_with(human))
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
