//! The handlers of POST, PUT and PATCH: from the request body to the Job that the registry stores.
//!
//! The order of the steps is that of `CreateResource`, `UpdateResource` and `PatchResource` in
//! [handlers](https://github.com/kubernetes/apiserver/tree/master/pkg/endpoints/handlers).

use serde_json::Value;
use volcano_job_update::internals::{JobParts, Structural, structural};
use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update::status::{CauseType, GroupKind, Status};
use volcano_job_update::{DroppedDefaults, Job, Limits, Restored, Validator, ViolationCode};

use crate::apply::{self, APPLY_PATCH, apply};
use crate::coerce::{self, Unknown};
use crate::context::RequestContext;
use crate::decode::{self, DecodeError, DecodedJob, Mistyped};
use crate::go;
use crate::object_meta;
use crate::patch::{JSON_PATCH, MERGE_PATCH, json_patch, merge_patch};
use crate::preconditions;
use crate::request::{CreateRequest, PatchRequest, ReplaceRequest};
use crate::request_info::{FieldValidation, RequestInfo, before, is_json};
use crate::response::{ErrorResponse, Response, with_value};
use crate::syntax;

/// The content types of a PUT, as an API server lists them. Only JSON is accepted here.
const CONTENT_TYPES: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
/// The content types of a PATCH, as an API server lists them.
const PATCH_CONTENT_TYPES: [&str; 3] = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH];

/// Per-request state shared by the steps.
pub(crate) struct RequestScope<'r> {
    pub(crate) verb: Verb,
    pub(crate) info: &'r RequestInfo,
    pub(crate) validator: &'r Validator,
    pub(crate) context: &'r RequestContext,
    field_validation: FieldValidation,
    /// The body of a PUT, or the patched Job of a PATCH.
    pub(crate) bytes: &'r [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Replace,
    Patch,
    Delete,
}

/// The warnings and errors found before the Job is validated.
#[derive(Default)]
pub(crate) struct Diagnostics {
    pub(crate) warnings: Vec<String>,
    /// The codes of the violations for which the policy denies the update.
    pub(crate) denied: Vec<ViolationCode>,
    /// The parts that were removed from the body.
    pub(crate) mistyped: Mistyped,
}

/// Handles a POST.
pub(crate) fn create(
    request: &CreateRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    let CreateRequest { info, content_type, body } = request;
    check_media_type(content_type.as_deref())?;
    check_length(body, validator.policy().limits())?;
    let field_validation = info.validate_create_options()?;
    let scope = RequestScope::new(Verb::Create, info, validator, context);
    let scope = RequestScope { field_validation, bytes: body, ..scope };
    scope.handle_text(None, Diagnostics::default())
}

/// Handles a PUT of a Job or, if the URI says so, of its status.
pub(crate) fn replace(
    existing: Option<&Job<'_>>,
    request: &ReplaceRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    let ReplaceRequest { info, content_type, body } = request;
    let limits = validator.policy().limits();
    check_length(body, limits)?;
    let field_validation = info.validate_update_options()?;
    check_media_type(content_type.as_deref())?;
    let scope = RequestScope::new(Verb::Replace, info, validator, context);
    let scope = RequestScope { field_validation, bytes: body, ..scope };
    scope.handle_text(existing, Diagnostics::default())
}

/// Handles a PATCH of a Job or, if the URI says so, of its status.
pub(crate) fn patch(
    existing: Option<&Job<'_>>,
    request: &PatchRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    let PatchRequest { info, content_type, body } = request;
    let limits = validator.policy().limits();
    // The content type is not trimmed, as in an API server.
    let content_type = before(content_type, ';');
    let is_apply = content_type == APPLY_PATCH;
    // What a manager applies for good must be recorded in managedFields. An API server does not apply the
    // metadata and spec of a configuration to the status, which is not done here.
    let is_applied = is_apply && (!info.is_dry_run() || info.is_status);
    if !PATCH_CONTENT_TYPES.contains(&content_type) || is_applied {
        return Err(Status::unsupported_media_type(&PATCH_CONTENT_TYPES).into());
    }
    check_length(body, limits)?;
    let field_validation = info.validate_patch_options(is_apply)?;
    let existing = existing.ok_or_else(|| Status::not_found(&info.name))?;
    let is_strict = field_validation != FieldValidation::Ignore;
    let schema = structural(validator);
    let live = stored_object(existing, schema)?;
    let mut mistyped = Mistyped::default();
    let (patched, warnings) = match content_type {
        APPLY_PATCH => {
            let applied = apply::decode(body)?;
            let merged = apply(&live, &applied, info.field_manager(), info.forces(), schema)?;
            mistyped.causes = apply::null_causes(&merged, schema);
            (go::text_of(&merged), Vec::new())
        }
        JSON_PATCH => json_patch(&go::text_of(&live), body, is_strict).map_err(Status::from)?,
        _ => merge_patch(&go::text_of(&live), body, is_strict).map_err(Status::from)?,
    };
    let bytes = patched.as_bytes();
    let scope = RequestScope::new(Verb::Patch, info, validator, context);
    let scope = RequestScope { field_validation, bytes, ..scope };
    if !patched.starts_with('{') {
        let error = "json: cannot unmarshal array into Go value of type map[string]interface {}";
        return Err(scope.invalid_patch(error).into());
    }
    scope.handle_text(Some(existing), Diagnostics { warnings, mistyped, ..Diagnostics::default() })
}

