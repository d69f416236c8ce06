//! Recorded requests and answers of a real API server, compared with `replace` and `patch`.
//!
//! The recordings are in `tests/data`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "unexpected data is a broken test"
)]

#[path = "../../tests/util/data.rs"]
mod data;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use volcano_job_apiserver::{
    ErrorResponse, PatchRequest, ReplaceRequest, RequestContext, Response, StoreAction, patch,
    patch_status, replace, replace_status,
};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Job, UpdatePolicy, Validator};

use data::{recordings, report};

/// A recorded request and its answer.
struct Exchange {
    verb: String,
    uri: String,
    content_type: Option<String>,
    body: Vec<u8>,
    code: u64,
    answer: Value,
    /// The text of the answer, if it is not compact JSON.
    text: Option<String>,
    bytes: u64,
    warnings: Vec<String>,
}

/// The reason why a request is not replayed.
fn exception(recording: &str, exchange: &Value, request: &Value) -> Option<&'static str> {
    let answer = &exchange["response"]["body"]["json"];
    let message = answer["message"].as_str().unwrap_or_default();
    let content_type = request["contentType"].as_str().unwrap_or_default();
    if message.contains("admission webhook") || message.contains("failed calling webhook") {
        return Some("a denial by the recording webhook, or its failure");
    }
    if recording.starts_with("mutating-") || recording.starts_with("denial-o-mutating") {
        return Some("a mutating webhook changed the object");
    }
    if exchange["response"]["code"] == 0 {
        return Some("the server broke off without an answer");
    }
    if content_type == "application/yaml" {
        return Some("a body of YAML, which a caller has to turn into JSON");
    }
    if content_type == "application/apply-patch+yaml" {
        return Some("server-side apply, which is out of scope");
    }
    if message.contains("ResourceExhausted") || message.contains("etcdserver") {
        return Some("a limit of the store, which is the caller's");
    }
    if body(request).is_none() || answer.is_null() && exchange["response"]["body"]["text"].is_null()
    {
        return Some("not recorded in full");
    }
    None
}

fn body(request: &Value) -> Option<Vec<u8>> {
    let body = request.get("body")?;
    if let Some(text) = body.get("text").and_then(Value::as_str) {
        return Some(text.as_bytes().to_vec());
    }
    let json = body.get("json")?;
    // Very long lists and strings are truncated in the recordings, and marked as such.
    let text = json.to_string();
    (!text.contains(" items in all") && !text.contains(" characters, sha256 "))
        .then(|| text.into_bytes())
}

fn exchange(exchange: &Value) -> Exchange {
    let request = &exchange["request"];
    let query = request["query"].as_str().unwrap_or_default();
    let response = &exchange["response"];
    let headers = response["headers"].as_array().cloned().unwrap_or_default();
    let warning = |header: &Value| {
        let text = header[1].as_str().filter(|_| header[0] == "Warning")?;
        serde_json::from_str(text.strip_prefix("299 - ")?).ok()
    };
    Exchange {
        verb: request["verb"].as_str().unwrap().into(),
        uri: format!("{}?{query}", request["path"].as_str().unwrap()),
        content_type: request["contentType"].as_str().map(Into::into),
        body: body(request).unwrap(),
        code: response["code"].as_u64().unwrap(),
        answer: response["body"]["json"].clone(),
        text: response["body"]["text"].as_str().map(Into::into),
        bytes: response["bytes"].as_u64().unwrap(),
        warnings: headers.iter().filter_map(warning).collect(),
    }
}

