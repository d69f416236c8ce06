//! PUT and PATCH of a Job as pure functions: the stored bytes and the request in, the answer and the
//! bytes to store out.
//!
//! What an API server does with the request is done here, in its order and in its words: reading,
//! pruning, dropping of nulls, defaults, preconditions, the rules of metadata, the schema; and after
//! all that the [policy](volcano_job_update::UpdatePolicy). A server adds a socket and a store.
//!
//! ```
//! use volcano_job_apiserver::{ReplaceContext, ReplaceRequest, replace};
//! use volcano_job_update::{Job, Validator};
//!
//! let stored = br#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"generation":1,
//!     "name":"hello","namespace":"default","resourceVersion":"7","uid":"u"},
//!     "spec":{"maxRetry":3,"queue":"default","tasks":[{"name":"worker","replicas":1}]}}"#;
//! let body = br#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job",
//!     "metadata":{"name":"hello","resourceVersion":"7"},
//!     "spec":{"tasks":[{"name":"worker","replicas":2}]}}"#;
//! let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello";
//!
//! let existing = Job::from_slice(stored)?;
//! let request = ReplaceRequest::from_uri(uri, body)?;
//! let context = ReplaceContext::new("8");
//! let replaced = replace(Some(&existing), &request, &Validator::default(), &context)?;
//! assert_eq!(replaced.code(), 200);
//! assert!(replaced.response().contains(r#""generation":2,"#));
//! assert!(replaced.stored().is_some_and(|stored| stored.contains(r#""replicas":2"#)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is not here
//!
//! Who sent the request and whether they may (401, see
//! [`Status::unauthorized`]), and what the store says (409 if another write came first, 500).
//! `managedFields` are carried over from the existing Job, and emptied by `[{}]`, but never computed:
//! server-side apply and its conflicts are out of scope. Bodies are JSON; one of YAML has to be turned
//! into JSON first, and is answered 415 if it is said to be YAML.

mod answer;
mod body;
mod canonical;
mod coerce;
mod content;
mod flow;
mod go;
mod meta;
mod meta_rules;
mod names;
mod output;
mod patch;
mod preconditions;
mod request;
mod schema_rules;
mod syntax;
mod time;

use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update::{Job, Review, Validator};

pub use self::answer::status_body;
pub use self::request::{FieldValidation, PatchRequest, ReplaceRequest};

/// What a pure function cannot know, and how the server wants it.
#[derive(Clone, Debug)]
pub struct ReplaceContext {
    resource_version: String,
    creation: Option<Creation>,
    codes: StatusCodes,
    self_link: bool,
}

/// What a Job that is created gets.
#[derive(Clone, Debug)]
struct Creation {
    uid: String,
    time: String,
}

impl ReplaceContext {
    /// What is stored gets this resourceVersion: a decimal number that the store has not given to
    /// anything yet, in practice the next one.
    #[must_use]
    pub fn new(resource_version: impl Into<String>) -> Self {
        Self {
            resource_version: resource_version.into(),
            creation: None,
            codes: StatusCodes::Documented,
            self_link: false,
        }
    }

    /// Where nothing is stored, a PUT creates the Job, with that uid and creation time (RFC 3339, such
    /// as `2019-07-11T08:09:41Z`). Without this it is answered 404, as by an API server.
    #[must_use]
    pub fn with_creation(mut self, uid: impl Into<String>, time: impl Into<String>) -> Self {
        self.creation = Some(Creation { uid: uid.into(), time: time.into() });
        self
    }

    /// Answers with the status codes of the documentation, which is the default, or of Kubernetes.
    #[must_use]
    pub fn with_status_codes(mut self, codes: StatusCodes) -> Self {
        self.codes = codes;
        self
    }

    /// Shows `metadata.selfLink` in the answer, as the documentation does. Servers since Kubernetes
    /// 1.20 do not send it, and it is never stored.
    #[must_use]
    pub fn with_self_link(mut self) -> Self {
        self.self_link = true;
        self
    }
}

/// What a request does to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else that can be done")]
pub enum Outcome {
    /// Nothing: the Job is what it was, or nothing was to be stored (`dryRun`).
    Unchanged,
    /// The Job is replaced.
    Replaced,
    /// The Job is created.
    Created,
    /// The Job is deleted: it was about to be, and this took away its last finalizer.
    Deleted,
}