/// Returns 415 unless the content type is JSON.
pub(crate) fn check_media_type(content_type: Option<&str>) -> Result<(), Status> {
    if content_type.is_none_or(is_json) {
        return Ok(());
    }
    Err(Status::unsupported_media_type(&CONTENT_TYPES))
}

/// Returns 413 if the body is too long.
pub(crate) fn check_length(body: &[u8], limits: &Limits) -> Result<(), Status> {
    let limit = limits.text_bytes;
    if body.len() > limit {
        return Err(Status::request_entity_too_large(format_args!("limit is {limit}")));
    }
    Ok(())
}

/// The stored Job as an API server reads it: pruned, with defaults.
pub(crate) fn stored_object(existing: &Job<'_>, schema: &Structural) -> Result<Value, Status> {
    let stored = existing.to_value().map_err(Status::internal_error)?;
    let metadata = match stored.get("metadata") {
        Some(Value::Object(metadata)) => object_meta::decode_stored(metadata),
        _ => object_meta::ObjectMeta::new(),
    };
    match coerce::item(schema, stored, &mut Unknown::default()) {
        Value::Object(mut job) => {
            job.insert("metadata".into(), metadata.into());
            job.insert("apiVersion".into(), API_VERSION.into());
            job.insert("kind".into(), KIND.into());
            Ok(job.into())
        }
        _ => Err(Status::internal_error("the stored Job is not a JSON object")),
    }
}

impl<'r> RequestScope<'r> {
    /// The scope of a request without a body, which does not look for unknown fields.
    pub(crate) fn new(
        verb: Verb,
        info: &'r RequestInfo,
        validator: &'r Validator,
        context: &'r RequestContext,
    ) -> Self {
        let field_validation = FieldValidation::Ignore;
        Self { verb, info, validator, context, field_validation, bytes: b"" }
    }

    /// Reads the Job, and runs the pipeline on it. `diagnostics` are those of applying the patch.
    fn handle_text(
        &self,
        existing: Option<&Job<'_>>,
        mut diagnostics: Diagnostics,
    ) -> Result<Response, ErrorResponse> {
        let limits = self.validator.policy().limits();
        let text = syntax::sanitize(self.bytes);
        let job = match existing {
            Some(existing) => limits.read_replacement(existing, text.as_bytes()),
            None => limits.read_slice(text.as_bytes()),
        };
        if let Ok(job) = job {
            return self.handle(existing, &job, &text, diagnostics);
        }
        // An API server accepts bodies that `Job` does not, and has its own errors for the rest.
        let (value, mistyped) =
            decode::parse_lenient(self.bytes, &text, structural(self.validator))
                .map_err(|error| self.decode_error(error))?;
        let job = self.read_value(&value)?;
        diagnostics.mistyped.extend(mistyped);
        self.handle(existing, &job, &text, diagnostics)
    }

    /// Runs the pipeline on a Job: decoding, strict field validation, creation defaults, checks against
    /// the URL, then the registry. `text` is the text of the Job.
    fn handle(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'_>,
        text: &str,
        mut diagnostics: Diagnostics,
    ) -> Result<Response, ErrorResponse> {
        let decoded = self.decode(existing, job, &diagnostics.mistyped)?;
        self.validate_fields(job, &decoded, text, &mut diagnostics)?;
        self.restore_and_store(existing, job, decoded, &mut diagnostics).map_err(|status| {
            let Diagnostics { warnings, denied, .. } = diagnostics;
            ErrorResponse { status, warnings: warnings.into(), denied: denied.into() }
        })
    }

    /// Runs the pipeline from the creation defaults on.
    fn restore_and_store(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'_>,
        decoded: DecodedJob<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        match self.restore_defaults(existing, job, &decoded)? {
            Some(restored) => {
                let job = self.read_value(restored.job())?;
                let decoded = self.decode(existing, &job, &diagnostics.mistyped)?;
                self.store(existing, &job, decoded, diagnostics)
            }
            None => self.store(existing, job, decoded, diagnostics),
        }
    }

