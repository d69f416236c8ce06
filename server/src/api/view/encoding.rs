//! How a document is written: as JSON or YAML.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use volcano_job_apiserver::internals::indent;
use volcano_job_apiserver::status_body;
use volcano_job_update::status::Status;

use super::accept::{Accepted, Endpoint, MediaType};
use super::yaml;
use crate::api::http::of_type;
use crate::query::Query;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One line.
    Json,
    /// Indented, without a line break at the end.
    PrettyJson,
    Yaml,
}

impl Encoding {
    /// The encoding of what is not shown in different forms: a list of resources, a Status.
    pub(crate) fn of_request(headers: &HeaderMap, query: &Query<'_>) -> Option<Self> {
        let accepted = Accepted::new(accept(headers), Endpoint::Plain)?;
        Some(Self::new(accepted, headers, query))
    }

    pub(crate) fn new(accepted: Accepted<'_>, headers: &HeaderMap, query: &Query<'_>) -> Self {
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

    /// A document, as compact JSON, in this encoding.
    pub(super) fn text(self, json: String) -> Result<String, String> {
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

/// The header `Accept`.
pub(crate) fn accept(headers: &HeaderMap) -> &str {
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
