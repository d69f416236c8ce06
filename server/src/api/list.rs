//! LIST: pages, selectors, and as of which write.

use axum::body::Body;
use axum::http::Response;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use base64::{DecodeError, Engine};
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
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
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
            if !matches!(query.get("resourceVersion"), "" | "0") {
                let why = "specifying resource version is not allowed when using continue";
                return Err(Status::bad_request(why).into());
            }
            page.at = u64::try_from(token.rv).ok().filter(|version| *version > 0);
            page.after = Some(token.key(namespace));
            return Ok(page);
        }
        page.at = match (query.get("resourceVersionMatch"), listed_version(query)?) {
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
///
/// # Errors
///
/// 500: it is no number.
pub(super) fn resource_version(query: &Query<'_>) -> Result<Option<u64>, Status> {
    let text = query.get("resourceVersion");
    if text.is_empty() {
        return Ok(None);
    }
    let version: u64 = text.parse().map_err(|_| {
        Status::unknown_error(format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })?;
    Ok(Some(version).filter(|version| *version > 0))
}

/// The same for a list, where it is an error of the client.
fn listed_version(query: &Query<'_>) -> Result<Option<u64>, Status> {
    resource_version(query).map_err(|Status { message, .. }| {
        Status::bad_request(format!("invalid resource version: {message}"))
    })
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

    /// [`DecodeContinue`](https://github.com/kubernetes/apiserver/blob/master/pkg/storage/continue.go).
    fn decode(text: &str) -> Result<Self, Status> {
        let invalid = |why: &str| {
            let message = format!("invalid continue token: continue key is not valid: {why}");
            Status::bad_request(message)
        };
        let json = BASE64.decode(text).map_err(|error| {
            let offset = offset(&error, text);
            invalid(&format!("illegal base64 data at input byte {offset}"))
        })?;
        let token: Self =
            serde_json::from_slice(&json).map_err(|error| invalid(&error.to_string()))?;
        let Self { v, rv, start } = &token;
        if v != TOKEN_VERSION {
            let why = format!("server does not recognize this encoded version {v}");
            return Err(invalid(&why));
        }
        if *rv == 0 {
            return Err(invalid(
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ));
        }
        if start.is_empty() {
            return Err(invalid("encoded start key empty (version meta.k8s.io/v1)"));
        }
        if !is_clean(start) {
            return Err(invalid(start));
        }
        Ok(token)
    }

    fn key(&self, namespace: Option<&str>) -> Key {
        let start = self.start.strip_prefix('/').unwrap_or(&self.start);
        let start = start.strip_suffix('\0').unwrap_or(start);
        let (namespace, name) = match namespace {
            Some(namespace) => (namespace, start),
            None => start.split_once('/').unwrap_or((start, "")),
        };
        Key::new(namespace, name)
    }
}

/// Where Go finds the error.
fn offset(error: &DecodeError, text: &str) -> usize {
    match error {
        DecodeError::InvalidByte(offset, _) | DecodeError::InvalidLastSymbol { offset, .. } => {
            *offset
        }
        // A single character is left behind groups of four.
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len().saturating_sub(1),
    }
}

/// Whether a path leads down only, and has no other spelling.
fn is_clean(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.is_empty() || path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}
