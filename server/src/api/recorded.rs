//! The answers of a kube-apiserver, as `scripts/record-forms` has recorded them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use volcano_job_update::Validator;
use volcano_job_update::status::StatusCodes;

use super::state::{Api, Options};
use crate::access::{Access, Gate};
use crate::store::{Key, MemoryStore, Store, StoredJob};

#[derive(Deserialize)]
struct Stored {
    namespace: String,
    name: String,
    version: u64,
    text: String,
}

#[derive(Deserialize)]
struct Recorded {
    path: String,
    headers: BTreeMap<String, String>,
    code: u16,
    /// Headers.
    answer: BTreeMap<String, String>,
    /// A text, or what is known of it if it depends on the other resources of the server.
    body: Value,
}

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

fn lines<T: for<'de> Deserialize<'de>>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn recorded() -> Vec<Recorded> {
    lines(include_str!("../../tests/data/forms.jsonl"))
}

/// A server with the recorded Jobs.
fn api() -> Api {
    let store = MemoryStore::new();
    let mut jobs: Vec<Stored> = lines(include_str!("../../tests/data/jobs.jsonl"));
    jobs.sort_by_key(|job| job.version);
    for Stored { namespace, name, version, text } in jobs {
        let job = StoredJob::new(&text, version).unwrap();
        assert_eq!(job.to_json(), text);
        store.history().push(version, Key::new(&namespace, &name), Some(job));
    }
    let options = Options {
        validator: Validator::default(),
        status_codes: StatusCodes::Kubernetes,
        puts_create: false,
        asks_volcano: false,
        self_links: false,
    };
    let gate = Gate { access: Access::everyone(), audit: None };
    Api::new(Arc::new(store), options, gate)
}