fn answer(
    stored: Option<&str>,
    exchange: &Exchange,
    validator: &Validator,
) -> Result<Response, ErrorResponse> {
    let existing = stored.map(|text| Job::from_slice(text.as_bytes()).unwrap());
    let version = exchange.answer["metadata"]["resourceVersion"].as_str().unwrap_or("1");
    let version = version.parse().unwrap();
    let context = RequestContext::new(version).with_status_codes(StatusCodes::Kubernetes);
    if exchange.verb == "PATCH" {
        let content_type = exchange.content_type.as_deref().unwrap_or_default();
        let request = PatchRequest::from_uri(&exchange.uri, content_type, &exchange.body)?;
        let patch = if request.is_status() { patch_status } else { patch };
        return patch(existing.as_ref(), &request, validator, &context);
    }
    let mut request = ReplaceRequest::from_uri(&exchange.uri, &exchange.body)?;
    if let Some(content_type) = &exchange.content_type {
        request = request.with_content_type(content_type.as_str());
    }
    let replace = if request.is_status() { replace_status } else { replace };
    replace(existing.as_ref(), &request, validator, &context)
}

/// The Job without the fields that differ between runs.
fn comparable(job: &Value) -> Value {
    let mut job = job.clone();
    if let Some(metadata) = job["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
    }
    job
}

fn sorted(causes: &Value) -> Vec<String> {
    let causes = causes.as_array().cloned().unwrap_or_default();
    let mut causes: Vec<String> = causes.iter().map(ToString::to_string).collect();
    causes.sort();
    causes
}

/// A message with its errors sorted, since a server lists them in random order.
fn message(status: &Value) -> String {
    let message = status["message"].as_str().unwrap_or_default();
    match (message.split_once(": ["), status["details"]["causes"].as_array()) {
        (Some((lead, _)), Some(causes)) if message.ends_with(']') => {
            let error = |cause: &Value| {
                format!(
                    "{}: {}",
                    cause["field"].as_str().unwrap(),
                    cause["message"].as_str().unwrap()
                )
            };
            let mut errors: Vec<String> = causes.iter().map(error).collect();
            errors.sort();
            errors.dedup();
            let length: usize = errors.iter().map(String::len).sum();
            format!("{lead}: {errors:?} {length} of {}", message.len())
        }
        _ => message.into(),
    }
}

/// The differences between our answer and the recorded one.
fn differences(
    name: &str,
    exchange: &Exchange,
    ours: &Result<Response, ErrorResponse>,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            found.push(format!("{what}\n      ours:   {ours}\n      theirs: {theirs}"));
        }
    };
    match ours {
        Err(ErrorResponse { status, warnings, .. }) => {
            let ours = serde_json::to_value(status).unwrap();
            compare("warnings", format!("{warnings:?}"), format!("{:?}", exchange.warnings));
            compare("code", status.code.to_string(), exchange.code.to_string());
            compare("reason", ours["reason"].to_string(), exchange.answer["reason"].to_string());
            compare("message", message(&ours), message(&exchange.answer));
            let mut both = [ours["details"].clone(), exchange.answer["details"].clone()];
            let causes = both.each_mut().map(|details| {
                let causes = details.as_object_mut().and_then(|details| details.remove("causes"));
                format!("{:?}", sorted(&causes.unwrap_or_default()))
            });
            compare("details", both[0].to_string(), both[1].to_string());
            let [ours, theirs] = causes;
            compare("causes", ours, theirs);
        }
        Ok(response) => {
            compare("code", response.code().to_string(), exchange.code.to_string());
            let body: Value = serde_json::from_str(response.body()).unwrap();
            let (ours, theirs) = (comparable(&body), comparable(&exchange.answer));
            compare("response", ours.to_string(), theirs.to_string());
            if body == exchange.answer {
                compare("bytes", response.body().len().to_string(), exchange.bytes.to_string());
                if let Some(text) = &exchange.text {
                    compare("text", response.body().into(), text.clone());
                }
            }
            // The warnings of the policy (ours) or of the recording webhook (theirs) come last.
            if name.starts_with("denial-") {
                return found;
            }
            let given =
                &response.warnings()[..response.warnings().len().min(exchange.warnings.len())];
            compare("warnings", format!("{given:?}"), format!("{:?}", exchange.warnings));
        }
    }
    found
}

