//! POST, PUT, PATCH and DELETE of a [Volcano](https://volcano.sh) Job, and PUT and PATCH of its status,
//! as kube-apiserver answers them, as pure functions.
//!
//! The input is the stored Job and the request; the output is the HTTP status code, the body and
//! the change to the store. The steps, their order and every message are those of an API server:
//! decoding, pruning, defaulting, preconditions, metadata rules, schema. The
//! [policy](volcano_job_update::UpdatePolicy) of the library judges a PUT or PATCH of a Job last, in place
//! of validating admission. A server adds HTTP, credentials and a store.
//!
//! ```
//! use std::num::NonZeroU64;
//!
//! use volcano_job_apiserver::{ReplaceRequest, RequestContext, StoreAction, replace};
//! use volcano_job_update::{Job, Validator};
//!
//! let stored = br#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"generation":1,
//!     "name":"hello","namespace":"default","resourceVersion":"7"},
//!     "spec":{"maxRetry":3,"queue":"default","tasks":[{"name":"worker","replicas":1}]}}"#;
//! let body = br#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job",
//!     "metadata":{"name":"hello","resourceVersion":"7"},
//!     "spec":{"tasks":[{"name":"worker","replicas":2}]}}"#;
//! let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello";
//!
//! let existing = Job::from_slice(stored)?;
//! let request = ReplaceRequest::from_uri(uri, body)?;
//! let context = RequestContext::new(NonZeroU64::new(8).ok_or("not zero")?);
//! let response = replace(Some(&existing), &request, &Validator::default(), &context)?;
//!
//! assert_eq!(response.code(), 200);
//! assert!(response.body().contains(r#""generation":2,"#));
//! let StoreAction::Update(job) = response.store_action() else { panic!("the replicas change") };
//! assert!(job.contains(r#""replicas":2"#) && job.contains(r#""resourceVersion":"8""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Overview
//!
//! * [`create()`] answers a POST, a [`CreateRequest`].
//! * [`replace()`] answers a PUT, a [`ReplaceRequest`]; [`patch()`] answers a PATCH, a
//!   [`PatchRequest`].
//!   [`apply_patch`] only applies the patch.
//! * [`replace_status`] and [`patch_status`] answer them if the URI is that of a status.
//! * [`delete()`] answers a DELETE, a [`DeleteRequest`].
//! * [`volcano_defaults`] and [`volcano_creation_denial`] are Volcano's webhooks for a Job that is
//!   created.
//! * [`RequestContext`] is what the server provides: the next resourceVersion, a [`Uid`] and a time
//!   for a created Job, a [`NameSuffix`] for a generated name, the time of a deletion, and the family of
//!   status codes.
//! * [`Response`] is the answer to a request that succeeds, with the [`StoreAction`]. Any other
//!   answer is an [`ErrorResponse`]; [`status_body`] encodes its [`Status`].
//!
//! # What is left to the server
//!
//! * Authentication and authorization: [`Status::unauthorized`] and [`Status::forbidden`] are the
//!   answers.
//! * The store: it must write only if the existing Job is still stored, and answer
//!   [`Status::conflict`] otherwise. It must create a Job only if it has none of that name, and answer
//!   [`Response::already_exists`] otherwise, also in a dry run. In place of these answers, an API server
//!   tries some requests again: a DELETE, and a PATCH up to five times, with the Job that is stored now; a
//!   POST up to seven times with another suffix, if a generated name is taken.
//! * GET, LIST, WATCH and DELETE of a collection, which is a [`delete()`] of each Job.
//! * What needs other objects: that the namespace exists and is not being deleted, quotas, and the garbage
//!   collector, which acts on the finalizers `orphan` and `foregroundDeletion`.
//! * YAML bodies: the answer is 415 unless the server converts them to JSON; an applied configuration
//!   that is not JSON is 400.
//! * Field managers: `managedFields` are copied from the existing Job and reset by `[{}]`, but never
//!   computed. So server-side apply is answered in a dry run (`dryRun=All`) and is 415 otherwise: the
//!   next one would not know what this one applied.

mod admission;
mod apply;
mod canonical;
mod coerce;
mod context;
mod decode;
mod delete_options;
mod deletion;
mod encode;
mod fields;
mod go;
mod handlers;
mod lazy;
mod metadata_validation;
mod names;
mod object_meta;
mod patch;
mod preconditions;
mod registry;
mod request;
mod request_info;
mod respell;
mod response;
mod schema_rules;
mod status_update;
mod strategy;
mod syntax;
mod time;

#[doc(hidden)]
pub mod internals;
pub use jiff;
use serde_json::Value;
use volcano_job_update::internals::structural;
use volcano_job_update::status::Status;
use volcano_job_update::{Job, Validator};

