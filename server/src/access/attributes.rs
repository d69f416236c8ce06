//! What a request does to what, as rules name it.

use std::borrow::Cow;

use axum::http::Method;
use volcano_job_update::resource::{GROUP, RESOURCE, VERSION};
use volcano_job_update::status::{Status, StatusDetails, quote};

use super::user::User;
use crate::query::{Query, percent_decode};
use crate::target::Target;

/// What a request does, as rules name it: Kubernetes' [attributes] of a request, without the user.
///
/// [attributes]: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#review-your-request-attributes
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    verb: Cow<'static, str>,
    object: Object,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Resource(Resource),
    /// A path that names no resource, such as `/version`.
    Path(String),
}

/// What is empty is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    /// In the plural, such as `jobs`.
    pub(super) plural: String,
    pub(super) subresource: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Attributes {
    /// Of a request for Jobs: `verb` is `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or
    /// `deletecollection`. An empty namespace means all of them, an empty name no single Job.
    #[must_use]
    pub fn of_jobs(verb: impl Into<Cow<'static, str>>, namespace: &str, name: &str) -> Self {
        Self::of_resource(verb, Resource::jobs(namespace, name))
    }

    /// Of a request for a path that names no resource: `verb` is the method in lower case.
    #[must_use]
    pub fn of_path(verb: impl Into<Cow<'static, str>>, path: impl Into<String>) -> Self {
        Self { verb: verb.into(), object: Object::Path(path.into()) }
    }

    /// Of a request for a subresource, such as `status`.
    #[must_use]
    pub fn with_subresource(mut self, subresource: &str) -> Self {
        if let Object::Resource(resource) = &mut self.object {
            subresource.clone_into(&mut resource.subresource);
        }
        self
    }

    /// The attributes of a PUT that creates its object, which needs `create` in addition to `update`: see
    /// [`UpdateResource`].
    ///
    /// [`UpdateResource`]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/update.go
    #[must_use]
    pub fn to_create(&self) -> Self {
        Self { verb: "create".into(), object: self.object.clone() }
    }

    /// Whether it is about the paths that say whether the server is well.
    pub(super) fn is_health(&self) -> bool {
        let Object::Path(path) = &self.object else { return false };
        let first = path.trim_start_matches('/').split('/').next();
        matches!(first, Some("healthz" | "livez" | "readyz"))
    }

    /// What is done.
    #[must_use]
    pub fn verb(&self) -> &str {
        &self.verb
    }

    pub(super) fn of_resource(verb: impl Into<Cow<'static, str>>, resource: Resource) -> Self {
        Self { verb: verb.into(), object: Object::Resource(resource) }
    }

    pub(super) fn object(&self) -> &Object {
        &self.object
    }

    pub(super) fn resource(&self) -> Option<&Resource> {
        match &self.object {
            Object::Resource(resource) => Some(resource),
            Object::Path(_) => None,
        }
    }

    /// The namespace; empty if there is none.
    pub(super) fn namespace(&self) -> &str {
        self.resource().map_or("", |resource| &resource.namespace)
    }

    /// Of a request: Kubernetes' [`NewRequestInfo`]. What is served comes from the `target`, so that
    /// nothing else is authorized than what is done then; the rest from the path.
    ///
    /// [`NewRequestInfo`]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/request/requestinfo.go
    pub(crate) fn of_request(
        method: &Method,
        path: &str,
        target: &Target<'_>,
        query: &Query<'_>,
    ) -> Self {
        let resource = match target {
            Target::Jobs { namespace } => {
                Some(Resource::jobs(namespace.as_deref().unwrap_or(""), ""))
            }
            Target::Job { namespace, name, part } => match part.name() {
                Some(subresource) => {
                    let subresource = subresource.to_owned();
                    Some(Resource { subresource, ..Resource::jobs(namespace, name) })
                }
                None => Resource::of_path(path),
            },
            Target::SelfReview(review) => Some(Resource {
                group: review.group().into(),
                version: "v1".into(),
                plural: review.resource().into(),
                ..Resource::default()
            }),
            _ => Resource::of_path(path),
        };
        if let Some(resource) = resource {
            return Self::of_verb(method, resource, query);
        }
        let verb = method.as_str().to_lowercase();
        Self::of_path(verb, percent_decode(path).unwrap_or(path.into()))
    }

    fn of_verb(method: &Method, mut resource: Resource, query: &Query<'_>) -> Self {
        let is_one = !resource.name.is_empty();
        let verb = match *method {
            Method::POST => "create",
            Method::GET | Method::HEAD if is_one => "get",
            Method::GET | Method::HEAD => {
                if let Some(name) = selected_name(query.get("fieldSelector")) {
                    resource.name = name;
                }
                if query.is_set("watch") { "watch" } else { "list" }
            }
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if is_one => "delete",
            Method::DELETE => "deletecollection",
            _ => "",
        };
        Self::of_resource(verb, resource)
    }

    /// The answer to a user who may not do it: Kubernetes' [`ForbiddenStatusError`].
    ///
    /// [`ForbiddenStatusError`]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/responsewriters/errors.go
    pub(super) fn forbidden(&self, user: &User, reason: &str) -> Status {
        let mut why = sanitized(&self.what(user));
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        let mut status = Status::forbidden("", "");
        let Some(resource) = self.resource() else {
            status.message = format!("forbidden: {why}");
            status.details = Some(Box::default());
            return status;
        };
        let Resource { group, plural, name, .. } = resource;
        let dot = if group.is_empty() { "" } else { "." };
        let quoted = if name.is_empty() { String::new() } else { format!(" {}", quote(name)) };
        status.message = format!("{plural}{dot}{group}{quoted} is forbidden: {why}");
        let mut details = StatusDetails::default();
        details.name.clone_from(name);
        details.group.clone_from(group);
        details.kind.clone_from(plural);
        status.details = Some(Box::new(details));
        status
    }

    fn what(&self, user: &User) -> String {
        let (user, verb) = (quote(user.name()), &self.verb);
        match &self.object {
            Object::Path(path) => format!("User {user} cannot {verb} path {}", quote(path)),
            Object::Resource(resource) => {
                let scope = match &*resource.namespace {
                    "" => "at the cluster scope".to_owned(),
                    namespace => format!("in the namespace {}", quote(namespace)),
                };
                let (what, group) = (quote(&resource.with_subresource()), quote(&resource.group));
                format!("User {user} cannot {verb} resource {what} in API group {group} {scope}")
            }
        }
    }
}

