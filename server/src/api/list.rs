//! LIST: pages, selectors, and as of which write.

use axum::body::Body;
use axum::http::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use volcano_job_update::internals::quote;
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};

use super::failure::Failure;
use super::selectors::Selector;
use super::state::Api;
use super::view::{ListMeta, View};
use crate::query::Query;
use crate::store::{self, Key, StoreError, StoredJob};

/// What a continue token says: the token of
/// [storage](https://github.com/kubernetes/apiserver/blob/master/pkg/storage/continue.go).
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    /// As of which write the list is.
    rv: i64,
    /// The key behind which to go on, followed by a zero byte.
    start: String,
}

/// The parameter that says how to take the resourceVersion.
pub(super) const MATCH: &str = "resourceVersionMatch";

const TOKEN_VERSION: &str = "meta.k8s.io/v1";

impl Api {
    pub(super) async fn list(
        &self,
        namespace: Option<&str>,
        query: &Query<'_>,
        view: View,
    ) -> Result<Response<Body>, Failure> {
        let (jobs, meta) = self.find(namespace, query).await?;
        Ok(view.list(jobs.into_iter().map(|(_, job)| job).collect(), &meta)?)
    }

    /// The Jobs of a page.
    pub(super) async fn find(
        &self,
        namespace: Option<&str>,
        query: &Query<'_>,
    ) -> Result<(Vec<(Key, StoredJob)>, ListMeta), Failure> {
        check_options(query)?;
        let limit = limit(query)?;
        let selector = Selector::of_query(query)?;
        let mut page = self.first_page(namespace, query, limit).await?;
        let mut found = Vec::new();
        loop {
            let read =
                self.store.list(&page).await.map_err(|error| continue_error(error, query))?;
            page.at = Some(read.version);
            let last = read.jobs.last().map(|(key, _)| key.clone());
            let matching = read.jobs.into_iter().filter(|(key, job)| selector.matches(key, job));
            found.extend(matching.map(|(key, job)| {
                let job = self.shown(&key, job);
                (key, job)
            }));
            let version = read.version;
            match last.filter(|_| read.remaining > 0) {
                None => return Ok((found, ListMeta { version, ..ListMeta::default() })),
                Some(last) if limit.is_some_and(|limit| found.len() >= limit) => {
                    let remaining = selector.is_everything().then_some(read.remaining);
                    let next = Token::new(version, &last, namespace).encode();
                    return Ok((found, ListMeta { version, next, remaining }));
                }
                // Jobs that do not match take no place on a page.
                Some(last) => {
                    page.limit = limit.map(|limit| limit - found.len());
                    page.after = Some(last);
                }
            }
        }
    }

    /// # Errors
    ///
    /// 504: the client has seen a later write than the last one.
    pub(super) async fn check_not_older(&self, query: &Query<'_>) -> Result<(), Failure> {
        let Some(asked) = resource_version(query)? else { return Ok(()) };
        match self.store.last_version(asked).await? {
            last if asked > last => Err(Status::resource_version_too_large(asked, last).into()),
            _ => Ok(()),
        }
    }

    async fn first_page(
        &self,
        namespace: Option<&str>,
        query: &Query<'_>,
        limit: Option<usize>,
    ) -> Result<store::Query, Failure> {
        let namespace_key = namespace.map(Into::into);
        let mut page = store::Query { namespace: namespace_key, limit, ..store::Query::default() };
        let token = query.get("continue");
        if !token.is_empty() {
            let token = Token::decode(token)?;
            page.at = u64::try_from(token.rv).ok().filter(|version| *version > 0);
            page.after = Some(token.key(namespace)?);
            return Ok(page);
        }
        page.at = match (query.get("resourceVersionMatch"), resource_version(query)?) {
            ("Exact", version) => version,
            // Before resourceVersionMatch, a limit meant exactly this version.
            ("", version @ Some(_)) if limit.is_some() => version,
            _ => {
                self.check_not_older(query).await?;
                None
            }
        };
        Ok(page)
    }
}