pub use self::admission::{CreationDenial, volcano_creation_denial, volcano_defaults};
pub use self::apply::LAST_APPLIED;
pub use self::context::{NameSuffix, ParseNameSuffixError, ParseUidError, RequestContext, Uid};
pub use self::patch::{NotApplied, PatchError};
pub use self::request::{CreateRequest, DeleteRequest, PatchRequest, ReplaceRequest};
pub use self::response::{ErrorResponse, Response, StoreAction, status_body};

/// Answers a POST: creates a Job. The policy, which judges updates, is not asked.
///
/// The store must add the Job only if it has none of that name, and answer
/// [`Response::already_exists`] otherwise. In a dry run nothing is stored, but a server must look for
/// such a Job as well.
///
/// # Errors
///
/// | code | example |
/// |---|---|
/// | 400 | the body is not a Job, or has another namespace than the URI; it has unknown fields and the URI says `fieldValidation=Strict` |
/// | 413 | the body is too long |
/// | 415 | the content type is not JSON |
/// | 422 | a value is invalid (400 with [`StatusCodes::Documented`]) |
/// | 500 | the body has a resourceVersion; the context has no [uid](RequestContext::with_creation), or no [suffix](RequestContext::with_name_suffix) for a name to generate |
///
/// [`StatusCodes::Documented`]: volcano_job_update::status::StatusCodes::Documented
pub fn create(
    request: &CreateRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    handlers::create(request, validator, context).map_err(|error| error.with_codes(context))
}

/// Answers a PUT: replaces a Job, or creates it if `existing` is `None` and the context
/// [allows it](RequestContext::with_creation).
///
/// # Errors
///
/// The answer to a request that fails:
///
/// | code | example |
/// |---|---|
/// | 400 | the body is not a Job, or does not match the URI; it has unknown fields and the URI says `fieldValidation=Strict` |
/// | 403 | the policy denies a change (422 with [`StatusCodes::Kubernetes`]) |
/// | 404 | the Job does not exist; the URI is that of a [status](ReplaceRequest::is_status) |
/// | 409 | the uid or resourceVersion does not match the existing Job |
/// | 413 | the body is too long |
/// | 415 | the content type is not JSON |
/// | 422 | a value is invalid (400 with [`StatusCodes::Documented`]) |
/// | 500 | the existing Job cannot be read; the resourceVersion of the request is not a number |
///
/// [`StatusCodes::Documented`]: volcano_job_update::status::StatusCodes::Documented
/// [`StatusCodes::Kubernetes`]: volcano_job_update::status::StatusCodes::Kubernetes
pub fn replace(
    existing: Option<&Job<'_>>,
    request: &ReplaceRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    request.info.check_target(false)?;
    handlers::replace(existing, request, validator, context)
        .map_err(|error| error.with_codes(context))
}

/// Answers a PUT of the status of a Job (`…/jobs/hello/status`). Everything but the status stays as it is
/// stored, and the policy is not asked.
///
/// # Errors
///
/// The errors of [`replace()`] except 403; and 404 if the URI is not that of a status.
pub fn replace_status(
    existing: Option<&Job<'_>>,
    request: &ReplaceRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    request.info.check_target(true)?;
    handlers::replace(existing, request, validator, context)
        .map_err(|error| error.with_codes(context))
}

/// Answers a PATCH: applies the patch to the existing Job, and replaces the Job by the result as
/// [`replace()`] does.
///
/// # Errors
///
/// The errors of [`replace()`], and:
///
/// | code | example |
/// |---|---|
/// | 400 | the body is not a patch of its content type |
/// | 404 | `existing` is `None` |
/// | 409 | server-side apply would change fields that other managers own |
/// | 413 | the patch has more than 10,000 operations |
/// | 415 | the content type is neither JSON Patch nor JSON Merge Patch, nor that of server-side apply in a dry run |
/// | 422 | the patch does not apply, or the result is not a Job |
/// | 500 | an applied configuration has a field that the schema does not declare, or a value of another type |
pub fn patch(
    existing: Option<&Job<'_>>,
    request: &PatchRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    request.info.check_target(false)?;
    handlers::patch(existing, request, validator, context)
        .map_err(|error| error.with_codes(context))
}

/// Answers a PATCH of the status of a Job (`…/jobs/hello/status`): applies the patch to the existing Job,
/// and replaces its status as [`replace_status`] does.
///
/// # Errors
///
/// The errors of [`patch()`] except 403; 404 if the URI is not that of a status; 415 for server-side
/// apply, also in a dry run.
pub fn patch_status(
    existing: Option<&Job<'_>>,
    request: &PatchRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    request.info.check_target(true)?;
    handlers::patch(existing, request, validator, context)
        .map_err(|error| error.with_codes(context))
}

