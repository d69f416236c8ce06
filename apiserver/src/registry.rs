//! The registry: validates a decoded Job, and determines what is stored and returned.
//!
//! The order of the steps is that of `Store.Update` and `Store.Create` in
//! [registry](https://github.com/kubernetes/apiserver/blob/master/pkg/registry/generic/registry/store.go),
//! with the policy in place of validating admission.

use serde_json::{Map, Value};
use volcano_job_update::internals::{JobParts, Ratcheting, structural};
use volcano_job_update::resource::{GROUP, VERSION};
use volcano_job_update::status::{GroupKind, Status, StatusCause, StatusCodes};
use volcano_job_update::{Job, Judge, Review, Validator, Violation};

use crate::admission::{volcano_creation_denial, volcano_defaults};
use crate::decode::{self, DecodedJob, MISSING_API_VERSION, TypeMeta};
use crate::encode::{value_of, write_job};
use crate::fields::{self, FieldError, FieldValue, JobFields};
use crate::go;
use crate::handlers::{Diagnostics, RequestScope, Verb, stored_object};
use crate::metadata_validation::{self, finalizer_warnings};
use crate::object_meta::{self, ObjectMeta, string};
use crate::preconditions;
use crate::response::{CreatedName, Response, StoreVerb};
use crate::schema_rules;
use crate::strategy;
use crate::syntax;

/// The stored Job as an API server reads it. Its metadata and its status can be replaced.
pub(crate) struct StoredJob<'e> {
    pub(crate) job: DecodedJob<'e>,
    status: Option<FieldValue<'e>>,
    /// The metadata as an API server reads them.
    old: ObjectMeta,
    /// The metadata as they are stored.
    stored: Map<String, Value>,
}

