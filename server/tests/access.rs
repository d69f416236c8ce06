//! Who may do what, over HTTP: credentials, rules, the header `Audit-Id` and the audit log.
#![expect(clippy::expect_used, reason = "a test may fail")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tower_service::Service;
use volcano_job_server::JobServer;
use volcano_job_server::access::{Access, AccessOptions, AuditLog};
use volcano_job_server::store::MemoryStore;

const JOBS: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs";

const RULES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: updaters}
rules:
  - {apiGroups: [batch.volcano.sh], resources: [jobs], verbs: [get, list, watch, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: updaters, namespace: default}
roleRef: {kind: ClusterRole, name: updaters}
subjects: [{kind: User, name: alice}]
";

/// The body of a 401 of kube-apiserver v1.36.3.
const UNAUTHORIZED: &str = concat!(
    r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","#,
    r#""reason":"Unauthorized","code":401}"#,
    "\n"
);

/// A server, and its audit log.
struct Fixture {
    server: JobServer,
    directory: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (tokens, rules) = (directory.path().join("tokens.csv"), directory.path().join("rules"));
        fs::create_dir(&rules).expect("a directory is made");
        fs::write(rules.join("rules.yaml"), RULES).expect("a file is written");
        let text = "admin-token,admin,1,system:masters\nalice-token,alice,2\n";
        fs::write(&tokens, text).expect("a file is written");
        let mut options = AccessOptions::default();
        (options.token_file, options.rules) = (Some(tokens), Some(rules));
        let access = Access::load(&options).expect("the files are valid");
        let log = AuditLog::open(&directory.path().join("audit.log")).expect("it is opened");
        let server = JobServer::builder(Arc::new(MemoryStore::new()))
            .with_creation_by_put(true)
            .with_access(access)
            .with_audit_log(log)
            .build();
        Self { server, directory }
    }

    async fn send(&self, request: Request<Body>) -> (Response<()>, String) {
        let response = self.server.clone().call(request).await.expect("it cannot fail");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the body is complete").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("the body is text");
        (Response::from_parts(parts, ()), body)
    }

    async fn get(&self, token: &str, path: &str) -> (u16, String) {
        let (response, body) = self.send(request("GET", token, path, "")).await;
        (response.status().as_u16(), body)
    }

    /// The lines of the audit log, after the end of the server.
    fn lines(self) -> Vec<Value> {
        drop(self.server);
        let text = fs::read_to_string(self.directory.path().join("audit.log")).expect("a log");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

fn request(method: &str, token: &str, path: &str, body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let address = ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1234)));
    request.extension(address).body(Body::from(body.to_owned())).expect("a request")
}