impl Resource {
    fn jobs(namespace: &str, name: &str) -> Self {
        Self {
            group: GROUP.into(),
            version: VERSION.into(),
            plural: RESOURCE.into(),
            namespace: namespace.into(),
            name: name.into(),
            ..Self::default()
        }
    }

    /// As rules name it: `jobs` or `jobs/status`.
    pub(super) fn with_subresource(&self) -> Cow<'_, str> {
        match &*self.subresource {
            "" => Cow::Borrowed(&self.plural),
            subresource => Cow::Owned(format!("{}/{subresource}", self.plural)),
        }
    }

    /// Of `/apis/GROUP/VERSION/…` or `/api/VERSION/…`. `None` if the path names no resource.
    fn of_path(path: &str) -> Option<Self> {
        let path = percent_decode(path)?;
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match *segments {
            ["apis", group, version, ref rest @ ..] => (group, version, rest),
            ["api", version, ref rest @ ..] => ("", version, rest),
            _ => return None,
        };
        // The deprecated forms that have the verb in the path.
        let rest = match rest {
            [] => return None,
            ["watch" | "proxy", rest @ ..] if !rest.is_empty() => rest,
            rest => rest,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace] | ["namespaces", namespace, "status" | "finalize", ..] => {
                (*namespace, rest)
            }
            ["namespaces", namespace, rest @ ..] => (*namespace, rest),
            _ => ("", rest),
        };
        let segment = |position: usize| rest.get(position).copied().unwrap_or_default().to_owned();
        Some(Self {
            group: group.into(),
            version: version.into(),
            plural: segment(0),
            name: segment(1),
            subresource: segment(2),
            namespace: namespace.into(),
        })
    }
}

/// The name that a field selector demands. `None` if it demands none, or one that no object can have, or
/// cannot be read.
fn selected_name(selector: &str) -> Option<String> {
    let mut terms: Vec<&str> = terms(selector).filter(|term| !term.is_empty()).collect();
    // Kubernetes sorts them too: which of two names counts depends on it.
    terms.sort_unstable();
    let mut found = None;
    for term in terms {
        let (key, value) = term.split_once('=')?;
        let value = unescape(value.strip_prefix('=').unwrap_or(value))?;
        // The key of a term with `!=` ends with `!`.
        if key == "metadata.name" && found.is_none() {
            found = Some(value);
        }
    }
    found.filter(|name| !matches!(&**name, "." | "..") && !name.contains(['/', '%']))
}