/// What a request says about the name and the version of a Job that is created.
struct NewName {
    is_generated: bool,
    sent_version: String,
}

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
        let review = self.judge(existing, job, &decoded, &encoded, &old, diagnostics)?;
        if let Some(violations) = review.violations() {
            diagnostics.denied = violations.iter().map(Violation::code).collect();
            let name = string(&decoded.metadata, "name");
            return Err(Status::denied(name, violations, self.context.status_codes));
        }
        let warnings = &mut diagnostics.warnings;
        warnings.extend(review.warnings().iter().map(ToString::to_string));
        // A dry run is answered with the object as it was sent, without a look into the store.
        let self_link = self_link.filter(|_| self.info.is_dry_run());
        decoded.metadata.extend(self_link.map(|link| ("selfLink".to_owned(), link)));
        let body = self.body(&mut decoded, &encoded, status.as_ref());
        let (warnings, review) = (std::mem::take(warnings), Some(review));
        Ok(Response { verb, code: 200, created: None, encoded, body, warnings, review })
    }

    /// Validates the result of an update, and asks the policy. `decoded` is the decoded form of `job`, and
    /// `encoded` its text.
    fn judge(
        &self,
        existing: &Job<'_>,
        job: &Job<'_>,
        decoded: &DecodedJob<'_>,
        encoded: &str,
        old: &ObjectMeta,
        diagnostics: &mut Diagnostics,
    ) -> Result<Review, Status> {
        let result;
        let lacks_defaults = decoded.fields.lacks_defaults && decoded.is_lossless;
        let updated = if lacks_defaults && self.needs_no_defaults(&decoded.fields) {
            // More of its texts than of those of the result are in the stored Job.
            job
        } else {
            result = self.read_written(Some(existing), encoded)?;
            &result
        };
        let causes = std::mem::take(&mut diagnostics.mistyped.causes);
        match exact_text(decoded)? {
            Some(text) => {
                let exact = self.read_written(Some(existing), &text)?;
                self.validate_update(existing, &exact, decoded, old, causes)?;
            }
            None => self.validate_update(existing, updated, decoded, old, causes)?,
        }
        diagnostics.warnings.extend(finalizer_warnings(&decoded.metadata, old));
        self.review(existing, updated, &decoded.fields)
    }

    /// Reads a Job that a server writes. It can be longer than the limit for a body.
    fn read_written<'t>(
        &self,
        existing: Option<&Job<'_>>,
        text: &'t str,
    ) -> Result<Job<'t>, Status> {
        let limits = self.validator.policy().limits().with_text_bytes(usize::MAX);
        let job = match existing {
            Some(existing) => limits.read_replacement(existing, text.as_bytes()),
            None => limits.read_slice(text.as_bytes()),
        };
        job.map_err(|error| Status::job_error(&error))
    }

    /// Asks the policy, which gets both Jobs as an admission webhook does. `fields` are those of `updated`.
    fn review(
        &self,
        existing: &Job<'_>,
        updated: &Job<'_>,
        fields: &JobFields<'_>,
    ) -> Result<Review, Status> {
        let review = if self.needs_no_defaults(fields) {
            self.validator.review(existing, updated)
        } else {
            let stored = go::text_of(&stored_object(existing, structural(self.validator))?);
            self.validator.review(&self.read_written(None, &stored)?, updated)
        };
        review.map_err(|error| Status::review_error(&error))
    }

    /// Whether the outcome for these fields and the stored ones is the same with and without defaults.
    fn needs_no_defaults(&self, fields: &JobFields<'_>) -> bool {
        self.validator.policy().judge() == Judge::Policy && !fields.is_parsed
    }

    /// Stores and returns the stored Job with other metadata or another status.
    pub(crate) fn write_stored(&self, stored: StoredJob<'_>, warnings: Vec<String>) -> Response {
        let StoredJob { mut job, status, old, stored } = stored;
        let verb = self.update_verb(&job, &old, stored);
        if verb == StoreVerb::Update {
            let version = self.context.resource_version.to_string();
            job.metadata.insert("resourceVersion".into(), version.into());
        }
        let encoded = self.encode(&job, status.as_ref());
        let body = self.body(&mut job, &encoded, status.as_ref());
        Response { verb, code: 200, created: None, encoded, body, warnings, review: None }
    }

    /// Creates the Job. A PUT does so only if the context allows it.
    pub(crate) fn create(
        &self,
        mut decoded: DecodedJob<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        let metadata = &mut decoded.metadata;
        let Some(creation) = &self.context.creation else {
            return Err(match self.verb {
                Verb::Create => Status::internal_error("system metadata was not initialized"),
                _ => Status::not_found(&self.info.name),
            });
        };
        strategy::prepare_for_create(metadata, creation);
        let is_generated = self.verb == Verb::Create
            && strategy::generate_name(metadata, self.context.name_suffix.as_ref())?;
        let sent_version = string(metadata, "resourceVersion").to_owned();
        let is_dry_run = self.info.is_dry_run();
        // A dry run of a POST is answered with the resourceVersion as it was sent.
        if !(self.verb == Verb::Create && is_dry_run) {
            let version = self.context.resource_version.to_string();
            metadata.insert("resourceVersion".into(), version.into());
        }
        let names = NewName { is_generated, sent_version };
        if !self.context.asks_volcano {
            return self.create_prepared(decoded, names, diagnostics);
        }
        let filled = volcano_defaults(&value_of(&decoded).map_err(Status::internal_error)?)?;
        let job = self.read_value(&filled)?;
        let decoded = self.decode(None, &job, &diagnostics.mistyped)?;
        self.create_prepared(decoded, names, diagnostics)
    }

    /// Creates a Job that has its metadata.
    fn create_prepared(
        &self,
        mut decoded: DecodedJob<'_>,
        NewName { is_generated, sent_version }: NewName,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        let is_dry_run = self.info.is_dry_run();
        let encoded = self.encode(&decoded, None);
        let causes = std::mem::take(&mut diagnostics.mistyped.causes);
        let exact_text = exact_text(&decoded)?;
        let created = self.read_written(None, exact_text.as_deref().unwrap_or(&encoded))?;
        self.validate(&created, &decoded, causes)?;
        if self.verb == Verb::Create && !is_dry_run {
            preconditions::check_no_resource_version(&sent_version)?;
        }
        if self.context.asks_volcano {
            let job = value_of(&decoded).map_err(Status::internal_error)?;
            volcano_creation_denial(&job).map_or(Ok(()), |denial| Err(Status::from(denial)))?;
        }
        let mut warnings = std::mem::take(&mut diagnostics.warnings);
        warnings.extend(finalizer_warnings(&decoded.metadata, &ObjectMeta::new()));
        let name = string(&decoded.metadata, "name").to_owned();
        let created = Some(CreatedName { name, is_generated });
        let body = self.body(&mut decoded, &encoded, None);
        let verb = if is_dry_run { StoreVerb::Keep } else { StoreVerb::Create };
        Ok(Response { verb, code: 201, created, encoded, body, warnings, review: None })
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
        let is_same_metadata = || go::text_of_map(&stored) == go::text_of_map(new);
        let is_deleted_without_grace = old.contains_key("deletionTimestamp")
            && old.get("deletionGracePeriodSeconds").is_none_or(|seconds| seconds == 0);
        if self.info.is_dry_run() {
            StoreVerb::Keep
        } else if is_deleted_without_grace && !new.contains_key("finalizers") {
            StoreVerb::Delete
        } else if !decoded.fields.encoding_differs && is_same_metadata() {
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
        invalid_if_any(&decoded.type_meta, string(&decoded.metadata, "name"), errors)
    }

    /// Validates the lists of an object of another kind, whose fields are not decoded.
    fn validate_lists(&self, existing: &Job<'_>) -> Result<Vec<StatusCause>, Status> {
        let (text, schema) = (syntax::sanitize(self.bytes), structural(self.validator));
        let (value, _) = decode::parse_lenient(self.bytes, &text, schema)
            .map_err(|error| self.decode_error(error))?;
        let job = self.read_value(&value)?;
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
        let mut errors;
        if decoded.type_meta.is_stored_version() {
            errors = metadata_validation::validate(&decoded.metadata);
            let schema_errors =
                schema_rules::causes(&nothing, created, self.validator, Ratcheting::Lists)?;
            errors.extend(with_others(causes, schema_errors));
        } else {
            errors = strategy::validate_type_meta(&decoded.type_meta);
            errors.extend(self.validate_lists(&nothing)?);
        }
        invalid_if_any(&decoded.type_meta, string(&decoded.metadata, "name"), errors)
    }

    /// Validates the fields that the update changes against the schema. A field that already has an
    /// error gets no further error.
    fn validate_schema(
        &self,
        existing: &Job<'_>,
        updated: &Job<'_>,
        causes: Vec<StatusCause>,
    ) -> Result<Vec<StatusCause>, Status> {
        let ratcheting = if self.context.status_codes == StatusCodes::Kubernetes {
            Ratcheting::Lists
        } else {
            Ratcheting::Tasks
        };
        let others = schema_rules::causes(existing, updated, self.validator, ratcheting)?;
        Ok(with_others(causes, others))
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
            let namespace = &self.info.namespace;
            let name = string(&decoded.metadata, "name");
            let end = if self.info.is_status { "/status" } else { "" };
            let path = format!("/apis/{GROUP}/{VERSION}/namespaces/{namespace}/jobs/{name}{end}");
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

/// The text of a decoded Job that has the numbers of the request, if they differ from the encoded ones: a
/// server validates `1.0`, and writes it as `1`.
fn exact_text(job: &DecodedJob<'_>) -> Result<Option<String>, Status> {
    if !job.fields.is_parsed {
        return Ok(None);
    }
    let value = value_of(job).map_err(Status::internal_error)?;
    Ok(Some(value.to_string()))
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

impl<'e> StoredJob<'e> {
    /// # Errors
    ///
    /// 500: the Job cannot be read.
    pub(crate) fn read(existing: &Job<'e>, validator: &Validator) -> Result<Self, Status> {
        let schema = structural(validator);
        let stored = stored_metadata(existing)?;
        let old = object_meta::decode_stored(&stored);
        let mut metadata = old.clone();
        metadata.insert("generation".into(), strategy::next_generation(&old, false)?.into());
        // It was stored before Kubernetes 1.20, and is not written again.
        metadata.remove("selfLink");
        let fields = fields::decode(existing, Some(existing), schema).map_err(|error| {
            let (FieldError::Request(error) | FieldError::Stored(error)) = error;
            Status::internal_error(error)
        })?;
        let status = fields::stored_status(existing, schema).map_err(Status::internal_error)?;
        let (type_meta, unknown) = (TypeMeta::job(), Vec::new());
        let job = DecodedJob { type_meta, metadata, fields, unknown, is_lossless: true };
        Ok(Self { job, status, old, stored })
    }

    /// The status as a document.
    ///
    /// # Errors
    ///
    /// 500: it cannot be parsed.
    pub(crate) fn status_value(&self) -> Result<Option<Value>, Status> {
        let value = self.status.as_ref().map(FieldValue::to_value);
        value.transpose().map_err(Status::internal_error)
    }

    pub(crate) fn set_status(&mut self, status: Option<Value>) {
        let text = |status: &Option<FieldValue<'_>>| {
            let mut text = String::new();
            if let Some(status) = status {
                status.write(&mut text);
            }
            text
        };
        let status = status.map(FieldValue::Value);
        self.job.fields.encoding_differs |= text(&status) != text(&self.status);
        self.status = status;
    }
}

/// Adds the other causes that are for other fields.
pub(crate) fn with_others(
    mut causes: Vec<StatusCause>,
    mut others: Vec<StatusCause>,
) -> Vec<StatusCause> {
    others.retain(|cause| causes.iter().all(|known| known.field != cause.field));
    causes.append(&mut others);
    causes
}

/// Returns 422 if there are errors, for an object of this kind.
pub(crate) fn invalid_if_any(
    type_meta: &TypeMeta,
    name: &str,
    errors: Vec<StatusCause>,
) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let kind = GroupKind::new(type_meta.group(), &type_meta.kind);
    Err(Status::invalid_object(kind, name, errors))
}