/// The parameter `resourceVersion`; `None` if it is absent or 0, which is any.
pub(super) fn resource_version(query: &Query<'_>) -> Result<Option<u64>, Status> {
    let text = query.get("resourceVersion");
    if text.is_empty() {
        return Ok(None);
    }
    let version: u64 = text.parse().map_err(|_| {
        Status::bad_request(format!(
            "Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })?;
    Ok(Some(version).filter(|version| *version > 0))
}

fn limit(query: &Query<'_>) -> Result<Option<usize>, Status> {
    let limit = integer(query, "limit")?.and_then(|limit| usize::try_from(limit).ok());
    Ok(limit.filter(|limit| *limit > 0))
}

/// A parameter that is a number; `None` if it is absent.
pub(super) fn integer(query: &Query<'_>, key: &str) -> Result<Option<i64>, Status> {
    let text = query.get(key);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
    })
}

/// [`ValidateListOptions`] for a list.
///
/// [`ValidateListOptions`]: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/internalversion/validation/validation.go
fn check_options(query: &Query<'_>) -> Result<(), Status> {
    integer(query, "timeoutSeconds")?;
    let (matching, version) = (query.get(MATCH), query.get("resourceVersion"));
    let forbidden = |field: &str, why: &str| StatusCause::new(CauseType::Forbidden, field, why);
    let mut causes = Vec::new();
    if !matching.is_empty() {
        if version.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            causes.push(forbidden(MATCH, why));
        }
        if query.has("continue") {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            causes.push(forbidden(MATCH, why));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            causes.push(unsupported_match(matching, &["Exact", "NotOlderThan", ""]));
        }
        if matching == "Exact" && version == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(forbidden(MATCH, why));
        }
    }
    if query.has("sendInitialEvents") {
        causes.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    refuse_if_any(causes)
}

pub(super) fn unsupported_match(matching: &str, supported: &[&str]) -> StatusCause {
    let supported: Vec<String> = supported.iter().map(|value| quote(value)).collect();
    let detail = format!("supported values: {}", supported.join(", "));
    StatusCause::showing(CauseType::NotSupported, MATCH, &quote(matching), &detail)
}

/// 422 for the options of a list or a watch.
pub(super) fn refuse_if_any(causes: Vec<StatusCause>) -> Result<(), Status> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(Status::invalid_object(GroupKind::new("meta.k8s.io", "ListOptions"), "", causes))
}

fn continue_error(error: StoreError, query: &Query<'_>) -> Failure {
    match error {
        StoreError::Expired(_) if query.has("continue") => Status::expired(
            "The provided continue parameter is too old to display a consistent list result. You must \
             start a new list without the continue parameter.",
        )
        .into(),
        error => error.into(),
    }
}

impl Token {
    fn new(version: u64, last: &Key, namespace: Option<&str>) -> Self {
        let start = match namespace {
            Some(_) => format!("{}\0", last.name),
            None => format!("{last}\0"),
        };
        let rv = i64::try_from(version).unwrap_or(i64::MAX);
        Self { v: TOKEN_VERSION.into(), rv, start }
    }

    #[expect(clippy::expect_used, reason = "strings and a number always serialize")]
    fn encode(&self) -> String {
        BASE64.encode(serde_json::to_vec(self).expect("a token serializes"))
    }

    fn decode(text: &str) -> Result<Self, Status> {
        let invalid =
            |why: String| Status::bad_request(format!("continue key is not valid: {why}"));
        let json = BASE64.decode(text).map_err(|error| invalid(error.to_string()))?;
        let token: Self =
            serde_json::from_slice(&json).map_err(|error| invalid(error.to_string()))?;
        if token.v != TOKEN_VERSION {
            return Err(invalid(format!("version {:?} is not recognized", token.v)));
        }
        Ok(token)
    }

    fn key(&self, namespace: Option<&str>) -> Result<Key, Status> {
        let start = self.start.trim_end_matches('\0');
        let key = match namespace {
            Some(namespace) => Some((namespace, start)),
            None => start.split_once('/'),
        };
        let (namespace, name) =
            key.ok_or_else(|| Status::bad_request("continue key is not valid"))?;
        Ok(Key::new(namespace, name))
    }
}
