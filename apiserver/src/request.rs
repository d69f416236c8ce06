//! Requests: the path, the query parameters and the body.

use std::borrow::Cow;
use std::fmt;

use volcano_job_update::resource::{GROUP, VERSION};
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};

use crate::go;
use crate::response::with_value;

/// A PUT of a Job.
///
/// ```
/// use volcano_job_apiserver::ReplaceRequest;
///
/// let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello?pretty=true";
/// let request = ReplaceRequest::from_uri(uri, b"{}")?;
/// assert_eq!((request.namespace(), request.name()), ("default", "hello"));
/// assert!(request.is_pretty());
/// # Ok::<(), volcano_job_update::status::Status>(())
/// ```
///
/// `Debug` does not show the body, which can contain secrets.
#[derive(Clone)]
pub struct ReplaceRequest<'b> {
    pub(crate) info: RequestInfo,
    pub(crate) content_type: Option<Cow<'b, str>>,
    pub(crate) body: &'b [u8],
}

/// A PATCH of a Job: a JSON Patch ([RFC 6902](https://www.rfc-editor.org/rfc/rfc6902)), a JSON
/// Merge Patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) or the configuration of
/// [server-side apply](https://kubernetes.io/docs/reference/using-api/server-side-apply/), as its
/// content type says.
///
/// `Debug` does not show the body, which can contain secrets.
#[derive(Clone)]
pub struct PatchRequest<'b> {
    pub(crate) info: RequestInfo,
    pub(crate) content_type: Cow<'b, str>,
    pub(crate) body: &'b [u8],
}

impl fmt::Debug for ReplaceRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, content_type, body: _ } = self;
        f.debug_struct("ReplaceRequest")
            .field("info", info)
            .field("content_type", content_type)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PatchRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, content_type, body: _ } = self;
        f.debug_struct("PatchRequest")
            .field("info", info)
            .field("content_type", content_type)
            .finish_non_exhaustive()
    }
}

/// The path and the query parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestInfo {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) pretty: bool,
    dry_run: Vec<String>,
    field_manager: String,
    field_validation: String,
    /// The parameter `force`, which only server-side apply supports.
    force: Option<bool>,
}

/// The query parameter `fieldValidation`: how unknown and duplicate fields are handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Drop them.
    Ignore,
    /// Drop them, with a warning for each.
    #[default]
    Warn,
    /// Reject the request with 400.
    Strict,
}

impl<'b> ReplaceRequest<'b> {
    /// A PUT of a JSON body to a URI, which is a path with a query or a whole URL.
    ///
    /// # Errors
    ///
    /// 404 if the path is not one of a Job (`/api/v1/namespaces/n/pods/a`, another group or
    /// version, a subresource such as `…/jobs/a/status`); 400 if namespace or name are not
    /// percent-encoded UTF-8 (`%ff`, `%4`).
    pub fn from_uri(uri: &str, body: &'b [u8]) -> Result<Self, Status> {
        Ok(Self { info: RequestInfo::from_uri(uri)?, content_type: None, body })
    }

    /// Sets the header `Content-Type` of the request. The default is JSON.
    #[must_use]
    pub fn with_content_type(self, content_type: impl Into<Cow<'b, str>>) -> Self {
        Self { content_type: Some(content_type.into()), ..self }
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether to indent the response (`pretty=true`).
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.info.pretty
    }

    /// Whether the request is a dry run (`dryRun=All`).
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.info.is_dry_run()
    }
}

impl<'b> PatchRequest<'b> {
    /// A PATCH of a URI, which is a path with a query or a whole URL. `content_type` is the header
    /// `Content-Type`.
    ///
    /// # Errors
    ///
    /// Same as [`ReplaceRequest::from_uri`].
    pub fn from_uri(
        uri: &str,
        content_type: impl Into<Cow<'b, str>>,
        body: &'b [u8],
    ) -> Result<Self, Status> {
        let info = RequestInfo::from_uri(uri)?;
        Ok(Self { info, content_type: content_type.into(), body })
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether to indent the response (`pretty=true`).
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.info.pretty
    }

