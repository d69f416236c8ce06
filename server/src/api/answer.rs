//! Which request gets which answer.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Response};
use bytes::Bytes;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_update::status::Status;
use volcano_job_update_programs::serve::METRICS_TYPE;

use super::change::{Change, Verb};
use super::failure::Failure;
use super::http::{header, json, not_found, of_type};
use super::state::Api;
use super::view::{Encoding, View};
use crate::access::Admitted;
use crate::query::Query;
use crate::store::Key;
use crate::target::{Part, SelfReview, Target};

const TEXT: &str = "text/plain; charset=utf-8";

impl Api {
    pub(crate) async fn answer(&self, request: &Parts, body: Bytes) -> Response<Body> {
        let query = Query::new(request.uri.query().unwrap_or_default());
        match self.try_answer(request, &query, body).await {
            Ok(response) => response,
            Err(failure) => {
                self.metrics.count_violations(failure.denied());
                failure.reply(Encoding::of_request(&request.headers, &query))
            }
        }
    }

    /// Answers a request that is not let in.
    pub(crate) fn deny(request: &Parts, status: Status) -> Response<Body> {
        let query = Query::new(request.uri.query().unwrap_or_default());
        Failure::from(status).reply(Encoding::of_request(&request.headers, &query))
    }

    /// Answers without looking at the request.
    pub(crate) fn refuse(status: Status) -> Response<Body> {
        Failure::from(status).reply(Some(Encoding::Json))
    }

    async fn try_answer(
        &self,
        request: &Parts,
        query: &Query<'_>,
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        match Target::of_path(request.uri.path())? {
            Target::Health => Ok(self.health(request.uri.path()).await),
            Target::Metrics => Ok(of_type(METRICS_TYPE, 200, self.metrics.to_text())),
            Target::Nothing => Ok(not_found()),
            Target::Discovery => self.discovery(request, query),
            Target::SelfReview(review) => self.self_review(review, request, &body),
            Target::Jobs { namespace } => {
                self.answer_jobs(namespace.as_deref(), request, query, body).await
            }
            Target::Job { namespace, name, part } => {
                self.answer_job(Key::new(&namespace, &name), part, request, query, body).await
            }
        }
    }

    async fn answer_jobs(
        &self,
        namespace: Option<&str>,
        request: &Parts,
        query: &Query<'_>,
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        let view = || View::new(&request.headers, query);
        match (&request.method, namespace) {
            (&(Method::GET | Method::HEAD), _) if query.is_set("watch") => {
                self.watch(namespace, query, view()?).await
            }
            (&(Method::GET | Method::HEAD), _) => self.list(namespace, query, view()?).await,
            (&Method::POST, Some(namespace)) => {
                let change = self.requested(Verb::Create, request, body)?;
                self.create(namespace, change, view()?).await
            }
            // Only reading goes across namespaces: elsewhere there is no such path.
            (_, None) => Ok(not_found()),
            (&Method::DELETE, Some(_)) => {
                let change = self.requested(Verb::Delete, request, body)?;
                let admitted = admitted(request)?;
                self.delete_collection(namespace, &change, admitted, query, view()?).await
            }
            (&(Method::PUT | Method::PATCH), Some(_)) => {
                Err(Status::bad_request("name must be provided").into())
            }
            (method, _) => Err(Status::method_not_allowed(verb_of(method)).into()),
        }
    }

    async fn answer_job(
        &self,
        key: Key,
        part: Part,
        request: &Parts,
        query: &Query<'_>,
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        let view = || View::new(&request.headers, query);
        let verb = match (&request.method, part) {
            (_, Part::Unknown) => return Err(Status::not_found(&key.name).into()),
            (&(Method::GET | Method::HEAD), _) => return self.get(&key, query, view()?).await,
            (&Method::PUT, Part::Whole) => Verb::Replace,
            (&Method::PUT, Part::Status) => Verb::ReplaceStatus,
            (&Method::PATCH, Part::Whole) => Verb::Patch,
            (&Method::PATCH, Part::Status) => Verb::PatchStatus,
            (&Method::DELETE, Part::Whole) => Verb::Delete,
            (method, _) => return Err(Status::method_not_allowed(verb_of(method)).into()),
        };
        let change = self.requested(verb, request, body)?;
        self.change(key, change, admitted(request)?, view()?).await
    }

    fn requested(&self, verb: Verb, request: &Parts, body: Bytes) -> Result<Change, Status> {
        Change::new(verb, request, body, self.settings())
    }

    fn self_review(
        &self,
        review: SelfReview,
        request: &Parts,
        body: &[u8],
    ) -> Result<Response<Body>, Failure> {
        if request.method != Method::POST {
            return Err(Status::method_not_allowed(verb_of(&request.method)).into());
        }
        let Admitted { user, .. } = admitted(request)?;
        let content_type = header(request, "content-type");
        let answer =
            review.answer(&self.gate.access, user, content_type, body, Timestamp::now())?;
        Ok(json(201, answer))
    }

    async fn get(
        &self,
        key: &Key,
        query: &Query<'_>,
        view: View,
    ) -> Result<Response<Body>, Failure> {
        self.check_not_older(query).await?;
        match self.store.get(key).await? {
            Some(job) => Ok(view.job(200, &self.shown(key, job).to_json())?),
            None => Err(Status::not_found(&key.name).into()),
        }
    }

    async fn health(&self, path: &str) -> Response<Body> {
        let failure = |what: &str| {
            let text = format!("[-]{what} failed: reason withheld\nreadyz check failed\n");
            of_type(TEXT, 500, text)
        };
        if path.starts_with("/readyz") {
            if self.draining.load(Ordering::Relaxed) {
                return failure("shutdown");
            }
            if self.store.get(&Key::new("readyz", "readyz")).await.is_err() {
                return failure("store");
            }
        }
        of_type(TEXT, 200, "ok")
    }
}

/// Who makes a request.
fn admitted(request: &Parts) -> Result<&Admitted, Status> {
    let unknown = || Status::internal_error("the user of the request is not known");
    request.extensions.get().ok_or_else(unknown)
}

/// A method as a verb, for messages.
fn verb_of(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "get",
    }
}
