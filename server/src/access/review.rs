//! What users ask about themselves: `kubectl auth can-i`, `kubectl auth whoami`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};
use volcano_job_update_programs::parse_manifest;

use super::attributes::{Attributes, Resource};
use super::checks::Access;
use super::manifest::{PolicyRule, null_as_default};
use super::policy::Policy;
use super::user::User;
use crate::target::SelfReview;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The body of a request. What is unknown is skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Question {
    api_version: String,
    kind: String,
    metadata: Value,
    #[serde(deserialize_with = "null_as_default")]
    spec: Spec,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_attributes: Option<ResourceAttributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    non_resource_attributes: Option<NonResourceAttributes>,
    /// Only of a [`SelfReview::Rules`].
    #[serde(skip_serializing)]
    namespace: String,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceAttributes {
    #[prost(string, tag = "1")]
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    verb: String,
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    #[prost(string, tag = "4")]
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[prost(string, tag = "5")]
    #[serde(skip_serializing_if = "String::is_empty")]
    resource: String,
    #[prost(string, tag = "6")]
    #[serde(skip_serializing_if = "String::is_empty")]
    subresource: String,
    #[prost(string, tag = "7")]
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
}

#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct NonResourceAttributes {
    #[prost(string, tag = "1")]
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    verb: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<S, T> {
    kind: &'static str,
    api_version: &'static str,
    metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<S>,
    status: T,
}

#[derive(Serialize)]
struct AccessStatus {
    allowed: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: String,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct RulesStatus {
    resource_rules: Vec<ResourceRule>,
    non_resource_rules: Vec<NonResourceRule>,
    incomplete: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    evaluation_error: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<String>,
}

#[derive(Serialize)]
struct NonResourceRule {
    verbs: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserStatus<'u> {
    user_info: UserInfo<'u>,
}

#[derive(Serialize)]
struct UserInfo<'u> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'u str,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'u str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'u [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: &'u BTreeMap<String, Vec<String>>,
}

impl SelfReview {
    fn kind(self) -> &'static str {
        match self {
            Self::Access => "SelfSubjectAccessReview",
            Self::Rules => "SelfSubjectRulesReview",
            Self::User => "SelfSubjectReview",
        }
    }

    fn api_version(self) -> &'static str {
        match self {
            Self::Access | Self::Rules => "authorization.k8s.io/v1",
            Self::User => "authentication.k8s.io/v1",
        }
    }

    /// The answer to a POST: the body of a 201, in JSON. kubectl asks in protobuf.
    ///
    /// # Errors
    ///
    /// 400, 415 or 422: the body is no such question.
    pub(crate) fn answer(
        self,
        access: &Access,
        user: &User,
        content_type: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<String, Status> {
        let question = self.read(content_type, body)?;
        let metadata = BTreeMap::new();
        Ok(match self {
            Self::Access => {
                let decision = access.decide(user, &question.attributes()?);
                let (allowed, reason) = (decision.is_allowed, decision.reason);
                let status = AccessStatus { allowed, reason };
                self.to_json(metadata, Some(question.spec), status)
            }
            Self::Rules if question.spec.namespace.is_empty() => {
                return Err(Status::bad_request("no namespace on request"));
            }
            Self::Rules => {
                let status = access.rules_of(user, &question.spec.namespace);
                self.to_json(metadata, Some(Spec::default()), status)
            }
            Self::User => {
                let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                let metadata = BTreeMap::from([("creationTimestamp", time)]);
                let (username, uid) = (user.name(), user.uid());
                let user_info =
                    UserInfo { username, uid, groups: user.groups(), extra: user.extra() };
                self.to_json(metadata, None::<Spec>, UserStatus { user_info })
            }
        })
    }

    #[expect(clippy::expect_used, reason = "strings under fixed keys always serialize")]
    fn to_json(
        self,
        metadata: BTreeMap<&'static str, String>,
        spec: Option<Spec>,
        status: impl Serialize,
    ) -> String {
        let (kind, api_version) = (self.kind(), self.api_version());
        let answer = Answer { kind, api_version, metadata, spec, status };
        let json = serde_json::to_string(&answer).expect("strings and lists serialize");
        // As Go does. None of these is in JSON outside of a string.
        let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029") + "\n"
    }

    fn read(self, content_type: Option<&str>, body: &[u8]) -> Result<Question, Status> {
        let content_type = content_type.unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let question: Question = match media_type {
            "" | JSON => {
                self.read_value(|| serde_json::from_slice(body).map_err(|e| e.to_string()))?
            }
            YAML => self.read_value(|| parse_manifest(body).map_err(|e| e.to_string()))?,
            PROTOBUF => self.read_protobuf(body)?,
            _ => return Err(Status::unsupported_media_type(&[JSON, YAML, PROTOBUF])),
        };
        self.check_type(&question)?;
        Ok(question)
    }

    fn read_value(self, parse: impl FnOnce() -> Result<Value, String>) -> Result<Question, Status> {
        let kind = self.kind();
        let parsed = parse().and_then(|value| match value {
            Value::Object(_) => Ok(value),
            _ => Err("not an object".to_owned()),
        });
        let value = parsed.map_err(|error| {
            Status::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): \
                 couldn't get version/kind; json parse error: {error}"
            ))
        })?;
        serde_json::from_value(value).map_err(|error| {
            Status::bad_request(format!(
                "{kind} in version \"v1\" cannot be handled as a {kind}: json: {error}"
            ))
        })
    }

    fn read_protobuf(self, body: &[u8]) -> Result<Question, Status> {
        let malformed = |error: Cow<'static, str>| {
            let kind = self.kind();
            Status::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): {error}"
            ))
        };
        let body = body.strip_prefix(b"k8s\0").ok_or_else(|| malformed("no prefix".into()))?;
        Question::of_protobuf(self, body).map_err(|error| malformed(error.to_string().into()))
    }

    fn check_type(self, question: &Question) -> Result<(), Status> {
        let Question { api_version, kind, .. } = question;
        if !kind.is_empty() && kind != self.kind() {
            let (expected, own) = (self.kind(), self.api_version());
            let version = api_version.rsplit('/').next().unwrap_or_default();
            return Err(Status::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {expected}: \
                 no kind \"{kind}\" is registered for version \"{own}\""
            )));
        }
        if !api_version.is_empty() && api_version != self.api_version() {
            return Err(Status::bad_request(format!(
                "the API version in the data ({api_version}) does not match the expected API version \
                 ({})",
                self.api_version()
            )));
        }
        Ok(())
    }
}