    pub(crate) fn read_value<'v>(&self, value: &'v Value) -> Result<Job<'v>, Status> {
        let limits = self.validator.policy().limits();
        limits.read_value(value).map_err(|error| Status::job_error(&error))
    }

    pub(crate) fn decode<'s>(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'s>,
        mistyped: &Mistyped,
    ) -> Result<DecodedJob<'s>, Status> {
        DecodedJob::new(job, existing, structural(self.validator), mistyped, self.bytes)
            .map_err(|error| self.decode_error(error))
    }

    /// Reports unknown and duplicate fields according to the query parameter `fieldValidation`.
    fn validate_fields(
        &self,
        job: &Job<'_>,
        decoded: &DecodedJob<'_>,
        text: &str,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Status> {
        if self.field_validation == FieldValidation::Ignore {
            return Ok(());
        }
        // A Job from a parsed document does not show whether its text had duplicates, and the fields of
        // another kind are not decoded.
        let may_have_duplicates =
            !decoded.is_lossless || job.is_from_value() || !decoded.type_meta.is_volcano_job();
        if may_have_duplicates {
            let paths = syntax::duplicates(text);
            let warning = |path: &String| format!("duplicate field {}", go::quote(path));
            diagnostics.warnings.extend(paths.iter().map(warning));
        }
        let unknown = decoded.unknown.iter().map(|path| format!("unknown field \"{path}\""));
        diagnostics.warnings.extend(unknown);
        if self.field_validation == FieldValidation::Strict && !diagnostics.warnings.is_empty() {
            let error = format!("strict decoding error: {}", diagnostics.warnings.join(", "));
            return Err(self.decode_error(decoded.type_meta.strict(error)));
        }
        Ok(())
    }

    /// Restores the creation defaults that the request lacks, if the policy says so; `None` if
    /// there is nothing to restore.
    fn restore_defaults(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'_>,
        decoded: &DecodedJob<'_>,
    ) -> Result<Option<Restored>, Status> {
        let Some(existing) = existing.filter(|_| !self.info.is_status) else { return Ok(None) };
        let policy = self.validator.policy();
        if policy.dropped_defaults() != DroppedDefaults::Restore {
            return Ok(None);
        }
        let restored = if decoded.fields.has_duplicates {
            // Unlike `job`, the decoded Job has a single value for each key.
            let text = self.encode(decoded, None);
            let job = policy
                .limits()
                .read_slice(text.as_bytes())
                .map_err(|error| Status::job_error(&error))?;
            self.validator.restore_defaults(existing, &job)
        } else {
            self.validator.restore_defaults(existing, job)
        };
        let restored = restored.map_err(|error| Status::review_error(&error))?;
        Ok(Some(restored).filter(|restored| !restored.patch().is_empty()))
    }

    /// Checks the Job against the URL, then updates or creates it, or updates its status.
    fn store(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'_>,
        mut decoded: DecodedJob<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        if self.verb != Verb::Patch {
            preconditions::check_api_version(&decoded.type_meta.api_version)?;
        }
        preconditions::ensure_namespace(self.info, &mut decoded.metadata)?;
        if self.verb != Verb::Create {
            preconditions::check_name(self.info, &decoded.metadata)?;
        }
        let duplicates = object_meta::dedup_owner_references(&mut decoded.metadata);
        if !duplicates.is_empty() {
            decoded.is_lossless = false;
            diagnostics.warnings.push(format!(
                ".metadata.ownerReferences contains duplicate entries; API server dedups owner \
                 references in 1.20+, and may reject such requests as early as 1.24; please fix your \
                 requests; duplicate UID(s) observed: {}",
                duplicates.join(", ")
            ));
        }
        match existing {
            Some(existing) if self.info.is_status => {
                self.update_status(existing, job, &decoded, diagnostics)
            }
            None if self.info.is_status => Err(Status::not_found(&self.info.name)),
            Some(existing) => self.update(existing, job, decoded, diagnostics),
            None => self.create(decoded, diagnostics),
        }
    }

    pub(crate) fn decode_error(&self, error: DecodeError) -> Status {
        match (self.verb, error) {
            (
                Verb::Patch,
                DecodeError::Unrecognized(error)
                | DecodeError::KindMissing { error, .. }
                | DecodeError::NotHandled { error, .. }
                | DecodeError::Strict { error, .. },
            ) => self.invalid_patch(&error),
            (_, error) => {
                let is_strict = self.field_validation != FieldValidation::Ignore;
                error.into_status(self.bytes, is_strict)
            }
        }
    }

    /// The answer to a patch whose result is not a Job.
    fn invalid_patch(&self, error: &str) -> Status {
        let patched = Value::from(syntax::sanitize_bytes(self.bytes));
        let cause = with_value(CauseType::Invalid, "patch", &patched, error);
        Status::invalid_object(GroupKind::new("", ""), "", vec![cause])
    }
}
