//! Requests: where they go to, what they ask for, what they bring.

use std::borrow::Cow;

use crate::answer::with_value;
use crate::go;
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};

/// The path of Jobs; namespace and name follow.
const PREFIX: [&str; 4] = ["apis", "batch.volcano.sh", "v1alpha1", "namespaces"];
const OPTIONS_GROUP: &str = "meta.k8s.io";

/// What is done about fields that no Job has, and about fields given twice: the query parameter
/// `fieldValidation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "Kubernetes has these")]
pub enum FieldValidation {
    /// Nothing: they are dropped.
    Ignore,
    /// They are dropped, with a warning for each.
    #[default]
    Warn,
    /// The request is denied.
    Strict,
}

/// The place and the query parameters of a request, as far as they have a meaning here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) pretty: bool,
    pub(crate) dry_run: Vec<String>,
    pub(crate) field_manager: String,
    pub(crate) field_validation: String,
    /// Whether `force` was given, which only an apply patch may.
    pub(crate) force: bool,
}

/// A PUT of a Job.
///
/// ```
/// use volcano_job_apiserver::ReplaceRequest;
///
/// let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello?pretty=true";
/// let request = ReplaceRequest::from_uri(uri, b"{}")?;
/// assert_eq!((request.namespace(), request.name()), ("default", "hello"));
/// # Ok::<(), volcano_job_update::status::Status>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReplaceRequest<'b> {
    pub(crate) target: Target,
    pub(crate) content_type: Option<Cow<'b, str>>,
    pub(crate) body: &'b [u8],
}

/// A PATCH of a Job: a JSON Patch ([RFC 6902](https://www.rfc-editor.org/rfc/rfc6902)) or a JSON Merge
/// Patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)), as the content type says.
#[derive(Clone, Debug)]
pub struct PatchRequest<'b> {
    pub(crate) target: Target,
    pub(crate) content_type: Cow<'b, str>,
    pub(crate) body: &'b [u8],
}

impl<'b> ReplaceRequest<'b> {
    /// A PUT of a body of JSON to a URI: path and query, or a whole URL.
    ///
    /// # Errors
    ///
    /// 404 where the path is none of a Job (`/api/v1/pods/a`, another group or version, a subresource
    /// such as `…/jobs/a/status`); 400 where a part of it is no UTF-8 when decoded (`%ff`) or empty.
    pub fn from_uri(uri: &str, body: &'b [u8]) -> Result<Self, Status> {
        Ok(Self { target: Target::from_uri(uri)?, content_type: None, body })
    }

    /// Says what type of content the body is said to have. None is the same as `application/json`.
    #[must_use]
    pub fn with_content_type(self, content_type: impl Into<Cow<'b, str>>) -> Self {
        Self { content_type: Some(content_type.into()), ..self }
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.target.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.target.name
    }

    /// Whether the answer is asked to be indented.
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.target.pretty
    }

    /// Whether nothing is to be stored.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        !self.target.dry_run.is_empty()
    }
}

impl<'b> PatchRequest<'b> {
    /// A PATCH of a URI: path and query, or a whole URL.
    ///
    /// # Errors
    ///
    /// As [`ReplaceRequest::from_uri`].
    pub fn from_uri(
        uri: &str,
        content_type: impl Into<Cow<'b, str>>,
        body: &'b [u8],
    ) -> Result<Self, Status> {
        let target = Target::from_uri(uri)?;
        Ok(Self { target, content_type: content_type.into(), body })
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.target.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.target.name
    }

    /// Whether the answer is asked to be indented.
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.target.pretty
    }

    /// Whether nothing is to be stored.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        !self.target.dry_run.is_empty()
    }
}