async fn ask(api: &Api, path: &str, headers: &BTreeMap<String, String>) -> Answer {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let response = api.answer(&parts, Bytes::new()).await;
    let code = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers
        .filter(|(name, _)| {
            ["cache-control", "content-type", "etag", "vary"].contains(&name.as_str())
        })
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { code, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// A list has the number of the last write, which another write raises that is not about Jobs.
fn at_version(body: &str, version: u64) -> String {
    let fronts = [
        r#"],"kind":"JobList","metadata":{"continue":"","resourceVersion":""#,
        r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":""#,
        r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1beta1","metadata":{"resourceVersion":""#,
        r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":""#,
        r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1beta1","metadata":{"resourceVersion":""#,
        "\n  \"metadata\": {\n    \"continue\": \"\",\n    \"resourceVersion\": \"",
        "\n  \"metadata\": {\n    \"resourceVersion\": \"",
        "\nmetadata:\n  continue: \"\"\n  resourceVersion: \"",
        "\nmetadata:\n  resourceVersion: \"",
    ];
    for front in fronts {
        if let Some((before, behind)) = body.rsplit_once(front) {
            let (_, behind) = behind.split_once('"').unwrap();
            return format!("{before}{front}{version}\"{behind}");
        }
    }
    body.to_owned()
}

#[tokio::test(start_paused = true)]
async fn answers_are_those_of_an_api_server() {
    let api = api();
    let version = api.store.history().version();
    let mut differences = Vec::new();
    let mut count = 0;
    for Recorded { path, headers, code, answer, body } in recorded() {
        let Value::String(body) = body else { continue };
        let is_version = path.starts_with("/version") && code == 200;
        if is_version || path.contains("limit=1") {
            continue;
        }
        let found = ask(&api, &path, &headers).await;
        let expected = Answer { code, headers: answer, body };
        let is_list = !path.contains("/jobs/") && !path.contains("watch");
        let expected = if is_list {
            Answer { body: at_version(&expected.body, version), ..expected }
        } else {
            expected
        };
        count += 1;
        if expected != found {
            differences.push(format!("{path} {headers:?}\n  {found:?}\n  {expected:?}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(count > 500, "{count}");
}

/// The groups of `/apis` are those of one server only, and so are the addresses of `/api` and the version.
#[tokio::test]
async fn what_depends_on_the_server_has_the_same_shape() {
    let api = api();
    let mut count = 0;
    for Recorded { path, headers, code, answer, body } in recorded() {
        let Value::Object(shape) = body else { continue };
        let mut found = ask(&api, &path, &headers).await;
        found.headers.remove("etag");
        assert_eq!((found.code, &found.headers), (code, &answer), "{path} {headers:?}");
        let document: Value = serde_json::from_str(&found.body).unwrap();
        let mut keys: Vec<_> = shape["keys"].as_array().unwrap().iter().collect();
        keys.sort_by_key(|key| key.as_str());
        let document_keys: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
        let mut document_keys: Vec<_> = document_keys.into_iter().map(Value::from).collect();
        document_keys.sort_by_key(|key| key.as_str().map(str::to_owned));
        assert!(document_keys.iter().eq(keys), "{path} {headers:?}");
        if let Some(group) = shape.get("group") {
            let groups = document.get("groups").or_else(|| document.get("items"));
            assert_eq!(groups, Some(group), "{path} {headers:?}");
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[tokio::test]
async fn pages_are_those_of_an_api_server() {
    let api = api();
    let without = |body: &Value| {
        let mut list: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
        let token = list["metadata"]["continue"].take();
        assert!(token.as_str().is_some_and(|token| !token.is_empty()));
        list["metadata"]["resourceVersion"].take();
        list
    };
    let mut count = 0;
    for Recorded { path, headers, body, .. } in recorded() {
        if path.contains("limit=1") {
            let found = ask(&api, &path, &headers).await;
            assert_eq!(without(&found.body.into()), without(&body), "{headers:?}");
            count += 1;
        }
    }
    assert_eq!(count, 2);
}

fn without_descriptions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, value| key != "description" || !value.is_string());
            members.values_mut().for_each(without_descriptions);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_descriptions),
        _ => {}
    }
}

fn openapi_recording() -> Value {
    serde_json::from_str(include_str!("../../tests/data/openapi.json")).unwrap()
}

/// The schema of `spec` and `status` was left out of the recording: it is that of the CRD.
fn take_schema(document: &mut Value, job: &str) -> Value {
    let properties = document.pointer_mut(job).unwrap().get_mut("properties").unwrap();
    let object = serde_json::json!({"type": "object"});
    let spec = std::mem::replace(&mut properties["spec"], object.clone());
    properties["status"] = object;
    spec
}

#[tokio::test]
async fn openapi_v3_is_that_of_an_api_server() {
    let api = api();
    let recording = openapi_recording();
    let no_headers = BTreeMap::new();
    let index = ask(&api, "/openapi/v3", &no_headers).await;
    assert_eq!(serde_json::to_value(&index.headers).unwrap(), recording["index_headers"]);
    let index: Value = serde_json::from_str(&index.body).unwrap();
    let url = index["paths"]["apis/batch.volcano.sh/v1alpha1"]["serverRelativeURL"].as_str();
    let (path, hash) = url.unwrap().split_once("?hash=").unwrap();
    assert_eq!(path, recording["index_entry"]);

    let mut document = ask(&api, path, &no_headers).await;
    assert_eq!(document.headers.remove("etag"), Some(format!("\"{hash}\"")));
    assert_eq!(serde_json::to_value(&document.headers).unwrap(), recording["v3_headers"]);
    let mut document: Value = serde_json::from_str(&document.body).unwrap();
    let crd: Value =
        serde_json::from_str(include_str!("../../../schemas/job.openapi.json")).unwrap();
    let spec = take_schema(&mut document, "/components/schemas/sh.volcano.batch.v1alpha1.Job");
    assert_eq!(spec, crd["properties"]["spec"]);
    without_descriptions(&mut document);
    assert_eq!(document, recording["v3"]);
}

/// The order of media types does not matter.
fn set(value: Option<&Value>) -> Option<Value> {
    let mut value = value.cloned()?;
    if let Value::Array(elements) = &mut value {
        elements.sort_by_key(ToString::to_string);
    }
    Some(value)
}

#[tokio::test]
async fn openapi_v2_has_the_definitions_of_an_api_server() {
    let api = api();
    let recording = openapi_recording();
    let mut document: Value =
        serde_json::from_str(&ask(&api, "/openapi/v2", &BTreeMap::new()).await.body).unwrap();
    take_schema(&mut document, "/definitions/sh.volcano.batch.v1alpha1.Job");
    without_descriptions(&mut document);
    let kinds = "x-kubernetes-group-version-kind";
    for (name, recorded) in recording["v2"]["definitions"].as_object().unwrap() {
        let (mut found, mut recorded) = (document["definitions"][name].take(), recorded.clone());
        if !name.starts_with("sh.volcano") {
            // An API server lists the groups of all of its resources.
            for definition in [&mut found, &mut recorded] {
                definition.as_object_mut().unwrap().remove(kinds);
            }
        }
        assert_eq!(found, recorded, "{name}");
    }
    let (paths, recorded) = (&document["paths"], &recording["v2"]["paths"]);
    for (path, item) in recorded.as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            for key in ["operationId", "x-kubernetes-action", "consumes", "produces", "tags", kinds]
            {
                let found = paths[path][verb].get(key);
                // Of a verb without a body an API server says what it could be.
                if key != "consumes" || found.is_some() {
                    let (found, expected) = (set(found), set(operation.get(key)));
                    assert_eq!(found, expected, "{path} {verb} {key}");
                }
            }
        }
    }
}

#[tokio::test]
async fn openapi_is_cached_by_its_hash() {
    let api = api();
    let path = "/openapi/v3/apis/batch.volcano.sh/v1alpha1";
    let mut headers = BTreeMap::new();
    let document = ask(&api, path, &headers).await;
    let etag = document.headers["etag"].clone();
    let hash = etag.trim_matches('"');

    let immutable = ask(&api, &format!("{path}?hash={hash}"), &headers).await;
    assert_eq!(immutable.headers["cache-control"], "public, immutable");
    assert_eq!(immutable.body, document.body);
    assert_eq!(ask(&api, &format!("{path}?hash=x"), &headers).await.code, 301);

    headers.insert("if-none-match".into(), etag);
    let unchanged = ask(&api, path, &headers).await;
    assert_eq!((unchanged.code, &*unchanged.body), (304, ""));

    for (accept, code) in [
        ("application/json, */*", 200),
        ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", 406),
        ("application/yaml", 406),
    ] {
        let headers = BTreeMap::from([("accept".to_owned(), accept.to_owned())]);
        assert_eq!(ask(&api, "/openapi/v2", &headers).await.code, code, "{accept}");
    }
}
