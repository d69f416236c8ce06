//! Discovery: which groups, versions and resources there are.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, Response, StatusCode};
use volcano_job_apiserver::internals::indent;
use volcano_job_update::resource::{API_VERSION, GROUP, KIND, RESOURCE, VERSION};
use volcano_job_update::status::Status;

use super::failure::Failure;
use super::http::{header, not_found, of_type};
use super::openapi::hash;
use super::state::Api;
use super::view::{Accepted, Encoding, Endpoint, SERVED, accept};
use crate::query::Query;
use crate::target::segments;

/// The names of the CRD.
const SINGULAR: &str = "job";
const SHORT_NAMES: [&str; 2] = ["vcjob", "vj"];
/// In the order of an API server.
const VERBS: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const STATUS_VERBS: [&str; 3] = ["get", "patch", "update"];

/// Changes when Jobs are stored in another version, so it never does:
/// [StorageVersionHash](https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/discovery/storageversionhash.go)
/// of `batch.volcano.sh/v1alpha1/Job`.
const STORAGE_VERSION_HASH: &str = "DbMX/QqtM30=";

/// The version of Kubernetes whose answers these are, and what gives them.
const GIT_VERSION: &str = "v1.36.3+volcano-job-server";

/// Nothing of the core group is served, but clients look for it.
const CORE_RESOURCES: &str = r#"{"kind":"APIResourceList","groupVersion":"v1","resources":[]}"#;
const CORE_DISCOVERY: &str = concat!(
    r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"#,
    r#""items":[{"metadata":{},"versions":[{"version":"v1","freshness":"Current"}]}]}"#
);

/// What is at `/`.
const PATHS: &[&str] = &[
    "/api",
    "/api/v1",
    "/apis",
    "/apis/",
    "/apis/batch.volcano.sh",
    "/apis/batch.volcano.sh/v1alpha1",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/readyz",
    "/version",
];

impl Api {
    /// The answer to a request for what is served.
    pub(super) fn discovery(
        &self,
        request: &Parts,
        query: &Query<'_>,
    ) -> Result<Response<Body>, Failure> {
        let path = request.uri.path();
        let segments = segments(path);
        let reads = matches!(request.method, Method::GET | Method::HEAD);
        match &*segments {
            [] => Ok(of_type("application/json", 200, paths())),
            // Other documents do not depend on the method.
            ["version" | "api"] | ["api", "v1"] if !reads => {
                Err(Status::method_not_served().into())
            }
            ["version"] => version(request),
            ["api", ..] if !is_routed(request, SERVED) => Err(not_routed(SERVED)),
            ["api"] => groups(request, query, &core_versions(request), CORE_DISCOVERY),
            ["api", "v1"] => document(request, query, CORE_RESOURCES),
            ["api", "v1", "namespaces", name] if is_namespace(name) => {
                document(request, query, &namespace(name))
            }
            ["apis"] => groups(request, query, &group_list(), &group_discovery()),
            ["apis", GROUP] => document(request, query, &group()),
            ["apis", GROUP, VERSION] => document(request, query, &job_resources()),
            // Elsewhere a slash at the end makes no difference.
            ["openapi", ..] if path.ends_with('/') => Ok(not_found()),
            ["openapi", rest @ ..] => Ok(self.settings().openapi().answer(rest, request, query)),
            ["api" | "version", ..] => Err(Status::not_served().into()),
            _ => Ok(not_found()),
        }
    }
}

/// Whether a name can be that of a namespace.
fn is_namespace(name: &str) -> bool {
    let is_named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.bytes().all(is_named)
}

/// A namespace, all of which there are. kubectl asks for it when it finds no Job, to say which of both is
/// missing.
fn namespace(name: &str) -> String {
    format!(
        r#"{{"kind":"Namespace","apiVersion":"v1","metadata":{{"name":"{name}"}},"status":{{"phase":"Active"}}}}"#
    )
}

/// A list of groups, or all that is in them if the client accepts that.
fn groups(
    request: &Parts,
    query: &Query<'_>,
    list: &str,
    discovery: &str,
) -> Result<Response<Body>, Failure> {
    let accepted = Accepted::new(accept(&request.headers), Endpoint::AggregatedDiscovery);
    let Some(accepted) = accepted.filter(|accepted| !accepted.target.is_empty()) else {
        return document(request, query, list);
    };
    let encoding = Encoding::new(accepted, &request.headers, query);
    let etag = format!("\"{}\"", hash(discovery));
    let mut response = if header(request, IF_NONE_MATCH.as_str()) == Some(&etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        encoding.reply(200, discovery.to_owned())?
    };
    let target = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    if response.status() == StatusCode::OK {
        set(&mut response, CONTENT_TYPE, &format!("{};{target}", encoding.content_type()));
    }
    set(&mut response, CACHE_CONTROL, "public");
    set(&mut response, ETAG, &etag);
    set(&mut response, VARY, "Accept");
    Ok(response)
}