impl Question {
    /// What it asks about; what Kubernetes' [validation] demands.
    ///
    /// [validation]: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/authorization/validation/validation.go
    pub(super) fn attributes(&self) -> Result<Attributes, Status> {
        let Spec { resource_attributes, non_resource_attributes, .. } = &self.spec;
        let mut causes = Vec::new();
        let mut invalid = |field: &str, shown: &str, why: &str| {
            causes.push(StatusCause::showing(CauseType::Invalid, field, shown, why));
        };
        match (resource_attributes, non_resource_attributes) {
            (Some(_), Some(NonResourceAttributes { path, verb })) => invalid(
                "spec.nonResourceAttributes",
                &format!("{{\"Path\":{},\"Verb\":{}}}", Value::from(&**path), Value::from(&**verb)),
                "cannot be specified in combination with resourceAttributes",
            ),
            (None, None) => invalid(
                "spec.resourceAttributes",
                "null",
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ),
            _ => {}
        }
        let has_metadata = self.metadata.as_object().is_some_and(|fields| {
            fields.iter().any(|(key, value)| key != "managedFields" && !value.is_null())
        });
        if has_metadata {
            invalid("metadata", &self.metadata.to_string(), "must be empty");
        }
        match (resource_attributes, non_resource_attributes) {
            (Some(attributes), None) if causes.is_empty() => Ok(attributes.to_attributes()),
            (None, Some(NonResourceAttributes { path, verb })) if causes.is_empty() => {
                Ok(Attributes::of_path(verb.clone(), path))
            }
            _ => Err(Status::invalid_object(
                GroupKind::new(SelfReview::Access.group(), ""),
                "",
                causes,
            )),
        }
    }
}

impl ResourceAttributes {
    fn to_attributes(&self) -> Attributes {
        let Self { namespace, verb, group, version, resource, subresource, name } = self.clone();
        let plural = resource;
        let resource = Resource { group, version, plural, subresource, namespace, name };
        Attributes::of_resource(verb, resource)
    }
}

