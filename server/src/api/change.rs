//! Requests that change a Job: read it, decide, and write if it is still the same.

use std::num::NonZeroU64;
use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, Uri};
use bytes::Bytes;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{
    CreateRequest, DeleteRequest, ErrorResponse, NameSuffix, PatchRequest, ReplaceRequest,
    RequestContext, Response as Decision, StoreAction, Uid, create, delete, patch, patch_status,
    replace, replace_status,
};
use volcano_job_update::Job;
use volcano_job_update::resource::{API_VERSION, RESOURCE};
use volcano_job_update::status::Status;
use volcano_job_update_programs::parse_manifest;

use super::failure::Failure;
use super::http::{header, warn};
use super::state::{Api, Settings};
use super::view::View;
use crate::access::{Admitted, Verdict};
use crate::query::Query;
use crate::store::{Key, StoredJob, Write};

/// A body of more bytes is handled on a thread for work that blocks, so that other requests go on.
const MAX_INLINE_BYTES: usize = 64 * 1024;

/// The resourceVersion of a Job that is not yet written. The store gives it its own.
const UNWRITTEN: NonZeroU64 = NonZeroU64::MIN;

/// How many names are tried for a Job whose name is generated.
const MAX_NAMES: u32 = 8;

/// What a request asks to do to a Job.
#[derive(Debug)]
pub(super) struct Change {
    verb: Verb,
    uri: String,
    content_type: Option<String>,
    body: Bytes,
    settings: Arc<Settings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Replace,
    ReplaceStatus,
    Patch,
    PatchStatus,
    Delete,
}

impl Change {
    pub(super) fn new(
        verb: Verb,
        request: &Parts,
        body: Bytes,
        settings: Arc<Settings>,
    ) -> Result<Self, Status> {
        let content_type = header(request, "content-type").map(ToOwned::to_owned);
        let (content_type, body) = match content_type.as_deref() {
            Some(content_type) if is_yaml(content_type) => (None, json_of_yaml(&body)?),
            _ => (content_type, body),
        };
        Ok(Self { verb, uri: without_pretty(&request.uri), content_type, body, settings })
    }

    fn decide(&self, existing: Option<&StoredJob>) -> Result<Decision, ErrorResponse> {
        let text = existing.map(StoredJob::to_json);
        // What is stored is longer than the body was: `<` has six characters, and there is more metadata.
        let mut limits = *self.settings.options.validator.policy().limits();
        limits.text_bytes = usize::MAX;
        let existing = text.as_ref().map(|text| limits.read_slice(text.as_bytes()));
        let existing = existing.transpose().map_err(Status::internal_error)?;
        self.decide_for(existing.as_ref())
    }

    fn decide_for(&self, existing: Option<&Job<'_>>) -> Result<Decision, ErrorResponse> {
        let Self { uri, body, settings, .. } = self;
        let (validator, context) = (&settings.options.validator, self.context());
        match self.verb {
            Verb::Create => {
                let request = CreateRequest::from_uri(uri, body)?;
                create(&self.typed(request, CreateRequest::with_content_type), validator, &context)
            }
            Verb::Replace | Verb::ReplaceStatus => {
                let request = ReplaceRequest::from_uri(uri, body)?;
                let request = self.typed(request, ReplaceRequest::with_content_type);
                let answer = if self.verb == Verb::Replace { replace } else { replace_status };
                answer(existing, &request, validator, &context)
            }
            Verb::Patch | Verb::PatchStatus => {
                let content_type = self.content_type.as_deref().unwrap_or_default();
                let request = PatchRequest::from_uri(uri, content_type, body)?;
                let answer = if self.verb == Verb::Patch { patch } else { patch_status };
                answer(existing, &request, validator, &context)
            }
            Verb::Delete => {
                let request = DeleteRequest::from_uri(uri, body)?;
                let request = self.typed(request, DeleteRequest::with_content_type);
                delete(existing, &request, validator, &context)
            }
        }
    }

    /// A request with the content type of its body.
    fn typed<'c, R>(&'c self, request: R, with_type: impl Fn(R, &'c str) -> R) -> R {
        match &self.content_type {
            Some(content_type) => with_type(request, content_type),
            None => request,
        }
    }

    fn context(&self) -> RequestContext {
        let options = &self.settings.options;
        let now = Timestamp::now();
        let mut context = RequestContext::new(UNWRITTEN)
            .with_status_codes(options.status_codes)
            .with_time(now)
            .with_name_suffix(NameSuffix::from_random(rand::random()));
        if options.self_links {
            context = context.with_self_link();
        }
        if options.asks_volcano {
            context = context.with_volcano_webhooks();
        }
        if options.puts_create || self.verb == Verb::Create {
            context = context.with_creation(new_uid(), now);
        }
        context
    }
}

impl Api {
    /// Does a change. If somebody else writes the Job in between, it is decided again: a request with a
    /// resourceVersion is then a conflict.
    pub(super) async fn change(
        &self,
        key: Key,
        change: Change,
        admitted: &Admitted,
        view: View,
    ) -> Result<Response<Body>, Failure> {
        let change = Arc::new(change);
        // Other servers can have written since, which a write finds out, and whatever else comes of it is
        // decided for the Job that is stored.
        let mut existing = self.store.history().get(&key);
        loop {
            let expected = existing.as_ref().map(StoredJob::version);
            let decision = self.decide_change(&change, existing, admitted).await;
            let write = decision.as_ref().ok();
            let write = write.and_then(|decision| write_of(decision, &key, expected));
            let writes = write.is_some();
            if let Some(write) = write {
                let is_deleted = write.job.is_none();
                if let Some(version) = self.store.write(write).await? {
                    return reply(decision?, Some(version).filter(|_| !is_deleted), view);
                }
                self.metrics.conflicts.inc();
            }
            existing = self.store.get(&key).await?;
            if !writes && existing.as_ref().map(StoredJob::version) == expected {
                return reply(decision?, None, view);
            }
        }
    }

