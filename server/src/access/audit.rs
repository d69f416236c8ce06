//! The audit log: who did what, and what became of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use axum::http::header::{HeaderName, HeaderValue, USER_AGENT};
use axum::http::{HeaderMap, Uri};
use serde::Serialize;
use uuid::Uuid;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_update::ViolationCode;

use super::attributes::Attributes;
use super::policy::Decision;
use super::user::User;

/// How many events wait for the writer at most.
const QUEUE: usize = 8192;

const MAX_ID_BYTES: usize = 64;
const MAX_USER_AGENT_BYTES: usize = 1024;

/// The header with the id of a request, which the answer has too.
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

/// The parameters whose values are written down. The others, such as selectors and continue tokens, may
/// have what nobody should read.
const SHOWN_PARAMETERS: &[&str] = &[
    "allowWatchBookmarks",
    "dryRun",
    "fieldManager",
    "fieldValidation",
    "force",
    "gracePeriodSeconds",
    "limit",
    "orphanDependents",
    "pretty",
    "propagationPolicy",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeout",
    "timeoutSeconds",
    "watch",
];

/// The id of a request in the audit log and in the header `Audit-Id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditId(String);

/// What is known about a request for the audit log. No part of a Job is.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    id: AuditId,
    received: Timestamp,
    uri: String,
    user_agent: String,
    source: Option<IpAddr>,
    user: Option<User>,
    attributes: Option<Attributes>,
    authorization: Option<Decision>,
    verdict: Option<Verdict>,
}

/// What the policy for updates decided about a request. An answer has it as an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    is_allowed: bool,
    /// Separated by commas.
    codes: String,
}

/// The audit log: a line for each request, in JSON. Clones write to the same log.
///
/// A line is an [event] of the level `Metadata`, as kube-apiserver writes it to `--audit-log-path`: who
/// asked for what when, and the code of the answer. The annotations `authorization.k8s.io/…` say whether
/// it was authorized, and `policy.volcano-job-update.github.io/…` what the policy for updates decided and
/// the codes of the violations. Values of query parameters are shown only if they cannot be secret.
///
/// Requests do not wait for the log: a thread writes it. If it is so slow that 8192 lines are waiting,
/// further ones are lost; [`lost`](Self::lost) counts them, as it does those that cannot be written. What
/// waits is written when the last clone is dropped.
///
/// [event]: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
#[derive(Clone, Debug)]
pub struct AuditLog(Arc<Log>);