    /// Whether the request is a dry run (`dryRun=All`).
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.info.is_dry_run()
    }
}

impl RequestInfo {
    fn from_uri(uri: &str) -> Result<Self, Status> {
        let path_and_query = match uri.split_once("://") {
            Some((_, rest)) if !uri.starts_with('/') => {
                rest.find('/').map_or("", |at| rest.split_at(at).1)
            }
            _ => uri,
        };
        let path_and_query = before(path_and_query, '#');
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let ["apis", GROUP, VERSION, "namespaces", namespace, "jobs", name, subresource @ ..] =
            segments.as_slice()
        else {
            return Err(Status::not_served());
        };
        let decode = |segment: &str| {
            let error = || Status::bad_request("the path must be percent-encoded UTF-8");
            percent_decode(segment, false).ok_or_else(error)
        };
        if !subresource.is_empty() {
            // An API server answers as if the Job did not exist.
            return Err(Status::not_found(&decode(name)?));
        }
        let mut info =
            Self { namespace: decode(namespace)?, name: decode(name)?, ..Self::default() };
        for parameter in query.split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // Go skips a parameter that it cannot decode.
            if let (Some(key), Some(value)) =
                (percent_decode(key, true), percent_decode(value, true))
            {
                info.set(&key, value);
            }
        }
        Ok(info)
    }

    /// Sets a query parameter. The first of several with the same name wins, except that `dryRun`
    /// is a list.
    fn set(&mut self, key: &str, value: String) {
        let set_first = |field: &mut String, value| {
            if field.is_empty() {
                *field = value;
            }
        };
        match key {
            "pretty" => {
                self.pretty |= matches!(&*value, "1" | "t" | "T" | "true" | "TRUE" | "True");
            }
            "dryRun" => self.dry_run.push(value),
            "fieldManager" => set_first(&mut self.field_manager, value),
            "fieldValidation" => set_first(&mut self.field_validation, value),
            // Go takes every other value for true.
            "force" => {
                let is_false = value == "0" || value.eq_ignore_ascii_case("false");
                self.force.get_or_insert(!is_false);
            }
            _ => {}
        }
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        !self.dry_run.is_empty()
    }

    /// `ValidateUpdateOptions`.
    ///
    /// # Errors
    ///
    /// The answer to invalid query parameters.
    pub(crate) fn validate_update_options(&self) -> Result<FieldValidation, Status> {
        self.validate_options("UpdateOptions", Vec::new())
    }

    /// `ValidatePatchOptions`, which differs for server-side apply.
    ///
    /// # Errors
    ///
    /// The answer to invalid query parameters; for server-side apply also if there is no `fieldManager`.
    pub(crate) fn validate_patch_options(&self, is_apply: bool) -> Result<FieldValidation, Status> {
        let mut causes = Vec::new();
        if is_apply && self.field_manager.is_empty() {
            let detail = "is required for apply patch";
            causes.push(StatusCause::new(CauseType::Required, "fieldManager", detail));
        }
        if !is_apply && self.force.is_some() {
            let detail = "may not be specified for non-apply patch";
            causes.push(StatusCause::new(CauseType::Forbidden, "force", detail));
        }
        self.validate_options("PatchOptions", causes)
    }

    pub(crate) fn field_manager(&self) -> &str {
        &self.field_manager
    }

    /// Whether server-side apply takes fields from their managers.
    pub(crate) fn forces(&self) -> bool {
        self.force == Some(true)
    }

    fn validate_options(
        &self,
        kind: &str,
        mut causes: Vec<StatusCause>,
    ) -> Result<FieldValidation, Status> {
        self.validate_field_manager(&mut causes);
        if self.dry_run.iter().any(|value| value != "All") {
            let values = self.dry_run.clone().into();
            let detail = "supported values: \"All\"";
            causes.push(with_value(CauseType::NotSupported, "dryRun", &values, detail));
        }
        let field_validation = match &*self.field_validation {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let detail = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
                let field = "fieldValidation";
                causes.push(with_value(CauseType::NotSupported, field, &other.into(), detail));
                FieldValidation::Warn
            }
        };
        if causes.is_empty() {
            return Ok(field_validation);
        }
        Err(Status::invalid_object(GroupKind::new("meta.k8s.io", kind), "", causes))
    }

    /// `ValidateFieldManager`.
    fn validate_field_manager(&self, causes: &mut Vec<StatusCause>) {
        const FIELD: &str = "fieldManager";
        if self.field_manager.len() > 128 {
            let detail = "may not be more than 128 bytes";
            causes.push(StatusCause::new(CauseType::TooLong, FIELD, detail));
        }
        for (position, char) in self.field_manager.char_indices() {
            if !go::is_printable(char) {
                let code = u32::from(char);
                let detail = format!("invalid character U+{code:04X} (at position {position})");
                let value = self.field_manager.as_str().into();
                causes.push(with_value(CauseType::Invalid, FIELD, &value, &detail));
            }
        }
    }
}

