//! What a URI says about a request: the path and the query parameters.

use volcano_job_update::resource::{GROUP, VERSION};
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};

use crate::go;
use crate::response::with_value;

/// The path and the query parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestInfo {
    pub(crate) namespace: String,
    /// Empty in a POST.
    pub(crate) name: String,
    pub(crate) is_status: bool,
    pub(crate) pretty: bool,
    dry_run: Vec<String>,
    field_manager: String,
    field_validation: String,
    /// The parameter `force`, which only server-side apply supports.
    force: Option<bool>,
}

/// The query parameters that only a DELETE has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeleteParameters {
    pub(crate) grace_period_seconds: Option<String>,
    pub(crate) orphan_dependents: Option<bool>,
    pub(crate) propagation_policy: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
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

impl RequestInfo {
    /// The URI of a Job or of its status.
    ///
    /// # Errors
    ///
    /// The answer to another path.
    pub(crate) fn from_uri(uri: &str) -> Result<Self, Status> {
        let (segments, query) = split(uri);
        let mut info = Self::of_job(&segments)?;
        info.set_all(query);
        Ok(info)
    }

    /// The URI of a POST. A name in the path is ignored.
    ///
    /// # Errors
    ///
    /// The answer to a path other than that of Jobs.
    pub(crate) fn for_creation(uri: &str) -> Result<Self, Status> {
        let (segments, query) = split(uri);
        let mut info = match segments.as_slice() {
            ["apis", GROUP, VERSION, "namespaces", namespace, "jobs"] => {
                Self { namespace: decode(namespace)?, ..Self::default() }
            }
            segments => Self::of_job(segments)?,
        };
        if info.is_status {
            return Err(Status::method_not_allowed("create"));
        }
        info.name.clear();
        info.set_all(query);
        Ok(info)
    }

    /// The URI of a DELETE, with its own query parameters.
    ///
    /// # Errors
    ///
    /// The answer to a path other than that of a Job.
    pub(crate) fn for_deletion(uri: &str) -> Result<(Self, DeleteParameters), Status> {
        let info = Self::from_uri(uri)?;
        if info.is_status {
            return Err(Status::method_not_allowed("delete"));
        }
        let (_, query) = split(uri);
        Ok((info, DeleteParameters::of(query)))
    }

    /// The path of a Job or of its status. As in an API server, what follows a subresource is ignored.
    fn of_job(segments: &[&str]) -> Result<Self, Status> {
        let ["apis", GROUP, VERSION, "namespaces", namespace, "jobs", name, subresource @ ..] =
            segments
        else {
            return Err(Status::not_served());
        };
        let is_status = match subresource.first() {
            None => false,
            Some(&"status") => true,
            // An API server answers as if the Job did not exist.
            Some(_) => return Err(Status::not_found(&decode(name)?)),
        };
        let (namespace, name) = (decode(namespace)?, decode(name)?);
        Ok(Self { namespace, name, is_status, ..Self::default() })
    }

    /// Returns 404 if the request is for a status where a Job is expected, or the other way round.
    pub(crate) fn check_target(&self, is_status: bool) -> Result<(), Status> {
        match (self.is_status, is_status) {
            (true, false) => Err(Status::not_found(&self.name)),
            (false, true) => Err(Status::not_served()),
            (true, true) | (false, false) => Ok(()),
        }
    }

    fn set_all(&mut self, query: &str) {
        for (key, value) in parameters(query) {
            self.set(&key, value);
        }
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
            "force" => drop(self.force.get_or_insert(is_true(&value))),
            _ => {}
        }
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        !self.dry_run.is_empty()
    }

    /// The values of the parameter `dryRun`.
    pub(crate) fn dry_run(&self) -> &[String] {
        &self.dry_run
    }

    /// The same request with these values of `dryRun`.
    pub(crate) fn with_dry_run(&self, dry_run: Vec<String>) -> Self {
        Self { dry_run, ..self.clone() }
    }

    /// `ValidateCreateOptions`.
    ///
    /// # Errors
    ///
    /// The answer to invalid query parameters.
    pub(crate) fn validate_create_options(&self) -> Result<FieldValidation, Status> {
        self.validate_options("CreateOptions", Vec::new())
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
        causes.extend(dry_run_cause(&self.dry_run));
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

impl DeleteParameters {
    /// The first of several parameters with the same name wins.
    fn of(query: &str) -> Self {
        let mut found = Self::default();
        for (key, value) in parameters(query) {
            match &*key {
                "gracePeriodSeconds" => drop(found.grace_period_seconds.get_or_insert(value)),
                "orphanDependents" => drop(found.orphan_dependents.get_or_insert(is_true(&value))),
                "propagationPolicy" => drop(found.propagation_policy.get_or_insert(value)),
                "uid" => drop(found.uid.get_or_insert(value)),
                "resourceVersion" => drop(found.resource_version.get_or_insert(value)),
                _ => {}
            }
        }
        found
    }
}

/// `ValidateDryRun`.
pub(crate) fn dry_run_cause(values: &[String]) -> Option<StatusCause> {
    let is_unknown = values.iter().any(|value| value != "All");
    let detail = "supported values: \"All\"";
    is_unknown.then(|| with_value(CauseType::NotSupported, "dryRun", &values.into(), detail))
}

/// The segments of the path of a URI, and its query.
fn split(uri: &str) -> (Vec<&str>, &str) {
    let path_and_query = match uri.split_once("://") {
        Some((_, rest)) if !uri.starts_with('/') => {
            rest.find('/').map_or("", |at| rest.split_at(at).1)
        }
        _ => uri,
    };
    let path_and_query = before(path_and_query, '#');
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    (path.split('/').filter(|segment| !segment.is_empty()).collect(), query)
}

/// A segment of a path.
fn decode(segment: &str) -> Result<String, Status> {
    let error = || Status::bad_request("the path must be percent-encoded UTF-8");
    percent_decode(segment, false).ok_or_else(error)
}

/// The names and values of query parameters. As in Go, one that cannot be decoded is left out.
fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter_map(|parameter| {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        Some((percent_decode(key, true)?, percent_decode(value, true)?))
    })
}

/// A boolean parameter: Go takes every other value for true.
fn is_true(value: &str) -> bool {
    !(value == "0" || value.eq_ignore_ascii_case("false"))
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
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/scale", 404),
            ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/Status", 404),
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
