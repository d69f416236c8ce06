//! OpenAPI: what kubectl reads for `explain` and before it sends a manifest.
//!
//! `openapi.json` is what an API server publishes for Volcano's CRD, with the schema of `spec` and `status`
//! left out, and with descriptions of our own.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION,
    VARY,
};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha512};
use volcano_job_apiserver::jiff::{SignedDuration, Timestamp};
use volcano_job_update::Validator;
use volcano_job_update::internals::openapi;
use volcano_job_update::resource::API_VERSION;

use super::http::{header, not_found};
use super::view::{accept, accepts_json};
use crate::query::Query;

const PUBLISHED: &str = include_str!("openapi.json");

/// The documents, made once.
#[derive(Debug)]
pub(crate) struct OpenApi {
    v2: Document,
    v3: Document,
    /// Where the documents of version 3 are.
    index: Bytes,
}

#[derive(Debug)]
struct Document {
    json: Bytes,
    etag: String,
}

impl OpenApi {
    pub(crate) fn new(validator: &Validator) -> Self {
        let v3 = published(validator);
        let v2 = Document::new(&version_2(&v3));
        let v3 = Document::new(&v3);
        let url = v3.url();
        let index = json!({"paths": {format!("apis/{API_VERSION}"): {"serverRelativeURL": url}}});
        Self { v2, v3, index: index.to_string().into() }
    }

    /// The answer for a path below `/openapi/`.
    pub(crate) fn answer(
        &self,
        path: &[&str],
        request: &Parts,
        query: &Query<'_>,
    ) -> Response<Body> {
        match path {
            ["v2"] => self.v2.answer(request),
            ["v3"] => index(&self.index),
            ["v3", rest @ ..] if rest.join("/") == format!("apis/{API_VERSION}") => {
                self.v3.answer_with_hash(request, query.get("hash"))
            }
            ["v3", ..] => uncached(empty(StatusCode::NOT_FOUND)),
            _ => not_found(),
        }
    }
}

impl Document {
    fn new(document: &Value) -> Self {
        let json = document.to_string();
        let etag = hash(&json);
        Self { json: json.into(), etag }
    }

    fn url(&self) -> String {
        format!("/openapi/v3/apis/{API_VERSION}?hash={}", self.etag)
    }

    /// Only JSON: clients that prefer protobuf accept JSON as well, or do without the document.
    fn answer(&self, request: &Parts) -> Response<Body> {
        if !accepts_json(accept(&request.headers)) {
            return with(uncached(empty(StatusCode::NOT_ACCEPTABLE)), VARY, "Accept");
        }
        let etag = format!("\"{}\"", self.etag);
        let is_known = header(request, IF_NONE_MATCH.as_str())
            .is_some_and(|known| known.split(',').any(|known| matches(known.trim(), &etag)));
        let response = if is_known {
            empty(StatusCode::NOT_MODIFIED)
        } else {
            with(Response::new(Body::from(self.json.clone())), CONTENT_TYPE, "application/json")
        };
        uncached(with(with(response, ETAG, &etag), VARY, "Accept"))
    }

    /// A document of that hash never changes.
    fn answer_with_hash(&self, request: &Parts, hash: &str) -> Response<Body> {
        let response = self.answer(request);
        if hash.is_empty() || response.status() == StatusCode::NOT_ACCEPTABLE {
            return response;
        }
        if hash != self.etag {
            let response = with(empty(StatusCode::MOVED_PERMANENTLY), LOCATION, &self.url());
            let response = with(response, CONTENT_TYPE, "application/json");
            let response = with(response, ETAG, &format!("\"{}\"", self.etag));
            return uncached(with(response, VARY, "Accept"));
        }
        let in_a_year = Timestamp::now() + SignedDuration::from_hours(365 * 24);
        let expires = in_a_year.strftime("%a, %d %b %Y %H:%M:%S UTC").to_string();
        with(with(response, CACHE_CONTROL, "public, immutable"), EXPIRES, &expires)
    }
}

/// The hash of a document, as an API server writes it.
pub(super) fn hash(document: &str) -> String {
    let digits = Sha512::digest(document).into_iter().map(|byte| format!("{byte:02X}"));
    digits.collect()
}

/// Whether an entity tag of the header `If-None-Match` is that of a document.
fn matches(known: &str, etag: &str) -> bool {
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag
}