/// Whether a content type is JSON. An absent content type means JSON.
pub(crate) fn is_json(content_type: &str) -> bool {
    let media_type = before(content_type, ';').trim();
    media_type.is_empty() || media_type.eq_ignore_ascii_case("application/json")
}

/// The text before the first separator, or all of it.
pub(crate) fn before(text: &str, separator: char) -> &str {
    text.split_once(separator).map_or(text, |(before, _)| before)
}

/// Decodes `%41`, and in a query `+`; `None` if an escape is incomplete or the result is not UTF-8.
fn percent_decode(text: &str, is_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            b'+' if is_query => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/";

    #[test]
    fn from_uri_reads_path_and_query() {
        let query = "?pretty=true&dryRun=All&fieldManager=a%20b+c://&fieldValidation=Strict&other=x&dryRun=%4";
        for uri in [format!("{JOBS}a%2db{query}"), format!("https://h:1{JOBS}a-b{query}#part")] {
            let info = RequestInfo::from_uri(&uri).unwrap();
            assert_eq!((&*info.namespace, &*info.name), ("n", "a-b"));
            assert!(info.pretty && info.is_dry_run());
            assert_eq!(info.field_manager, "a b c://");
            assert_eq!(info.validate_update_options(), Ok(FieldValidation::Strict));
        }
    }

    #[test]
    fn from_uri_rejects_other_paths() {
        for (uri, code) in [
            ("", 404),
            ("/", 404),
            ("https://host", 404),
            ("/api/v1/namespaces/n/pods/a", 404),
            ("/apis/batch/v1/namespaces/n/jobs/a", 404),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs", 404),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/status", 404),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/%ff", 400),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/%4", 400),
        ] {
            assert_eq!(RequestInfo::from_uri(uri).unwrap_err().code, code, "{uri}");
        }
    }

    #[test]
    fn validate_patch_options_rejects_invalid_parameters() {
        for (query, message) in [
            ("dryRun=Some", r#"dryRun: Unsupported value: ["Some"]: supported values: "All""#),
            (
                "fieldManager=%01",
                r#"fieldManager: Invalid value: "\x01": invalid character U+0001 (at position 0)"#,
            ),
            ("force=true", "force: Forbidden: may not be specified for non-apply patch"),
        ] {
            let info = RequestInfo::from_uri(&format!("{JOBS}a?{query}")).unwrap();
            let status = info.validate_patch_options(false).unwrap_err();
            let lead = "PatchOptions.meta.k8s.io \"\" is invalid: ";
            assert_eq!((status.code, status.message), (422, format!("{lead}{message}")));
        }
    }
}
