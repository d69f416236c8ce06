//! The registry: validates a decoded Job, and determines what is stored and returned.
//!
//! The order of the steps is that of `Store.Update` and `Store.Create` in
//! [registry](https://github.com/kubernetes/apiserver/blob/master/pkg/registry/generic/registry/store.go),
//! with the policy in place of validating admission.

use serde_json::{Map, Value};
use volcano_job_update::Job;
use volcano_job_update::internals::{JobParts, Ratcheting, structural};
use volcano_job_update::resource::{GROUP, VERSION};
use volcano_job_update::status::{GroupKind, Status, StatusCause, StatusCodes};

use crate::decode::{self, DecodedJob, MISSING_API_VERSION};
use crate::encode::{value_of, write_job};
use crate::fields::{self, FieldValue};
use crate::go;
use crate::handlers::{Diagnostics, RequestScope, Verb};
use crate::metadata_validation::{self, finalizer_warnings};
use crate::object_meta::{self, ObjectMeta, string};
use crate::preconditions;
use crate::response::{Response, StoreVerb};
use crate::schema_rules;
use crate::strategy;
use crate::syntax;

impl RequestScope<'_> {
    /// Replaces the existing Job. `decoded` is the decoded form of `job`.
    pub(crate) fn update(
        &self,
        existing: &Job<'_>,
        job: &Job<'_>,
        mut decoded: DecodedJob<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        let stored = stored_metadata(existing)?;
        let old = object_meta::decode_stored(&stored);
        if self.verb == Verb::Replace {
            preconditions::check_uid(self.info, &decoded.metadata, &old)?;
        }
        preconditions::check_resource_version(self.info, &decoded.metadata, &old)?;
        if decoded.type_meta.version().is_empty() {
            return Err(Status::internal_error(MISSING_API_VERSION));
        }
        strategy::prepare_for_update(&mut decoded, &old)?;
        let self_link = decoded.metadata.remove("selfLink");
        let verb = self.update_verb(&decoded, &old, stored);
        if verb == StoreVerb::Update {
            let version = self.context.resource_version.to_string();
            decoded.metadata.insert("resourceVersion".into(), version.into());
        }
        let status = fields::stored_status(existing, structural(self.validator))
            .map_err(Status::internal_error)?;
        let encoded = self.encode(&decoded, status.as_ref());
        let decoded_value;
        // Defaults and nulls do not affect the outcome, so the body can be validated instead of the
        // result.
        let decoded_job;
        let updated = if decoded.is_lossless {
            job
        } else {
            // Not the encoded text, in which `1.0` is `1`.
            decoded_value = value_of(&decoded).map_err(Status::internal_error)?;
            let limits = self.validator.policy().limits();
            decoded_job =
                limits.read_value(&decoded_value).map_err(|error| Status::job_error(&error))?;
            &decoded_job
        };
        let causes = std::mem::take(&mut diagnostics.mistyped.causes);
        self.validate_update(existing, updated, &decoded, &old, causes)?;
        let warnings = &mut diagnostics.warnings;
        warnings.extend(finalizer_warnings(&decoded.metadata, &old));
        let review = self
            .validator
            .review(existing, updated)
            .map_err(|error| Status::review_error(&error))?;
        if let Some(violations) = review.violations() {
            let name = string(&decoded.metadata, "name");
            return Err(Status::denied(name, violations, self.context.status_codes));
        }
        warnings.extend(review.warnings().iter().map(ToString::to_string));
        // A dry run is answered with the object as it was sent, without a look into the store.
        let self_link = self_link.filter(|_| self.info.is_dry_run());
        decoded.metadata.extend(self_link.map(|link| ("selfLink".to_owned(), link)));
        let body = self.body(&mut decoded, &encoded, status.as_ref());
        let (warnings, review) = (std::mem::take(warnings), Some(review));
        Ok(Response { verb, is_created: false, encoded, body, warnings, review })
    }

    /// Creates the Job if the context allows it.
    pub(crate) fn create(
        &self,
        mut decoded: DecodedJob<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        let Some(creation) = &self.context.creation else {
            return Err(Status::not_found(&self.info.name));
        };
        let version = self.context.resource_version;
        strategy::prepare_for_create(&mut decoded.metadata, creation, version);
        let encoded = self.encode(&decoded, None);
        let created = self
            .validator
            .policy()
            .limits()
            .read_slice(encoded.as_bytes())
            .map_err(|error| Status::job_error(&error))?;
        let causes = std::mem::take(&mut diagnostics.mistyped.causes);
        self.validate(&created, &decoded, causes)?;
        let mut warnings = std::mem::take(&mut diagnostics.warnings);
        warnings.extend(finalizer_warnings(&decoded.metadata, &ObjectMeta::new()));
        let body = self.body(&mut decoded, &encoded, None);
        let verb = if self.info.is_dry_run() { StoreVerb::Keep } else { StoreVerb::Create };
        Ok(Response { verb, is_created: true, encoded, body, warnings, review: None })
    }

    /// The effect of an update on the store. `stored` is the metadata of the existing Job as
    /// stored, `old` as an API server reads it.
    fn update_verb(
        &self,
        decoded: &DecodedJob<'_>,
        old: &ObjectMeta,
        mut stored: Map<String, Value>,
    ) -> StoreVerb {
        let new = &decoded.metadata;
        // A selfLink was stored before Kubernetes 1.20, and is not written again.
        stored.remove("selfLink");
        let is_same_metadata = go::text_of_map(&stored) == go::text_of_map(new);
        let is_deleted_without_grace = old.contains_key("deletionTimestamp")
            && old.get("deletionGracePeriodSeconds").is_none_or(|seconds| seconds == 0);
        if self.info.is_dry_run() {
            StoreVerb::Keep
        } else if is_deleted_without_grace && !new.contains_key("finalizers") {
            StoreVerb::Delete
        } else if is_same_metadata && !decoded.fields.encoding_differs {
            StoreVerb::Keep
        } else {
            StoreVerb::Update
        }
    }

    /// Validates an update: metadata, apiVersion and kind, and the schema. `causes` are the schema
    /// errors found so far.
    fn validate_update(
        &self,
        existing: &Job<'_>,
        updated: &Job<'_>,
        decoded: &DecodedJob<'_>,
        old: &ObjectMeta,
        causes: Vec<StatusCause>,
    ) -> Result<(), Status> {
        let mut errors = metadata_validation::validate_update(&decoded.metadata, old);
        if decoded.type_meta.is_stored_version() {
            errors.extend(metadata_validation::validate_changes(&decoded.metadata, old));
            errors.extend(self.validate_schema(existing, updated, causes)?);
        } else {
            errors.extend(strategy::validate_type_meta(&decoded.type_meta));
            errors.extend(self.validate_lists(existing)?);
        }
        invalid_if_any(decoded, errors)
    }

    /// Validates the lists of an object of another kind, whose fields are not decoded.
    fn validate_lists(&self, existing: &Job<'_>) -> Result<Vec<StatusCause>, Status> {
        let (text, schema) = (syntax::sanitize(self.bytes), structural(self.validator));
        let (value, _) = decode::parse_lenient(self.bytes, &text, schema)
            .map_err(|error| self.decode_error(error))?;
        let limits = self.validator.policy().limits();
        let job = limits.read_value(&value).map_err(|error| Status::job_error(&error))?;
        schema_rules::list_causes(existing, &job, self.validator)
    }

    /// Validates a Job that is created.
    #[expect(clippy::expect_used, reason = "the text is constant")]
    fn validate(
        &self,
        created: &Job<'_>,
        decoded: &DecodedJob<'_>,
        causes: Vec<StatusCause>,
    ) -> Result<(), Status> {
        let nothing = Job::from_slice(b"{}").expect("an empty object is a Job");
        let mut errors = metadata_validation::validate(&decoded.metadata);
        errors.extend(strategy::validate_type_meta(&decoded.type_meta));
        errors.extend(self.validate_schema(&nothing, created, causes)?);
        invalid_if_any(decoded, errors)
    }

    /// Validates the fields that the update changes against the schema. A field that already has an
    /// error gets no further error.
    fn validate_schema(
        &self,
        existing: &Job<'_>,
        updated: &Job<'_>,
        mut causes: Vec<StatusCause>,
    ) -> Result<Vec<StatusCause>, Status> {
        let ratcheting = if self.context.status_codes == StatusCodes::Kubernetes {
            Ratcheting::Lists
        } else {
            Ratcheting::Tasks
        };
        let mut others = schema_rules::causes(existing, updated, self.validator, ratcheting)?;
        others.retain(|cause| causes.iter().all(|known| known.field != cause.field));
        causes.append(&mut others);
        Ok(causes)
    }

    /// The Job as stored and returned: a single line with a line break.
    pub(crate) fn encode(&self, job: &DecodedJob<'_>, status: Option<&FieldValue<'_>>) -> String {
        const STATUS_BYTES: usize = 4096;
        // The result is about as long as the body plus the status.
        let mut line = String::with_capacity(self.bytes.len() + STATUS_BYTES);
        write_job(&mut line, job, status);
        line.push('\n');
        line
    }

    /// The body of the response, if it differs from the encoded Job.
    fn body(
        &self,
        decoded: &mut DecodedJob<'_>,
        encoded: &str,
        status: Option<&FieldValue<'_>>,
    ) -> Option<String> {
        if self.context.self_link {
            let (namespace, name) = (&self.info.namespace, &self.info.name);
            let path = format!("/apis/{GROUP}/{VERSION}/namespaces/{namespace}/jobs/{name}");
            decoded.metadata.insert("selfLink".into(), path.into());
        }
        let with_self_link =
            decoded.metadata.contains_key("selfLink").then(|| self.encode(decoded, status));
        if self.info.pretty {
            return Some(go::indent(with_self_link.as_deref().unwrap_or(encoded).trim_end()));
        }
        with_self_link
    }
}

/// The metadata of the existing Job as stored.
fn stored_metadata(existing: &Job<'_>) -> Result<Map<String, Value>, Status> {
    let mut metadata = Map::new();
    for entry in existing.metadata().into_iter().flatten() {
        let value = fields::parse(entry.field()).map_err(Status::internal_error)?;
        metadata.insert(entry.key().to_owned(), value);
    }
    Ok(metadata)
}

/// Returns 422 if there are errors, for the kind that the Job has.
fn invalid_if_any(decoded: &DecodedJob<'_>, errors: Vec<StatusCause>) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let DecodedJob { type_meta, metadata, .. } = decoded;
    let name = string(metadata, "name");
    let kind = GroupKind::new(type_meta.group(), &type_meta.kind);
    Err(Status::invalid_object(kind, name, errors))
}