/// A request that was carried out, as far as a pure function can.
#[derive(Clone, Debug)]
pub struct Replaced {
    outcome: Outcome,
    created: bool,
    /// The Job in one line, with a line break, as it is answered; and stored, but for that.
    line: String,
    is_stored: bool,
    /// The answer, where it is not that line.
    shown: Option<String>,
    review: Option<Review>,
    warnings: Vec<String>,
}

impl Replaced {
    /// The HTTP status code: 200, or 201 where the Job was created.
    #[must_use]
    pub fn code(&self) -> u16 {
        if self.created { 201 } else { 200 }
    }

    /// What is to be done to the store.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The Job to store, as compact JSON; `None` if nothing is to be written.
    #[must_use]
    pub fn stored(&self) -> Option<&str> {
        self.line.strip_suffix('\n').filter(|_| self.is_stored)
    }

    /// The body of the answer, of type `application/json`.
    #[must_use]
    pub fn response(&self) -> &str {
        self.shown.as_ref().unwrap_or(&self.line)
    }

    /// What changed, and what the policy says to it; `None` where the Job was created.
    #[must_use]
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }

    /// What to tell the client beside the answer: each is the text of a header `Warning: 299 - "…"`.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The Job to store and the body of the answer, by value.
    #[must_use]
    pub fn into_parts(self) -> (Option<String>, String) {
        let stored = self.stored().map(str::to_owned);
        (stored, self.shown.unwrap_or(self.line))
    }
}

/// Replaces a Job, or creates it where `existing` is `None` and the context allows it.
///
/// Nothing is stored by this: [`Replaced::stored`] is, by the caller, if the store still has the
/// existing Job.
///
/// # Errors
///
/// The answer to a request that is not carried out, see [`Status`]: the body is no Job or another one
/// than the URI says (400), has unknown fields and `fieldValidation=Strict` (400), there is no such Job
/// (404), its uid or resourceVersion is another (409), the result is not valid (422, or 400 by
/// [`StatusCodes::Documented`]), the policy denies the change (403, or 422 by
/// [`StatusCodes::Kubernetes`]).
pub fn replace(
    existing: Option<&Job<'_>>,
    request: &ReplaceRequest<'_>,
    validator: &Validator,
    context: &ReplaceContext,
) -> Result<Replaced, Status> {
    flow::replace(existing, request, validator, context)
        .map_err(|status| status.with_codes(context.codes))
}

/// Patches a Job; then the same is done as in [`replace()`].
///
/// # Errors
///
/// As [`replace()`]; a type of content that is no JSON Patch or JSON Merge Patch (415, with those
/// accepted), a body that is none (400), more than 10,000 operations (413), a patch that does not apply
/// (422), no such Job (404).
pub fn patch(
    existing: Option<&Job<'_>>,
    request: &PatchRequest<'_>,
    validator: &Validator,
    context: &ReplaceContext,
) -> Result<Replaced, Status> {
    flow::patch(existing, request, validator, context)
        .map_err(|status| status.with_codes(context.codes))
}

/// Applies a patch to a Job, and nothing else: by its content, an array is a JSON Patch and an object a
/// JSON Merge Patch.
///
/// ```
/// use volcano_job_update::Job;
/// use volcano_job_apiserver::apply_patch;
///
/// let existing = Job::from_slice(br#"{"spec": {"tasks": [{"name": "worker", "replicas": 1}]}}"#)?;
/// let patch = br#"[{"op": "replace", "path": "/spec/tasks/0/replicas", "value": 2}]"#;
/// assert_eq!(apply_patch(&existing, patch)?["spec"]["tasks"][0]["replicas"], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`patch()`]: a body that is no patch (400), too many operations (413), a patch that does not apply
/// (422); and a Job that cannot be read to its leaves (500, see [`Job::to_value`]).
pub fn apply_patch(existing: &Job<'_>, body: &[u8]) -> Result<serde_json::Value, Status> {
    let document = existing.to_value().map_err(Status::internal_error)?;
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let apply = if is_list { patch::json_patch } else { patch::merge_patch };
    apply(document, body, true).map(|(patched, _)| patched)
}

/// The README, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