fn index(index: &Bytes) -> Response<Body> {
    let response = Response::new(Body::from(index.clone()));
    // An API server of a cluster answers the list of several servers, as text.
    with(uncached(response), CONTENT_TYPE, "text/plain; charset=utf-8")
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn uncached(response: Response<Body>) -> Response<Body> {
    with(response, CACHE_CONTROL, "no-cache, private")
}

fn with(mut response: Response<Body>, name: HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The document of version 3, with the schema of the validator.
#[expect(clippy::expect_used, reason = "every test reads the texts")]
fn published(validator: &Validator) -> Value {
    let mut published: Value = serde_json::from_str(PUBLISHED).expect("the file is JSON");
    let schema: Value = serde_json::from_str(openapi(validator)).expect("the schema is JSON");
    let job = published.pointer_mut("/components/schemas/sh.volcano.batch.v1alpha1.Job");
    if let (Some(Value::Object(job)), Value::Object(schema)) = (job, schema) {
        insert_schema(job, schema);
    }
    published
}

/// Adds what the CRD declares. What every object has stays as it is.
fn insert_schema(job: &mut Map<String, Value>, schema: Map<String, Value>) {
    for (key, value) in schema {
        match (job.get_mut(&key), value) {
            (Some(Value::Object(own)), Value::Object(declared)) => {
                let is_declared = |(name, _): &(String, Value)| {
                    !matches!(&**name, "apiVersion" | "kind" | "metadata")
                };
                own.extend(declared.into_iter().filter(is_declared));
            }
            (_, value) => {
                job.insert(key, value);
            }
        }
    }
}

/// The same as a document of version 2, which says less about values.
fn version_2(v3: &Value) -> Value {
    let schemas = v3.pointer("/components/schemas").and_then(Value::as_object);
    let definitions: Map<_, _> = schemas
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), definition(schema)))
        .collect();
    let paths = v3.get("paths").and_then(Value::as_object);
    let paths: Map<_, _> =
        paths.into_iter().flatten().map(|(path, item)| (path.clone(), path_item(item))).collect();
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "1.36"},
        "paths": paths,
        "definitions": definitions,
    })
}

/// A schema without defaults and alternatives, with references as version 2 has them.
fn definition(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(members.iter().filter_map(keyword).collect()),
        Value::Array(elements) => elements.iter().map(definition).collect(),
        Value::String(text) => text.replace("#/components/schemas/", "#/definitions/").into(),
        other => other.clone(),
    }
}

fn keyword((key, value): (&String, &Value)) -> Option<(String, Value)> {
    match (&**key, value) {
        // A property can have any of these names; its schema is an object.
        ("default" | "anyOf" | "oneOf" | "not", Value::Object(property))
            if property.contains_key("type") =>
        {
            Some((key.clone(), definition(value)))
        }
        ("default" | "anyOf" | "oneOf" | "not", _) => None,
        // It is there because version 3.0 has no keywords beside a reference.
        ("allOf", Value::Array(schemas)) => {
            let reference = schemas.first()?.get("$ref")?;
            Some(("$ref".into(), definition(reference)))
        }
        _ => Some((key.clone(), definition(value))),
    }
}

fn path_item(item: &Value) -> Value {
    let operations = item.as_object().into_iter().flatten().map(|(key, value)| {
        let value = match value {
            Value::Array(parameters) => parameters.iter().map(parameter).collect(),
            operation => self::operation(operation),
        };
        (key.clone(), value)
    });
    Value::Object(operations.collect())
}

fn operation(v3: &Value) -> Value {
    let mut operation = v3.as_object().cloned().unwrap_or_default();
    let parameters = operation.remove("parameters");
    let parameters = parameters.as_ref().and_then(Value::as_array).into_iter().flatten();
    let mut parameters: Vec<_> = parameters.map(parameter).collect();
    if let Some(body) = operation.remove("requestBody") {
        let (media_types, schema) = content(&body);
        let is_required = body.get("required").is_some();
        let mut parameter = json!({"name": "body", "in": "body", "schema": schema});
        if is_required && let Value::Object(parameter) = &mut parameter {
            parameter.insert("required".into(), true.into());
        }
        parameters.insert(0, parameter);
        operation.insert("consumes".into(), media_types);
    }
    let responses = v3.get("responses").and_then(Value::as_object).into_iter().flatten();
    let responses = responses.map(|(code, response)| {
        let (media_types, schema) = content(response);
        if schema.is_null() {
            return (code.clone(), response.clone());
        }
        operation.insert("produces".into(), media_types);
        (code.clone(), json!({"description": response.get("description"), "schema": schema}))
    });
    let responses = responses.collect();
    operation.insert("responses".into(), Value::Object(responses));
    operation.insert("parameters".into(), parameters.into());
    operation.insert("schemes".into(), json!(["https"]));
    Value::Object(operation)
}

/// The media types of a body or a response, and the schema that they share.
fn content(of: &Value) -> (Value, Value) {
    let content = of.get("content").and_then(Value::as_object);
    let media_types: Vec<_> = content.into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let schema = content.into_iter().flatten().find_map(|(_, media_type)| media_type.get("schema"));
    (media_types.into(), schema.map_or(Value::Null, definition))
}

fn parameter(v3: &Value) -> Value {
    let mut parameter = v3.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(schema)) = parameter.remove("schema") {
        parameter.extend(schema);
    }
    Value::Object(parameter)
}