#[derive(Default)]
struct Tally {
    replayed: usize,
    accepted: usize,
    /// The requests that are not replayed: their number and their recordings, by reason.
    exceptions: BTreeMap<&'static str, (usize, BTreeSet<String>)>,
    /// Whether the stored Job at the end of the recording is known.
    is_known: bool,
    differences: Vec<String>,
}

impl Tally {
    fn recording(&mut self, name: &str, recording: &Value, validator: &Validator) {
        self.is_known = true;
        // The stored Job at the time of each request.
        let mut stored = Some(recording["storedBefore"].clone()).filter(|job| !job.is_null());
        for step in recording["steps"].as_array().unwrap() {
            let exchanges = step["exchanges"].as_array().cloned();
            for recorded in exchanges.unwrap_or_else(|| vec![step.clone()]) {
                self.request(name, &recorded, &mut stored, validator);
            }
        }
        let Some(stored) = stored.filter(|_| self.is_known) else { return };
        let after = &recording["storedAfter"];
        if after.is_object() && comparable(&stored) != comparable(after) {
            self.differences.push(format!("{name}: stored after: {stored}\n      theirs: {after}"));
        }
    }

    fn request(
        &mut self,
        name: &str,
        recorded: &Value,
        stored: &mut Option<Value>,
        validator: &Validator,
    ) {
        let request = &recorded["request"];
        let answered = &recorded["response"]["body"]["json"];
        let is_job = answered["kind"] == "Job";
        let verb = request["verb"].as_str().unwrap_or_default();
        if !matches!(verb, "PUT" | "PATCH") {
            // The answer to another verb shows the Job that is stored now.
            match verb {
                "" | "GET" | "DELETE" | "POST" if is_job => *stored = Some(answered.clone()),
                "DELETE" => *stored = None,
                _ => {}
            }
            return;
        }
        if let Some(why) = exception(name, recorded, request) {
            let (count, recordings) = self.exceptions.entry(why).or_default();
            *count += 1;
            recordings.insert(name.to_owned());
            if is_job {
                *stored = Some(answered.clone());
            } else if recorded["response"]["code"] == 200 {
                self.is_known = false;
            }
            return;
        }
        let exchange = exchange(recorded);
        let text = stored.as_ref().map(ToString::to_string);
        let other = stored.as_ref().is_some_and(|job| {
            let path = request["path"].as_str().unwrap();
            !path.trim_end_matches("/status").ends_with(&format!(
                "/namespaces/{}/jobs/{}",
                job["metadata"]["namespace"].as_str().unwrap(),
                job["metadata"]["name"].as_str().unwrap()
            ))
        });
        let ours = answer(text.as_deref().filter(|_| !other), &exchange, validator);
        self.replayed += 1;
        self.accepted += usize::from(ours.is_ok());
        let found = differences(name, &exchange, &ours);
        if !found.is_empty() {
            self.differences.push(format!("{name} {}: {}", exchange.uri, found.join("\n    ")));
        }
        if let Ok(response) = &ours {
            match response.store_action() {
                StoreAction::Keep => {}
                StoreAction::Delete => *stored = None,
                StoreAction::Create(job) | StoreAction::Update(job) => {
                    *stored = Some(serde_json::from_str(job).unwrap());
                }
            }
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the number of replayed requests is part of the result")]
fn replayed_requests_get_the_recorded_answers() {
    let validator = Validator::new(UpdatePolicy::permissive());
    let mut tally = Tally::default();
    for (name, recording) in recordings() {
        tally.recording(&name, &recording, &validator);
    }
    report(tally.replayed, &format!("requests replayed, {} of them accepted", tally.accepted));
    for (why, (count, recordings)) in &tally.exceptions {
        let recordings: Vec<&str> = recordings.iter().map(String::as_str).collect();
        eprintln!("not replayed: {count}: {why}: {}", recordings.join(", "));
    }
    assert!(
        tally.differences.is_empty(),
        "{} differences:\n{}",
        tally.differences.len(),
        tally.differences.join("\n")
    );
}