/// Answers a DELETE: deletes the Job, or marks it as being deleted if finalizers are left. The options
/// `Foreground` and `Orphan` add one, on which the garbage collector acts.
///
/// The answer is a `Status`, or the Job if it is still stored.
///
/// ```
/// use std::num::NonZeroU64;
///
/// use volcano_job_apiserver::jiff::Timestamp;
/// use volcano_job_apiserver::{DeleteRequest, RequestContext, StoreAction, delete};
/// use volcano_job_update::{Job, Validator};
///
/// let existing = Job::from_slice(br#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job",
///     "metadata":{"name":"hello","namespace":"default","resourceVersion":"7"},"spec":{}}"#)?;
/// let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello";
/// let context =
///     RequestContext::new(NonZeroU64::new(8).ok_or("not zero")?).with_time(Timestamp::now());
/// let delete = |query: &str| {
///     let request = DeleteRequest::from_uri(&format!("{uri}{query}"), b"")?;
///     delete(Some(&existing), &request, &Validator::default(), &context)
/// };
///
/// assert_eq!(delete("")?.store_action(), StoreAction::Delete);
/// let response = delete("?propagationPolicy=Foreground")?;
/// let StoreAction::Update(job) = response.store_action() else { panic!("it is marked") };
/// assert!(job.contains(r#""finalizers":["foregroundDeletion"]"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// | code | example |
/// |---|---|
/// | 400 | the body is not `DeleteOptions` |
/// | 404 | `existing` is `None` |
/// | 409 | a precondition does not match the existing Job |
/// | 413 | the body is too long |
/// | 415 | there is a body, and its content type is not JSON |
/// | 422 | an option has a value that is not supported (400 with [`StatusCodes::Documented`]) |
/// | 500 | the existing Job cannot be read; its deletion begins and the context has no [time](RequestContext::with_time) |
///
/// [`StatusCodes::Documented`]: volcano_job_update::status::StatusCodes::Documented
pub fn delete(
    existing: Option<&Job<'_>>,
    request: &DeleteRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    deletion::delete(existing, request, validator, context)
        .map_err(|error| error.with_codes(context))
}

/// Applies a patch to a Job without validating the result. A JSON array is a JSON Patch, an object
/// a JSON Merge Patch.
///
/// ```
/// use volcano_job_apiserver::apply_patch;
/// use volcano_job_update::Job;
///
/// let existing = Job::from_slice(br#"{"spec": {"tasks": [{"name": "worker", "replicas": 1}]}}"#)?;
/// let patch = br#"[{"op": "replace", "path": "/spec/tasks/0/replicas", "value": 2}]"#;
/// assert_eq!(apply_patch(&existing, patch)?["spec"]["tasks"][0]["replicas"], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The body is not a patch, has more than 10,000 operations, or does not apply; the Job cannot be
/// parsed in full, see [`Job::to_value`]. As a [`Status`], the codes are those of [`patch()`].
pub fn apply_patch(existing: &Job<'_>, body: &[u8]) -> Result<Value, PatchError> {
    let document = existing.to_value().map_err(Status::internal_error)?.to_string();
    let is_json_patch = body.trim_ascii_start().starts_with(b"[");
    let apply = if is_json_patch { patch::json_patch } else { patch::merge_patch };
    let (patched, _) = apply(&document, body, true)?;
    Ok(serde_json::from_str(&patched).map_err(|error| Status::bad_request(error.to_string()))?)
}

/// The Job after [server-side apply] of a configuration by a field manager, without validating it.
///
/// What the manager applied before and the configuration no longer has is removed, unless others own
/// it. The `managedFields` of the existing Job say who owns what; the result has them unchanged.
///
/// [server-side apply]: https://kubernetes.io/docs/reference/using-api/server-side-apply/
///
/// # Errors
///
/// 400: the configuration is of another type than a Job. 409: it changes fields that others own, and
/// `force` is not set; each is a cause. 422: it has a `null` where the schema allows none. 500: it has
/// a field that the schema does not declare, or a value of another type.
pub fn server_side_apply(
    existing: &Job<'_>,
    configuration: &Value,
    manager: &str,
    force: bool,
    validator: &Validator,
) -> Result<Value, Status> {
    let schema = structural(validator);
    let live = handlers::stored_object(existing, schema)?;
    let merged = apply::apply(&live, configuration, manager, force, schema)?;
    let nulls = apply::null_causes(&merged, schema);
    if nulls.is_empty() {
        return Ok(merged);
    }
    Err(Status::invalid(&existing.name().unwrap_or_default(), nulls))
}

/// A value as Go's `json.Marshal` writes it: keys sorted, no white space, `<`, `>` and `&` escaped.
#[must_use]
pub fn go_json(value: &Value) -> String {
    go::text_of(value)
}

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