impl Access {
    fn rules_of(&self, user: &User, namespace: &str) -> RulesStatus {
        match self.rules() {
            Some(rules) => RulesStatus::of_policy(&rules.policy(), user, namespace),
            None => RulesStatus::of_everything(),
        }
    }
}

impl RulesStatus {
    fn of_policy(policy: &Policy, user: &User, namespace: &str) -> Self {
        let mut status = Self::default();
        let mut errors: Vec<String> = Vec::new();
        for bound in policy.bound(user, namespace) {
            match bound.rules {
                Ok(rules) => {
                    for rule in rules {
                        status.push(rule);
                    }
                }
                Err(error) if !errors.contains(&error) => errors.push(error),
                Err(_) => {}
            }
        }
        status.evaluation_error = match &*errors {
            [] | [_] => errors.concat(),
            _ => format!("[{}]", errors.join(", ")),
        };
        status
    }

    fn push(&mut self, rule: &PolicyRule) {
        let rule = rule.clone();
        if !rule.resources.is_empty() {
            self.resource_rules.push(ResourceRule {
                verbs: rule.verbs.clone(),
                api_groups: rule.api_groups,
                resources: rule.resources,
                resource_names: rule.resource_names,
            });
        }
        if !rule.non_resource_urls.is_empty() {
            let non_resource_urls = rule.non_resource_urls;
            self.non_resource_rules.push(NonResourceRule { verbs: rule.verbs, non_resource_urls });
        }
    }

    /// As the authorizer [`AlwaysAllow`] says it.
    ///
    /// [`AlwaysAllow`]: https://github.com/kubernetes/apiserver/blob/master/pkg/authorization/authorizerfactory/builtin.go
    fn of_everything() -> Self {
        let all = || vec!["*".to_owned()];
        let resource = ResourceRule {
            verbs: all(),
            api_groups: all(),
            resources: all(),
            resource_names: Vec::new(),
        };
        let path = NonResourceRule { verbs: all(), non_resource_urls: all() };
        Self { resource_rules: vec![resource], non_resource_rules: vec![path], ..Self::default() }
    }
}

/// Kubernetes' messages in protobuf, as far as they are read:
/// [`Unknown`](https://github.com/kubernetes/apimachinery/blob/master/pkg/runtime/generated.proto) around
/// a [review](https://github.com/kubernetes/api/blob/master/authorization/v1/generated.proto).
mod protobuf {
    use super::{NonResourceAttributes, ResourceAttributes};

    #[derive(prost::Message)]
    pub(super) struct Unknown {
        #[prost(message, optional, tag = "1")]
        pub(super) type_meta: Option<TypeMeta>,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) raw: Vec<u8>,
    }

    #[derive(prost::Message)]
    pub(super) struct TypeMeta {
        #[prost(string, tag = "1")]
        pub(super) api_version: String,
        #[prost(string, tag = "2")]
        pub(super) kind: String,
    }

    #[derive(prost::Message)]
    pub(super) struct AccessReview {
        #[prost(message, optional, tag = "2")]
        pub(super) spec: Option<AccessSpec>,
    }

    #[derive(prost::Message)]
    pub(super) struct AccessSpec {
        #[prost(message, optional, tag = "1")]
        pub(super) resource_attributes: Option<ResourceAttributes>,
        #[prost(message, optional, tag = "2")]
        pub(super) non_resource_attributes: Option<NonResourceAttributes>,
    }

    #[derive(prost::Message)]
    pub(super) struct RulesReview {
        #[prost(message, optional, tag = "2")]
        pub(super) spec: Option<RulesSpec>,
    }

    #[derive(prost::Message)]
    pub(super) struct RulesSpec {
        #[prost(string, tag = "1")]
        pub(super) namespace: String,
    }
}