#[tokio::test]
async fn only_health_is_served_to_everybody() {
    let fixture = Fixture::new();
    for (token, path, code) in [
        ("", JOBS, 401),
        ("wrong", JOBS, 401),
        ("", "/version", 401),
        ("", "/metrics", 401),
        ("", "/apis", 401),
        ("", "/elsewhere", 401),
        ("", "/readyz", 200),
        ("", "/livez/ping", 200),
        ("", "/healthz", 200),
        ("wrong", "/healthz", 401),
        ("alice-token", "/readyz", 200),
        ("alice-token", JOBS, 200),
        ("alice-token", "/metrics", 403),
        ("admin-token", "/metrics", 200),
    ] {
        assert_eq!(fixture.get(token, path).await.0, code, "{token} {path}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_answered_as_by_an_api_server() {
    let fixture = Fixture::new();
    let (response, body) = fixture.send(request("GET", "wrong", JOBS, "")).await;
    assert_eq!(body, UNAUTHORIZED);
    let mut names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["audit-id", "cache-control", "content-type"]);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-cache, private");

    // In the form that is asked for.
    let path = format!("{JOBS}?pretty=1");
    let (_, body) = fixture.send(request("GET", "wrong", &path, "")).await;
    assert!(body.starts_with("{\n  \"kind\": \"Status\",\n"), "{body}");
}

#[tokio::test]
async fn denied_requests_are_answered_as_by_an_api_server() {
    let fixture = Fixture::new();
    let path = format!("{JOBS}/x");
    let (response, body) = fixture.send(request("DELETE", "alice-token", &path, "")).await;
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(
        body,
        concat!(
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"#,
            r#""jobs.batch.volcano.sh \"x\" is forbidden: User \"alice\" cannot delete resource \"jobs\" in "#,
            r#"API group \"batch.volcano.sh\" in the namespace \"default\"","reason":"Forbidden","details":"#,
            r#"{"name":"x","group":"batch.volcano.sh","kind":"jobs"},"code":403}"#,
            "\n"
        )
    );
    let (code, _) = fixture.get("alice-token", &path.replace("default", "other")).await;
    assert_eq!(code, 403);
}

/// `withAuthorization` of `pkg/endpoints/handlers/update.go`.
#[tokio::test]
async fn a_put_that_creates_needs_create() {
    let fixture = Fixture::new();
    let path = format!("{JOBS}/x");
    let body = r#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{"name":"x"},
        "spec":{"tasks":[{"name":"w","replicas":1,"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}]}}"#;
    let put = |token, body: &str| fixture.send(request("PUT", token, &path, body));
    let (response, text) = put("alice-token", body).await;
    assert_eq!(response.status(), 403, "{text}");
    let message =
        r#"jobs.batch.volcano.sh \"x\" is forbidden: User \"alice\" cannot create resource"#;
    assert!(text.contains(message), "{text}");
    let (response, created) = put("admin-token", body).await;
    assert_eq!(response.status(), 201, "{created}");
    let (response, text) = put("alice-token", &created).await;
    assert_eq!(response.status(), 200, "{text}");
}

#[tokio::test]
async fn users_cannot_act_as_others() {
    let fixture = Fixture::new();
    for path in [JOBS, "/healthz"] {
        let mut request = request("GET", "admin-token", path, "");
        request.headers_mut().insert("Impersonate-User", "alice".parse().expect("a header"));
        let (response, body) = fixture.send(request).await;
        assert_eq!(response.status(), 403, "{body}");
        assert!(body.contains("users cannot act as others here"), "{body}");
    }
}

#[tokio::test]
async fn users_learn_who_they_are() {
    let fixture = Fixture::new();
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (response, body) = fixture.send(request("POST", "alice-token", path, "{}")).await;
    assert_eq!(response.status(), 201);
    let answer: Value = serde_json::from_str(&body).expect("an answer is JSON");
    assert_eq!(answer["status"]["userInfo"]["username"], "alice");
    assert_eq!(fixture.get("alice-token", path).await.0, 403);
    assert_eq!(fixture.get("admin-token", path).await.0, 405);
}

#[tokio::test]
async fn every_request_has_a_line_in_the_audit_log() {
    let fixture = Fixture::new();
    let mut first = request("GET", "alice-token", &format!("{JOBS}?limit=5&token=s3cret"), "");
    first.headers_mut().insert("Audit-Id", "my-id".parse().expect("a header"));
    let (response, _) = fixture.send(first).await;
    assert_eq!(response.headers()["audit-id"], "my-id");
    let (response, _) = fixture.send(request("GET", "s3cret", "/version", "")).await;
    let id = response.headers()["audit-id"].clone();
    fixture.send(request("DELETE", "alice-token", JOBS, "s3cret")).await;
    let watch = format!("{JOBS}?watch=1&timeoutSeconds=1&resourceVersion=0");
    fixture.send(request("GET", "alice-token", &watch, "")).await;

    let lines = fixture.lines();
    let text = |line: &Value, pointer: &str| {
        line.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let summary = |line: &Value| {
        let user = text(line, "/user/username");
        let decision = line["annotations"]["authorization.k8s.io/decision"].as_str();
        let (stage, verb) = (text(line, "/stage"), text(line, "/verb"));
        let code = &line["responseStatus"]["code"];
        format!("{user} {verb} {code} {} {stage}", decision.unwrap_or("none"))
    };
    assert_eq!(
        lines.iter().map(summary).collect::<Vec<_>>(),
        [
            "alice list 200 allow ResponseComplete",
            " get 401 none ResponseComplete",
            "alice deletecollection 403 forbid ResponseComplete",
            "alice watch 200 allow ResponseStarted",
        ]
    );
    assert_eq!(text(&lines[0], "/auditID"), "my-id");
    assert_eq!(text(&lines[1], "/auditID"), id);
    assert_eq!(text(&lines[0], "/sourceIPs/0"), "192.0.2.1");
    assert_eq!(text(&lines[0], "/requestURI"), format!("{JOBS}?limit=5&token="));
    assert!(!format!("{lines:?}").contains("s3cret"));
}

#[tokio::test]
async fn tokens_and_rules_are_read_again() {
    let fixture = Fixture::new();
    let write = |name: &str, text: &str| {
        fs::write(Path::new(fixture.directory.path()).join(name), text).expect("a file is written");
    };
    write("tokens.csv", "new-token,alice,2\n");
    fixture.server.access().reload();
    assert_eq!(fixture.get("alice-token", JOBS).await.0, 401);
    assert_eq!(fixture.get("new-token", JOBS).await.0, 200);
    write("tokens.csv", "short,alice\n");
    write("rules/rules.yaml", &RULES.replace("alice", "bob"));
    fixture.server.access().reload();
    assert_eq!(fixture.get("new-token", JOBS).await.0, 403);
}

#[tokio::test]
async fn a_server_in_memory_lets_everybody_in() {
    let server = JobServer::in_memory();
    let response = server.clone().call(request("GET", "", JOBS, "")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("audit-id"));
}
