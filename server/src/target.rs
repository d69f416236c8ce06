//! What a request is about: its path.

use std::borrow::Cow;

use volcano_job_update::resource::{GROUP, RESOURCE, VERSION};
use volcano_job_update::status::Status;

use crate::query::percent_decode;

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// What the path of a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target<'p> {
    /// All Jobs, or those of a namespace.
    Jobs {
        namespace: Option<Cow<'p, str>>,
    },
    Job {
        namespace: Cow<'p, str>,
        name: Cow<'p, str>,
        part: Part,
    },
    /// `/healthz`, `/livez` or `/readyz`, or the check `ping` below them.
    Health,
    Metrics,
    /// What clients ask to find out what is served: `/api`, `/apis/…`, `/version`, `/openapi/…`.
    Discovery,
    /// A question of users about themselves.
    SelfReview(SelfReview),
    Nothing,
}

/// A subresource, or the Job itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Status,
    /// A subresource that Jobs do not have, such as `scale`.
    Unknown,
}

impl Part {
    /// The name of the subresource, which is empty for the Job itself. `None` if Jobs do not have it.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Whole => Some(""),
            Self::Status => Some("status"),
            Self::Unknown => None,
        }
    }
}

/// A question of users about themselves, by the resource to which it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelfReview {
    /// Whether they may do something: [`SelfSubjectAccessReview`].
    ///
    /// [`SelfSubjectAccessReview`]: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/
    Access,
    /// What they may do in a namespace: [`SelfSubjectRulesReview`].
    ///
    /// [`SelfSubjectRulesReview`]: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-rules-review-v1/
    Rules,
    /// Who they are: [`SelfSubjectReview`].
    ///
    /// [`SelfSubjectReview`]: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/
    User,
}

impl<'p> Target<'p> {
    /// # Errors
    ///
    /// 400: a name is not percent-encoded UTF-8.
    pub(crate) fn of_path(path: &'p str) -> Result<Self, Status> {
        let health = path.strip_suffix("/ping").unwrap_or(path);
        if matches!(health, "/healthz" | "/livez" | "/readyz") {
            return Ok(Self::Health);
        }
        let segments = segments(path);
        if segments.contains(&"") {
            return Ok(Self::Nothing);
        }
        let [first, rest @ ..] = &*segments else { return Ok(Self::Discovery) };
        match (*first, rest) {
            ("metrics", []) if !path.ends_with('/') => Ok(Self::Metrics),
            ("apis", [GROUP, VERSION, rest @ ..]) => Self::of_resource(rest),
            ("apis", [group, "v1", resource]) => {
                let review = SelfReview::of_path(group, resource);
                Ok(review.map_or(Self::Discovery, Self::SelfReview))
            }
            ("api" | "apis" | "version" | "openapi", _) => Ok(Self::Discovery),
            _ => Ok(Self::Nothing),
        }
    }

    fn of_resource(segments: &[&'p str]) -> Result<Self, Status> {
        match *segments {
            [] => Ok(Self::Discovery),
            [RESOURCE] => Ok(Self::Jobs { namespace: None }),
            ["namespaces", namespace, RESOURCE] => {
                Ok(Self::Jobs { namespace: Some(decode(namespace)?) })
            }
            ["namespaces", namespace, RESOURCE, name] => Self::job(namespace, name, Part::Whole),
            ["namespaces", namespace, RESOURCE, name, "status"] => {
                Self::job(namespace, name, Part::Status)
            }
            ["namespaces", namespace, RESOURCE, name, _] => {
                Self::job(namespace, name, Part::Unknown)
            }
            _ => Ok(Self::Nothing),
        }
    }

    fn job(namespace: &'p str, name: &'p str, part: Part) -> Result<Self, Status> {
        Ok(Self::Job { namespace: decode(namespace)?, name: decode(name)?, part })
    }
}

impl SelfReview {
    /// Of the group and the resource of a path. All are of the version `v1`.
    pub(crate) fn of_path(group: &str, resource: &str) -> Option<Self> {
        let all = [Self::Access, Self::Rules, Self::User];
        all.into_iter().find(|review| (review.group(), review.resource()) == (group, resource))
    }

    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Access | Self::Rules => AUTHORIZATION,
            Self::User => AUTHENTICATION,
        }
    }

    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Access => "selfsubjectaccessreviews",
            Self::Rules => "selfsubjectrulesreviews",
            Self::User => "selfsubjectreviews",
        }
    }
}

/// The segments of a path. One slash at the end makes no difference, another one is an empty segment.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.strip_suffix('/').unwrap_or(path) {
        "" => Vec::new(),
        path => path.split('/').collect(),
    }
}

fn decode(segment: &str) -> Result<Cow<'_, str>, Status> {
    let error = || Status::bad_request("the path must be percent-encoded UTF-8");
    percent_decode(segment).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_an_api_server() {
        let jobs = |namespace: Option<&'static str>| Target::Jobs {
            namespace: namespace.map(Cow::Borrowed),
        };
        let job = |part| Target::Job { namespace: "n".into(), name: "a".into(), part };
        for (path, expected) in [
            ("/", Target::Discovery),
            ("/apis", Target::Discovery),
            ("/apis/batch.volcano.sh/v1alpha1", Target::Discovery),
            ("/apis/batch.volcano.sh/v1alpha1/", Target::Discovery),
            ("/apis/batch.volcano.sh/v1alpha1/jobs", jobs(None)),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs", jobs(Some("n"))),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a", job(Part::Whole)),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/%61/", job(Part::Whole)),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/status", job(Part::Status)),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/scale", job(Part::Unknown)),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n", Target::Nothing),
            ("//apis", Target::Nothing),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n//jobs", Target::Nothing),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs//a", Target::Nothing),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces//jobs", Target::Nothing),
            ("/metrics", Target::Metrics),
            ("/metrics/", Target::Nothing),
            ("/readyz", Target::Health),
            ("/readyz/ping", Target::Health),
            ("/readyz/", Target::Nothing),
            ("/readyz/ping/more", Target::Nothing),
            ("/healthz/unknown", Target::Nothing),
            ("/elsewhere", Target::Nothing),
        ] {
            assert_eq!(Target::of_path(path), Ok(expected), "{path}");
        }
        let malformed = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/%ff";
        assert_eq!(Target::of_path(malformed).map_err(|status| status.code), Err(400));
    }
}