#[derive(Debug)]
struct Log {
    /// `None` at the end.
    sender: Option<SyncSender<Entry>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Entry {
    event: AuditEvent,
    code: u16,
    stage: &'static str,
    time: Timestamp,
}

/// The file of an audit log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the audit log {name}: {error}")]
#[non_exhaustive]
pub struct AuditLogError {
    /// The file.
    pub name: String,
    /// The error of the operating system.
    pub error: io::Error,
}

impl AuditId {
    /// The id that the client gives to its request in the header `Audit-Id`, or a new one. As Kubernetes'
    /// [`WithAuditInit`], but a text of more than 64 bytes, or with others than printable ones of ASCII,
    /// is no id.
    ///
    /// [`WithAuditInit`]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/audit_init.go
    #[must_use]
    pub fn of_request(headers: &HeaderMap) -> Self {
        let given = headers.get(AUDIT_ID).and_then(|value| value.to_str().ok());
        let is_id = |id: &&str| {
            (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let id = given.filter(is_id).map(ToOwned::to_owned);
        Self(id.unwrap_or_else(|| Uuid::new_v4().to_string()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sets the header `Audit-Id` of an answer.
    pub fn set_header(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            headers.insert(AUDIT_ID, value);
        }
    }
}

impl AuditEvent {
    /// A request that arrives now.
    #[must_use]
    pub fn new(id: AuditId, uri: &Uri, headers: &HeaderMap, source: Option<IpAddr>) -> Self {
        Self {
            id,
            received: Timestamp::now(),
            uri: shown_uri(uri),
            user_agent: user_agent(headers),
            source,
            user: None,
            attributes: None,
            authorization: None,
            verdict: None,
        }
    }

    /// Notes what it asks for.
    pub fn set_attributes(&mut self, attributes: Attributes) {
        self.attributes = Some(attributes);
    }

    /// Notes who makes it.
    pub fn set_user(&mut self, user: User) {
        self.user = Some(user);
    }

    /// Notes whether the user may make it.
    pub fn set_authorization(&mut self, decision: Decision) {
        self.authorization = Some(decision);
    }

    /// Notes what the policy for updates decided.
    pub fn set_verdict(&mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
    }
}

impl Verdict {
    /// The update is allowed.
    #[must_use]
    pub fn allowed() -> Self {
        Self { is_allowed: true, codes: String::new() }
    }

    /// The update is denied, for violations with these codes. Each is noted once.
    #[must_use]
    pub fn denied(codes: impl IntoIterator<Item = ViolationCode>) -> Self {
        let codes: BTreeSet<&str> = codes.into_iter().map(ViolationCode::as_str).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        Self { is_allowed: false, codes: codes.join(",") }
    }
}

impl AuditLog {
    /// Appends to a file, which only its owner may read if it is new, or writes to standard output if the
    /// path is `-`.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or no thread can be started.
    pub fn open(path: &Path) -> Result<Self, AuditLogError> {
        let open = || {
            if path.as_os_str() == "-" {
                return Self::to(io::stdout());
            }
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            Self::to(options.open(path)?)
        };
        let name = path.display().to_string();
        open().map_err(|error| AuditLogError { name, error })
    }

    /// Notes the answer to a request.
    pub fn write(&self, event: AuditEvent, code: u16) {
        self.send(event, code, "ResponseComplete");
    }

    /// Notes the answer to a request that goes on, such as a watch.
    pub fn write_started(&self, event: AuditEvent, code: u16) {
        self.send(event, code, "ResponseStarted");
    }

    /// How many lines are lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    fn to(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let writer =
            Writer { output: BufWriter::new(output), lost: Arc::clone(&lost), has_failed: false };
        let thread = thread::Builder::new().name("audit-log".into());
        let thread = thread.spawn(move || writer.run(&receiver))?;
        Ok(Self(Arc::new(Log { sender: Some(sender), writer: Mutex::new(Some(thread)), lost })))
    }

    fn send(&self, event: AuditEvent, code: u16, stage: &'static str) {
        let entry = Entry { event, code, stage, time: Timestamp::now() };
        let is_sent = self.0.sender.as_ref().is_some_and(|sender| sender.try_send(entry).is_ok());
        if !is_sent && self.0.lost.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("the audit log is too slow: lines are lost");
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.sender = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.take() {
            let _ = writer.join();
        }
    }
}

struct Writer<W: Write> {
    output: BufWriter<W>,
    lost: Arc<AtomicU64>,
    has_failed: bool,
}

impl<W: Write> Writer<W> {
    fn run(mut self, receiver: &Receiver<Entry>) {
        while let Ok(first) = receiver.recv() {
            let mut text = String::new();
            let mut count = 0;
            for entry in std::iter::once(first).chain(receiver.try_iter().take(QUEUE)) {
                text.push_str(&entry.to_line());
                count += 1;
            }
            let written = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
            self.note(written, count);
        }
    }

    /// Logs the first failure, and when it is over.
    fn note(&mut self, written: io::Result<()>, lines: u64) {
        match written {
            Ok(()) if self.has_failed => tracing::info!("the audit log can be written again"),
            Ok(()) => {}
            Err(error) => {
                self.lost.fetch_add(lines, Ordering::Relaxed);
                if !self.has_failed {
                    tracing::error!(%error, "the audit log cannot be written: lines are lost");
                }
                self.has_failed = true;
                return;
            }
        }
        self.has_failed = false;
    }
}

/// An event of `audit.k8s.io/v1`, its fields in the order of Kubernetes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'e> {
    kind: &'static str,
    api_version: &'static str,
    level: &'static str,
    #[serde(rename = "auditID")]
    audit_id: &'e str,
    stage: &'static str,
    #[serde(rename = "requestURI")]
    request_uri: &'e str,
    verb: &'e str,
    user: UserLine<'e>,
    #[serde(rename = "sourceIPs", skip_serializing_if = "Option::is_none")]
    source_ips: Option<[String; 1]>,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_ref: Option<ObjectLine<'e>>,
    response_status: StatusLine,
    request_received_timestamp: String,
    stage_timestamp: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, &'e str>,
}

#[derive(Default, Serialize)]
struct UserLine<'e> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'e str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'e [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'e BTreeMap<String, Vec<String>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectLine<'e> {
    #[serde(skip_serializing_if = "str::is_empty")]
    resource: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_group: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_version: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'e str,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct StatusLine {
    metadata: Empty,
    code: u16,
}

impl Entry {
    #[expect(clippy::expect_used, reason = "strings and numbers under fixed keys always serialize")]
    fn to_line(&self) -> String {
        let event = &self.event;
        let line = Line {
            kind: "Event",
            api_version: "audit.k8s.io/v1",
            level: "Metadata",
            audit_id: event.id.as_str(),
            stage: self.stage,
            request_uri: &event.uri,
            verb: event.attributes.as_ref().map_or("", Attributes::verb),
            user: event.user.as_ref().map(UserLine::new).unwrap_or_default(),
            source_ips: event.source.map(|address| [address.to_canonical().to_string()]),
            user_agent: &event.user_agent,
            object_ref: event.attributes.as_ref().and_then(ObjectLine::new),
            response_status: StatusLine { metadata: Empty {}, code: self.code },
            request_received_timestamp: micro_time(event.received),
            stage_timestamp: micro_time(self.time),
            annotations: event.annotations(),
        };
        serde_json::to_string(&line).expect("strings and numbers serialize") + "\n"
    }
}

impl AuditEvent {
    fn annotations(&self) -> BTreeMap<&'static str, &str> {
        let mut annotations = BTreeMap::new();
        if let Some(Decision { is_allowed, reason }) = &self.authorization {
            let decision = if *is_allowed { "allow" } else { "forbid" };
            annotations.insert("authorization.k8s.io/decision", decision);
            annotations.insert("authorization.k8s.io/reason", reason);
        }
        if let Some(Verdict { is_allowed, codes }) = &self.verdict {
            let verdict = if *is_allowed { "allowed" } else { "denied" };
            annotations.insert("policy.volcano-job-update.github.io/verdict", verdict);
            if !codes.is_empty() {
                annotations.insert("policy.volcano-job-update.github.io/violations", codes);
            }
        }
        annotations
    }
}

impl<'e> UserLine<'e> {
    fn new(user: &'e User) -> Self {
        let extra = Some(user.extra()).filter(|extra| !extra.is_empty());
        Self { username: user.name(), uid: user.uid(), groups: user.groups(), extra }
    }
}

impl<'e> ObjectLine<'e> {
    fn new(attributes: &'e Attributes) -> Option<Self> {
        let resource = attributes.resource()?;
        Some(Self {
            resource: &resource.plural,
            namespace: &resource.namespace,
            name: &resource.name,
            api_group: &resource.group,
            api_version: &resource.version,
            subresource: &resource.subresource,
        })
    }
}

/// Kubernetes' `MicroTime`.
fn micro_time(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// As Kubernetes' [`maybeTruncateUserAgent`] does.
///
/// [`maybeTruncateUserAgent`]: https://github.com/kubernetes/apiserver/blob/master/pkg/audit/request.go
fn user_agent(headers: &HeaderMap) -> String {
    let bytes = headers.get(USER_AGENT).map_or(&[][..], |value| value.as_bytes());
    match bytes.get(..MAX_USER_AGENT_BYTES) {
        Some(start) if bytes.len() > MAX_USER_AGENT_BYTES => {
            String::from_utf8_lossy(start).into_owned() + "...TRUNCATED"
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A path, and the query without values that are not to be shown.
fn shown_uri(uri: &Uri) -> String {
    let mut shown = uri.path().to_owned();
    let parameters = uri.query().into_iter().flat_map(|query| query.split('&'));
    let shown_parameters = parameters.map(|parameter| match parameter.split_once('=') {
        Some((key, _)) if !SHOWN_PARAMETERS.contains(&key) => Cow::Owned(format!("{key}=")),
        _ => Cow::Borrowed(parameter),
    });
    for (position, parameter) in shown_parameters.enumerate() {
        shown.push(if position == 0 { '?' } else { '&' });
        shown.push_str(&parameter);
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use serde_json::{Value, json};

    use super::*;

    fn headers(headers: &[(&'static str, &str)]) -> HeaderMap {
        let parse = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().expect("a value"))
        };
        headers.iter().map(parse).collect()
    }

    fn event(uri: &'static str) -> AuditEvent {
        let id = AuditId::of_request(&headers(&[("audit-id", "my-id")]));
        let headers = headers(&[("user-agent", "record"), ("authorization", "Bearer t")]);
        let source = Some("127.0.0.1".parse().expect("an address"));
        AuditEvent::new(id, &Uri::from_static(uri), &headers, source)
    }

    fn line(event: AuditEvent, code: u16) -> Value {
        let entry = Entry { event, code, stage: "ResponseComplete", time: Timestamp::UNIX_EPOCH };
        let mut line: Value = serde_json::from_str(&entry.to_line()).expect("a line is JSON");
        let received = line["requestReceivedTimestamp"].take();
        // Such as 2026-11-30T12:00:00.123456Z.
        assert_eq!(received.as_str().map(str::len), Some(27));
        line
    }

    /// The fields are those of a line of kube-apiserver v1.36.3 (`--audit-log-path`, level `Metadata`).
    #[test]
    fn a_line_is_an_event_of_kubernetes() {
        let mut event =
            event("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/status?pretty=1");
        event.set_user(User::new("alice", "7", vec!["readers".into()]));
        event.set_attributes(Attributes::of_jobs("update", "n", "a").with_subresource("status"));
        event.set_authorization(Decision::allowed("RBAC: allowed"));
        event.set_verdict(Verdict::denied([
            ViolationCode::ImmutableField,
            ViolationCode::DroppedDefault,
            ViolationCode::ImmutableField,
        ]));
        let expected = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "my-id",
            "stage": "ResponseComplete",
            "requestURI": "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/status?pretty=1",
            "verb": "update",
            "user": {"username": "alice", "uid": "7", "groups": ["readers", "system:authenticated"]},
            "sourceIPs": ["127.0.0.1"], "userAgent": "record",
            "objectRef": {"resource": "jobs", "namespace": "n", "name": "a",
                "apiGroup": "batch.volcano.sh", "apiVersion": "v1alpha1", "subresource": "status"},
            "responseStatus": {"metadata": {}, "code": 403},
            "requestReceivedTimestamp": null, "stageTimestamp": "1970-01-01T00:00:00.000000Z",
            "annotations": {
                "authorization.k8s.io/decision": "allow",
                "authorization.k8s.io/reason": "RBAC: allowed",
                "policy.volcano-job-update.github.io/verdict": "denied",
                "policy.volcano-job-update.github.io/violations": "dropped-default,immutable-field",
            },
        });
        assert_eq!(line(event, 403), expected);
    }

    #[test]
    fn a_request_without_a_user_has_no_object_but_a_line() {
        let mut event = event("/version");
        event.set_attributes(Attributes::of_path("get", "/version"));
        let line = line(event, 401);
        assert_eq!((&line["verb"], &line["user"]), (&json!("get"), &json!({})));
        assert_eq!((line.get("objectRef"), line.get("annotations")), (None, None));
    }

    #[test]
    fn values_of_parameters_that_may_be_secret_are_not_shown() {
        let uri = "/a%20b?limit=5&labelSelector=s3cret&continue=s3cret&token=s3cret&watch&=s3cret";
        assert_eq!(
            shown_uri(&Uri::from_static(uri)),
            "/a%20b?limit=5&labelSelector=&continue=&token=&watch&="
        );
    }

    /// `WithAuditInit` of `audit_init.go`.
    #[test]
    fn the_id_is_that_of_the_request_or_a_new_one() {
        let id = |value: &str| AuditId::of_request(&headers(&[("audit-id", value)]));
        assert_eq!(id("abc-1").as_str(), "abc-1");
        for invalid in ["", "a b", "\u{e9}", &"x".repeat(65)] {
            let new = id(invalid);
            assert!(new.as_str().parse::<Uuid>().is_ok(), "{new:?}");
        }
        let none = HeaderMap::new();
        assert_ne!(AuditId::of_request(&none), AuditId::of_request(&none));
    }

    #[test]
    fn a_long_user_agent_is_cut() {
        let agent = |length| user_agent(&headers(&[("user-agent", &"x".repeat(length))]));
        assert_eq!(agent(1024), "x".repeat(1024));
        assert_eq!(agent(1025), "x".repeat(1024) + "...TRUNCATED");
    }

    /// An output that waits until it may go on, and tells what it gets.
    struct Slow {
        go_on: Receiver<()>,
        written: mpsc::Sender<usize>,
    }

    impl Write for Slow {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let _ = self.go_on.recv();
            let lines = text.split(|byte| *byte == b'\n').count() - 1;
            let _ = self.written.send(lines);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn requests_do_not_wait_for_a_slow_log() {
        let (go_on, wait) = mpsc::channel();
        let (written, counts) = mpsc::channel();
        let log = AuditLog::to(Slow { go_on: wait, written }).expect("a thread is started");
        let sent = 3 * QUEUE;
        for _ in 0..sent {
            log.write(event("/"), 200);
        }
        // One round is with the writer at most, and one in the queue.
        let lost = usize::try_from(log.lost()).expect("a number of lines");
        assert!(lost >= sent - 2 * QUEUE - 1, "{lost}");
        drop(go_on);
        drop(log);
        assert_eq!(counts.iter().sum::<usize>() + lost, sent);
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let log = AuditLog::to(Full).expect("a thread is started");
        let lost = Arc::clone(&log.0.lost);
        log.write(event("/"), 200);
        log.write(event("/"), 200);
        drop(log);
        assert_eq!(lost.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_file_is_appended_to_and_complete_at_the_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("audit.log");
        for code in [200, 201] {
            let log = AuditLog::open(&path).expect("the file is opened");
            log.clone().write(event("/"), code);
            drop(log);
        }
        let text = std::fs::read_to_string(&path).expect("the file is read");
        let code = |line: &str| {
            let line: Value = serde_json::from_str(line).expect("a line is JSON");
            line["responseStatus"]["code"].clone()
        };
        assert_eq!(text.lines().map(code).collect::<Vec<_>>(), [200, 201]);
        let error = AuditLog::open(directory.path()).expect_err("it is a directory");
        assert!(error.to_string().starts_with("cannot write the audit log "), "{error}");
    }
}