/// The terms of a field selector. A comma behind a backslash separates none.
fn terms(selector: &str) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    selector.split(move |char| {
        let is_end = char == ',' && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        is_end
    })
}

fn unescape(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => text.push(chars.next().filter(|char| matches!(char, '\\' | ',' | '='))?),
            ',' | '=' => return None,
            _ => text.push(char),
        }
    }
    Some(text)
}

/// As Kubernetes keeps a message from looking like HTML.
fn sanitized(message: &str) -> String {
    message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &Method, uri: &str) -> Attributes {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let target = Target::of_path(path).unwrap_or(Target::Nothing);
        Attributes::of_request(method, path, &target, &Query::new(query))
    }

    /// `NewRequestInfo` of `requestinfo.go`: the verbs, and what the path names.
    #[test]
    fn requests_have_the_attributes_of_kubernetes() {
        let jobs = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs";
        for (method, uri, verb, name) in [
            (Method::GET, jobs.to_owned(), "list", ""),
            (Method::HEAD, jobs.to_owned(), "list", ""),
            (Method::GET, format!("{jobs}?watch=true"), "watch", ""),
            (Method::GET, format!("{jobs}?fieldSelector=metadata.name=a"), "list", "a"),
            (Method::GET, format!("{jobs}/a?watch=true"), "get", "a"),
            (Method::POST, jobs.to_owned(), "create", ""),
            (Method::PUT, format!("{jobs}/a"), "update", "a"),
            (Method::PATCH, format!("{jobs}/a"), "patch", "a"),
            (Method::DELETE, format!("{jobs}/a"), "delete", "a"),
            (
                Method::DELETE,
                format!("{jobs}?fieldSelector=metadata.name=a"),
                "deletecollection",
                "",
            ),
            (Method::OPTIONS, format!("{jobs}/a"), "", "a"),
        ] {
            assert_eq!(of(&method, &uri), Attributes::of_jobs(verb, "n", name), "{uri}");
        }
        let status = Attributes::of_jobs("update", "n", "a").with_subresource("status");
        assert_eq!(of(&Method::PUT, &format!("{jobs}/a/status")), status);
        assert_eq!(status.to_create().verb(), "create");
        let scale = Attributes::of_jobs("get", "n", "a").with_subresource("scale");
        assert_eq!(of(&Method::GET, &format!("{jobs}/a/scale")), scale);
        let all = "/apis/batch.volcano.sh/v1alpha1/jobs";
        assert_eq!(of(&Method::GET, all), Attributes::of_jobs("list", "", ""));
        assert_eq!(of(&Method::POST, "/version/%61"), Attributes::of_path("post", "/version/a"));
    }

    /// What is authorized is what is done, however the path is written.
    #[test]
    fn a_slash_at_the_end_does_not_hide_what_is_served() {
        let path = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/%61/";
        assert_eq!(of(&Method::GET, path), Attributes::of_jobs("get", "n", "a"));
    }

    /// `ParseSelector` and `RequiresExactMatch` of `fields/selector.go`, and `IsPathSegmentName`.
    #[test]
    fn a_field_selector_can_demand_a_name() {
        for (selector, name) in [
            ("metadata.name=a", Some("a")),
            ("metadata.name==a", Some("a")),
            (",metadata.namespace=n,metadata.name=a,", Some("a")),
            (r"metadata.name=a\=b\,c\\", Some(r"a=b,c\")),
            ("metadata.name=", Some("")),
            ("", None),
            ("metadata.namespace=a", None),
            ("metadata.name!=a", None),
            ("metadata.name", None),
            ("metadata.name=a,x", None),
            ("metadata.name=a=b", None),
            (r"metadata.name=a\", None),
            (r"metadata.name=a\b", None),
            ("metadata.name=.", None),
            ("metadata.name=a/b", None),
            ("metadata.name=a%", None),
        ] {
            assert_eq!(selected_name(selector).as_deref(), name, "{selector}");
        }
    }
}