impl Target {
    fn from_uri(uri: &str) -> Result<Self, Status> {
        let not_here = || Status::not_served();
        let path_and_query = match uri.split_once("://") {
            Some((_, rest)) => rest.get(rest.find('/').unwrap_or(rest.len())..).unwrap_or_default(),
            None => uri,
        };
        let path_and_query = path_and_query.split('#').next().unwrap_or_default();
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (prefix, rest) = parts.split_at_checked(PREFIX.len()).ok_or_else(not_here)?;
        let [namespace, "jobs", name, below @ ..] = rest else { return Err(not_here()) };
        if prefix != PREFIX {
            return Err(not_here());
        }
        let segment = |text: &str| {
            let bad = || Status::bad_request("the path must be percent-encoded UTF-8");
            percent_decode(text, false).ok_or_else(bad)
        };
        if !below.is_empty() {
            // A subresource, which an API server answers as if there were no such Job.
            return Err(Status::not_found(&segment(name)?));
        }
        let mut target =
            Self { namespace: segment(namespace)?, name: segment(name)?, ..Self::default() };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let decode = |text| percent_decode(text, true).unwrap_or_default();
            target.set(&decode(key), decode(value));
        }
        Ok(target)
    }

    /// Takes a query parameter; of several of the same name, the first, but all values of `dryRun`.
    fn set(&mut self, key: &str, value: String) {
        let first = |field: &mut String, value| {
            if field.is_empty() {
                *field = value;
            }
        };
        match key {
            "pretty" => {
                self.pretty |= matches!(&*value, "1" | "t" | "T" | "true" | "TRUE" | "True");
            }
            "dryRun" => self.dry_run.push(value),
            "fieldManager" => first(&mut self.field_manager, value),
            "fieldValidation" => first(&mut self.field_validation, value),
            "force" => self.force = true,
            _ => {}
        }
    }

    /// Checks the query parameters as an API server checks `UpdateOptions` and `PatchOptions`.
    pub(crate) fn check(&self, kind: &str) -> Result<FieldValidation, Status> {
        let mut causes = Vec::new();
        if self.force && kind == "PatchOptions" {
            let detail = "may not be specified for non-apply patch";
            causes.push(StatusCause::new(CauseType::Forbidden, "force", detail));
        }
        self.check_manager(&mut causes);
        if self.dry_run.iter().any(|value| value != "All") {
            let values = self.dry_run.clone().into();
            let detail = "supported values: \"All\"";
            causes.push(with_value(CauseType::NotSupported, "dryRun", &values, detail));
        }
        let validation = match &*self.field_validation {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let detail = "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
                let (kind, field) = (CauseType::NotSupported, "fieldValidation");
                causes.push(with_value(kind, field, &other.into(), detail));
                FieldValidation::Warn
            }
        };
        if causes.is_empty() {
            return Ok(validation);
        }
        Err(Status::invalid_object(GroupKind::new(OPTIONS_GROUP, kind), "", causes))
    }

    fn check_manager(&self, causes: &mut Vec<StatusCause>) {
        const FIELD: &str = "fieldManager";
        if self.field_manager.len() > 128 {
            let detail = "may not be more than 128 bytes";
            causes.push(StatusCause::new(CauseType::TooLong, FIELD, detail));
        }
        for (position, char) in self.field_manager.char_indices() {
            if !go::is_printable(char) {
                // Go shows a character beside its number only if it can be printed.
                let detail =
                    format!("invalid character U+{:04X} (at position {position})", u32::from(char));
                let value = self.field_manager.as_str().into();
                causes.push(with_value(CauseType::Invalid, FIELD, &value, &detail));
            }
        }
    }
}

/// The type of content without parameters, as in `application/json; charset=utf-8`.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a type of content is that of JSON; none at all is taken for it.
pub(crate) fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type);
    media_type.is_empty() || media_type.eq_ignore_ascii_case("application/json")
}

/// Decodes `%41`, and `+` in a query; `None` if the result is no UTF-8 or an escape is broken.
fn percent_decode(text: &str, in_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
            }
            b'+' if in_query => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/";

    #[test]
    fn a_uri_says_which_job_and_how() {
        let query = "?pretty=true&dryRun=All&fieldManager=a%20b+c&fieldValidation=Strict&other=x";
        for uri in [format!("{JOBS}a%2db{query}"), format!("https://h:1{JOBS}a-b{query}#part")] {
            let target = Target::from_uri(&uri).unwrap();
            assert_eq!((&*target.namespace, &*target.name), ("n", "a-b"));
            assert!(target.pretty && !target.dry_run.is_empty());
            assert_eq!(target.field_manager, "a b c");
            assert_eq!(target.check("UpdateOptions"), Ok(FieldValidation::Strict));
        }
    }

    #[test]
    fn other_paths_are_not_served() {
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
            assert_eq!(Target::from_uri(uri).unwrap_err().code, code, "{uri}");
        }
    }

    #[test]
    fn parameters_are_checked() {
        for (query, message) in [
            ("dryRun=Some", r#"dryRun: Unsupported value: ["Some"]: supported values: "All""#),
            (
                "fieldManager=%01",
                r#"fieldManager: Invalid value: "\x01": invalid character U+0001 (at position 0)"#,
            ),
            ("force=true", "force: Forbidden: may not be specified for non-apply patch"),
        ] {
            let target = Target::from_uri(&format!("{JOBS}a?{query}")).unwrap();
            let status = target.check("PatchOptions").unwrap_err();
            let lead = "PatchOptions.meta.k8s.io \"\" is invalid: ";
            assert_eq!((status.code, status.message), (422, format!("{lead}{message}")));
        }
    }
}