    /// Who creates a Job with a PUT must have the right to create it as well.
    async fn decide_change(
        &self,
        change: &Arc<Change>,
        existing: Option<StoredJob>,
        Admitted { user, attributes }: &Admitted,
    ) -> Result<Decision, Failure> {
        let decision = decide(change, existing).await?;
        if decision.code() == 201 {
            self.gate.access.authorize(user, &attributes.to_create())?;
        }
        Ok(decision)
    }

    /// Creates a Job.
    pub(super) async fn create(
        &self,
        namespace: &str,
        change: Change,
        view: View,
    ) -> Result<Response<Body>, Failure> {
        let change = Arc::new(change);
        for attempt in 1.. {
            let decision = decide(&change, None).await?;
            let key = Key::new(namespace, decision.created_name().unwrap_or_default());
            let StoreAction::Create(job) = decision.store_action() else {
                // A dry run fails as well if there is such a Job.
                let stored = self.store.get(&key).await?;
                return match stored {
                    None => reply(decision, None, view),
                    Some(stored) => Err(already_exists(&decision, Some(&stored)).into()),
                };
            };
            let write = Write { key: key.clone(), expected: None, job: Some(job.into()) };
            if let Some(version) = self.store.write(write).await? {
                return reply(decision, Some(version), view);
            }
            if !decision.has_generated_name() || attempt == MAX_NAMES {
                let stored = self.store.get(&key).await?;
                return Err(already_exists(&decision, stored.as_ref()).into());
            }
        }
        Err(Status::internal_error("no name is free").into())
    }

    /// Deletes the Jobs of a list, which is the answer.
    pub(super) async fn delete_collection(
        &self,
        namespace: Option<&str>,
        change: &Change,
        admitted: &Admitted,
        query: &Query<'_>,
        view: View,
    ) -> Result<Response<Body>, Failure> {
        let (jobs, meta) = self.find(namespace, query).await?;
        for (key, _) in &jobs {
            let mut uri = job_path(key);
            if let Some((_, query)) = change.uri.split_once('?') {
                uri = format!("{uri}?{query}");
            }
            let content_type = change.content_type.clone();
            let (body, settings) = (change.body.clone(), Arc::clone(&change.settings));
            let verb = Verb::Delete;
            let change = Change { verb, uri, content_type, body, settings };
            match self.change(key.clone(), change, admitted, view).await {
                // Somebody else was faster.
                Err(failure) if failure.status().code == 404 => {}
                result => drop(result?),
            }
        }
        Ok(view.list(jobs.into_iter().map(|(_, job)| job).collect(), &meta)?)
    }
}

fn job_path(Key { namespace, name }: &Key) -> String {
    format!("/apis/{API_VERSION}/namespaces/{namespace}/{RESOURCE}/{name}")
}

fn already_exists(decision: &Decision, stored: Option<&StoredJob>) -> Status {
    let text = stored.map(StoredJob::to_json);
    let job = text.as_ref().and_then(|text| Job::from_slice(text.as_bytes()).ok());
    decision.already_exists(job.as_ref())
}

/// `None` if nothing is written.
fn write_of(decision: &Decision, key: &Key, expected: Option<u64>) -> Option<Write> {
    let job = match decision.store_action() {
        StoreAction::Keep => return None,
        StoreAction::Create(job) | StoreAction::Update(job) => Some(job.into()),
        StoreAction::Delete => None,
    };
    Some(Write::new(key.clone(), expected, job))
}

async fn decide(
    change: &Arc<Change>,
    existing: Option<StoredJob>,
) -> Result<Decision, ErrorResponse> {
    let existing_bytes = existing.as_ref().map_or(0, |job| job.text().len());
    if change.body.len() + existing_bytes <= MAX_INLINE_BYTES {
        return change.decide(existing.as_ref());
    }
    let change = Arc::clone(change);
    let task = tokio::task::spawn_blocking(move || change.decide(existing.as_ref()));
    let failed = |error| Status::internal_error(format_args!("the request failed: {error}"));
    task.await.map_err(failed)?
}

/// Whether a body is YAML. An applied configuration always is; it is read where it is applied.
fn is_yaml(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/yaml")
}

fn json_of_yaml(body: &[u8]) -> Result<Bytes, Status> {
    let error = |error| Status::bad_request(format!("error converting YAML to JSON: {error}"));
    Ok(parse_manifest(body).map_err(error)?.to_string().into())
}

/// The path and the query without `pretty`, which the view applies.
fn without_pretty(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let query: Vec<_> = query.filter(|parameter| !parameter.starts_with("pretty")).collect();
    format!("{}?{}", uri.path(), query.join("&"))
}

/// The answer, with the number that the store gave to the Job.
fn reply(decision: Decision, version: Option<u64>, view: View) -> Result<Response<Body>, Failure> {
    let code = decision.code();
    let warnings = decision.warnings().to_vec();
    let is_judged = decision.review().is_some();
    let body = decision.into_body();
    let body = match version {
        Some(version) => StoredJob::new(&body, version)?.to_json(),
        None => body,
    };
    let mut response = view.job(code, &body)?;
    warn(&mut response, &warnings);
    if is_judged {
        response.extensions_mut().insert(Verdict::allowed());
    }
    Ok(response)
}

#[expect(clippy::expect_used, reason = "a UUID is a uid")]
fn new_uid() -> Uid {
    uuid::Uuid::new_v4().to_string().parse().expect("a UUID in lower case")
}