impl Question {
    /// The metadata, which must be empty, is not read.
    fn of_protobuf(review: SelfReview, body: &[u8]) -> Result<Self, prost::DecodeError> {
        let protobuf::Unknown { type_meta, raw } = protobuf::Unknown::decode(body)?;
        let protobuf::TypeMeta { api_version, kind } = type_meta.unwrap_or_default();
        let mut spec = Spec::default();
        match review {
            SelfReview::Access => {
                let read = protobuf::AccessReview::decode(&*raw)?.spec.unwrap_or_default();
                spec.resource_attributes = read.resource_attributes;
                spec.non_resource_attributes = read.non_resource_attributes;
            }
            SelfReview::Rules => {
                let read = protobuf::RulesReview::decode(&*raw)?.spec.unwrap_or_default();
                spec.namespace = read.namespace;
            }
            SelfReview::User => {}
        }
        Ok(Self { api_version, kind, metadata: Value::Null, spec })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::AccessOptions;
    use super::*;

    fn access() -> Access {
        let directory = tempfile::tempdir().expect("a directory");
        let rules = Some(directory.path().to_owned());
        Access::load(&AccessOptions { rules, ..AccessOptions::default() })
            .expect("no rules are rules")
    }

    fn alice() -> User {
        User::new("alice", "alice-uid", vec!["readers".into(), "writers".into()])
    }

    fn ask(review: SelfReview, content_type: Option<&str>, body: &[u8]) -> Result<String, Status> {
        // 2026-11-30T13:02:24Z
        let now = Timestamp::from_second(1_796_043_744).expect("a time");
        review.answer(&access(), &alice(), content_type, body, now)
    }

    fn error(review: SelfReview, content_type: Option<&str>, body: &str) -> Value {
        let status = ask(review, content_type, body.as_bytes()).expect_err("it is no question");
        serde_json::to_value(status).expect("a status is JSON")
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let byte = |at: usize| {
            u8::from_str_radix(hex.get(at..at + 2).expect("two digits"), 16).expect("a byte")
        };
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    /// The answers of kube-apiserver v1.36.3 to a user with these groups, without the managed fields.
    #[test]
    fn answers_are_those_of_an_api_server() {
        let body = br#"{"spec":{"nonResourceAttributes":{"verb":"get","path":"/api"}}}"#;
        assert_eq!(
            ask(SelfReview::Access, Some("application/json"), body).expect("it is a question"),
            concat!(
                r#"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"#,
                r#""spec":{"nonResourceAttributes":{"path":"/api","verb":"get"}},"status":{"allowed":true,"#,
                r#""reason":"RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole "#,
                r#"\"system:discovery\" to Group \"system:authenticated\""}}"#,
                "\n"
            )
        );
        let body =
            br#"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":
            {"resourceAttributes":{"verb":"get","resource":"jobs","group":"batch.volcano.sh",
            "namespace":"default","bogus":1}}}"#;
        assert_eq!(
            ask(SelfReview::Access, None, body).expect("it is a question"),
            concat!(
                r#"{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"#,
                r#""spec":{"resourceAttributes":{"namespace":"default","verb":"get","#,
                r#""group":"batch.volcano.sh","resource":"jobs"}},"status":{"allowed":false}}"#,
                "\n"
            )
        );
        assert_eq!(
            ask(SelfReview::User, None, b"{}").expect("it is a question"),
            concat!(
                r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","#,
                r#""metadata":{"creationTimestamp":"2026-11-30T13:02:24Z"},"status":{"userInfo":"#,
                r#"{"username":"alice","uid":"alice-uid","#,
                r#""groups":["readers","writers","system:authenticated"]}}}"#,
                "\n"
            )
        );
        let body = br#"{"spec":{"namespace":"default"}}"#;
        assert_eq!(
            ask(SelfReview::Rules, None, body).expect("it is a question"),
            concat!(
                r#"{"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"#,
                r#""spec":{},"status":{"resourceRules":[{"verbs":["create"],"#,
                r#""apiGroups":["authorization.k8s.io"],"resources":["selfsubjectaccessreviews","#,
                r#""selfsubjectrulesreviews"]},{"verbs":["create"],"apiGroups":["authentication.k8s.io"],"#,
                r#""resources":["selfsubjectreviews"]}],"nonResourceRules":[{"verbs":["get"],"#,
                r#""nonResourceURLs":["/api","/api/*","/apis","/apis/*","/healthz","/livez","/openapi","#,
                r#""/openapi/*","/readyz","/version","/version/"]},{"verbs":["get"],"#,
                r#""nonResourceURLs":["/healthz","/livez","/readyz","/version","/version/"]}],"#,
                r#""incomplete":false}}"#,
                "\n"
            )
        );
    }

    /// The bodies that kubectl v1.36.3 sent for `auth can-i update jobs.batch.volcano.sh/a --subresource
    /// status -n team`, `auth can-i get /metrics`, `auth can-i --list -n team` and `auth whoami`.
    #[test]
    fn questions_of_kubectl_are_read() {
        for (review, hex, spec, namespace) in [
            (
                SelfReview::Access,
                concat!(
                    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c66537562",
                    "6a65637441636365737352657669657712530a100a0012001a0022002a0032003800420012350a33",
                    "0a047465616d12067570646174651a1062617463682e766f6c63616e6f2e736822002a046a6f6273",
                    "32067374617475733a01611a08080012001a0020001a002200",
                ),
                json!({"resourceAttributes": {"namespace": "team", "verb": "update", "group": "batch.volcano.sh",
                    "resource": "jobs", "subresource": "status", "name": "a"}}),
                "",
            ),
            (
                SelfReview::Access,
                concat!(
                    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c66537562",
                    "6a656374416363657373526576696577122f0a100a0012001a0022002a003200380042001211120f",
                    "0a082f6d65747269637312036765741a08080012001a0020001a002200",
                ),
                json!({"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}),
                "",
            ),
            (
                SelfReview::Rules,
                concat!(
                    "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c66537562",
                    "6a65637452756c657352657669657712200a100a0012001a0022002a0032003800420012060a0474",
                    "65616d1a04180022001a002200",
                ),
                json!({}),
                "team",
            ),
            (
                SelfReview::User,
                concat!(
                    "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375",
                    "626a656374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a",
                    "002200",
                ),
                json!({}),
                "",
            ),
        ] {
            let question = review.read(Some(PROTOBUF), &bytes(hex)).expect("it is a question");
            assert_eq!(question.kind, review.kind());
            assert_eq!(question.spec.namespace, namespace);
            assert_eq!(serde_json::to_value(question.spec).expect("a spec is JSON"), spec);
        }
    }

    /// The answers of kube-apiserver v1.36.3.
    #[test]
    fn malformed_questions_are_refused_as_by_an_api_server() {
        let review = SelfReview::Access;
        let message =
            "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        assert_eq!(
            error(review, None, r#"{"spec":{}}"#),
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": format!(
                    ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: \
                     {message}"
                ),
                "reason": "Invalid",
                "details": {"group": "authorization.k8s.io", "causes": [{
                    "reason": "FieldValueInvalid",
                    "message": format!("Invalid value: null: {message}"),
                    "field": "spec.resourceAttributes",
                }]},
                "code": 422,
            })
        );
        let both = r#"{"metadata":{"name":"x"},"spec":{"resourceAttributes":{},
            "nonResourceAttributes":{"path":"/metrics","verb":"get"}}}"#;
        let causes = error(review, None, both)["details"]["causes"].clone();
        assert_eq!(
            causes[0]["message"],
            "Invalid value: {\"Path\":\"/metrics\",\"Verb\":\"get\"}: cannot be specified in combination \
             with resourceAttributes"
        );
        assert_eq!(causes[1]["field"], "metadata");
        assert_eq!(
            error(review, Some("text/plain"), "a")["message"],
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf"
        );
        assert_eq!(
            error(review, None, r#"{"apiVersion":"authorization.k8s.io/v1beta1"}"#)["message"],
            "the API version in the data (authorization.k8s.io/v1beta1) does not match the expected API \
             version (authorization.k8s.io/v1)"
        );
        let rules = error(SelfReview::Rules, Some("application/yaml; a=b"), "spec: {}");
        assert_eq!(
            (&rules["message"], &rules["code"]),
            (&json!("no namespace on request"), &json!(400))
        );
        for body in
            ["{bad", "", "[]", r#"{"spec":{"resourceAttributes":{"verb":7}}}"#, r#"{"kind":"X"}"#]
        {
            assert_eq!(error(review, None, body)["code"], 400, "{body}");
        }
        for body in ["", "k8", "k8s\0\n"] {
            assert_eq!(error(review, Some(PROTOBUF), body)["code"], 400, "{body}");
        }
    }
}