/// A document that has one form only.
fn document(request: &Parts, query: &Query<'_>, json: &str) -> Result<Response<Body>, Failure> {
    match Encoding::of_request(&request.headers, query) {
        Some(encoding) => Ok(encoding.reply(200, json.to_owned())?),
        None => Err(Status::not_acceptable(SERVED).into()),
    }
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn paths() -> String {
    indent(&format!(r#"{{"paths":{}}}"#, list(PATHS)))
}

/// A list of texts without special characters.
fn list(texts: &[&str]) -> String {
    format!(r#"["{}"]"#, texts.join(r#"",""#))
}

/// The version, which is JSON for people whatever a client prefers.
fn version(request: &Parts) -> Result<Response<Body>, Failure> {
    const ONLY_JSON: &[&str] = &["application/json"];
    if !is_routed(request, ONLY_JSON) {
        return Err(not_routed(ONLY_JSON));
    }
    let platform = format!("{}/{}", std::env::consts::OS, go_name(std::env::consts::ARCH));
    let version = format!(
        r#"{{"major":"1","minor":"36","emulationMajor":"1","emulationMinor":"36","minCompatibilityMajor":"1","minCompatibilityMinor":"35","gitVersion":"{GIT_VERSION}","gitCommit":"","gitTreeState":"","buildDate":"1970-01-01T00:00:00Z","goVersion":"","compiler":"rustc","platform":"{platform}"}}"#
    );
    Ok(of_type("application/json", 200, indent(&version)))
}

/// Whether Go's router has a handler for what the client accepts. It does not look at parameters.
fn is_routed(request: &Parts, media_types: &[&str]) -> bool {
    let accept = accept(&request.headers);
    let mut ranges =
        accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    accept.is_empty() || ranges.any(|range| range == "*/*" || media_types.contains(&range))
}

fn not_routed(media_types: &[&str]) -> Failure {
    let mut status = Status::not_served();
    (status.code, status.reason) = (406, "NotAcceptable".into());
    let media_types = media_types.join(", ");
    status.message = format!("406: Not Acceptable\n\nAvailable representations: {media_types}");
    status.into()
}

fn go_name(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn core_versions(request: &Parts) -> String {
    // The address by which the client found this server. Nobody uses it for anything else.
    let host = header(request, "host").or_else(|| Some(request.uri.authority()?.as_str()));
    let host = host.unwrap_or_default().replace(['"', '\\'], "");
    format!(
        r#"{{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{{"clientCIDR":"0.0.0.0/0","serverAddress":"{host}"}}]}}"#
    )
}

/// The group without its kind.
fn group_members() -> String {
    let version = format!(r#"{{"groupVersion":"{API_VERSION}","version":"{VERSION}"}}"#);
    format!(r#""name":"{GROUP}","versions":[{version}],"preferredVersion":{version}"#)
}

fn group() -> String {
    format!(r#"{{"kind":"APIGroup","apiVersion":"v1",{}}}"#, group_members())
}

fn group_list() -> String {
    format!(r#"{{"kind":"APIGroupList","apiVersion":"v1","groups":[{{{}}}]}}"#, group_members())
}

fn job_resources() -> String {
    let (verbs, short_names) = (list(&VERBS), list(&SHORT_NAMES));
    let jobs = format!(
        r#"{{"name":"{RESOURCE}","singularName":"{SINGULAR}","namespaced":true,"kind":"{KIND}","verbs":{verbs},"shortNames":{short_names},"storageVersionHash":"{STORAGE_VERSION_HASH}"}}"#
    );
    let verbs = list(&STATUS_VERBS);
    let status = format!(
        r#"{{"name":"{RESOURCE}/status","singularName":"","namespaced":true,"kind":"{KIND}","verbs":{verbs}}}"#
    );
    format!(
        r#"{{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"{API_VERSION}","resources":[{jobs},{status}]}}"#
    )
}

fn group_discovery() -> String {
    let kind = format!(r#"{{"group":"{GROUP}","version":"{VERSION}","kind":"{KIND}"}}"#);
    let (verbs, short_names) = (list(&VERBS), list(&SHORT_NAMES));
    let status_verbs = list(&STATUS_VERBS);
    let status =
        format!(r#"{{"subresource":"status","responseKind":{kind},"verbs":{status_verbs}}}"#);
    let jobs = format!(
        r#"{{"resource":"{RESOURCE}","responseKind":{kind},"scope":"Namespaced","singularResource":"{SINGULAR}","verbs":{verbs},"shortNames":{short_names},"subresources":[{status}]}}"#
    );
    format!(
        r#"{{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{{}},"items":[{{"metadata":{{"name":"{GROUP}"}},"versions":[{{"version":"{VERSION}","resources":[{jobs}],"freshness":"Current"}}]}}]}}"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn namespace_has_its_name() {
        let parsed: Value = serde_json::from_str(&namespace("team-1")).expect("it is JSON");
        assert_eq!(parsed["metadata"], json!({"name": "team-1"}));
        assert!(is_namespace("team-1"));
        for name in ["Team", "a\"b", "%61", "a.b"] {
            assert!(!is_namespace(name), "{name}");
        }
    }
}
