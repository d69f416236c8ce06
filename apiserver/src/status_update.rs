//! Updates of the status of a Job, of which everything else stays as it is stored.
//!
//! Follows the strategy of the [status of custom resources].
//!
//! [status of custom resources]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresource/status_strategy.go

use serde_json::Value;
use volcano_job_update::Job;
use volcano_job_update::internals::structural;
use volcano_job_update::status::Status;

use crate::decode::{DecodedJob, MISSING_API_VERSION};
use crate::fields;
use crate::handlers::{Diagnostics, RequestScope, Verb};
use crate::metadata_validation;
use crate::object_meta::ObjectMeta;
use crate::preconditions;
use crate::registry::{StoredJob, invalid_if_any, with_others};
use crate::response::Response;
use crate::schema_rules;
use crate::strategy;

impl RequestScope<'_> {
    /// Replaces the status of the existing Job by that of `job`. `decoded` is its decoded form.
    pub(crate) fn update_status(
        &self,
        existing: &Job<'_>,
        job: &Job<'_>,
        decoded: &DecodedJob<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Response, Status> {
        let mut stored = StoredJob::read(existing, self.validator)?;
        let old = stored.job.metadata.clone();
        if self.verb == Verb::Replace {
            preconditions::check_uid(self.info, &decoded.metadata, &old)?;
        }
        preconditions::check_resource_version(self.info, &decoded.metadata, &old)?;
        if decoded.type_meta.version().is_empty() {
            return Err(Status::internal_error(MISSING_API_VERSION));
        }
        if strategy::resets_managed_fields(&decoded.metadata) {
            stored.job.metadata.remove("managedFields");
        }
        let status = self.sent_status(job, decoded)?;
        self.validate_status(&stored, status.as_ref(), decoded, &old)?;
        let schema = structural(self.validator);
        stored.set_status(status.and_then(|status| fields::read_status(status, schema)));
        Ok(self.write_stored(stored, std::mem::take(&mut diagnostics.warnings)))
    }

    /// The status of the request. An API server has no schema for an object of another kind.
    fn sent_status(
        &self,
        job: &Job<'_>,
        decoded: &DecodedJob<'_>,
    ) -> Result<Option<Value>, Status> {
        let Some(field) = fields::top_field(job, "status") else { return Ok(None) };
        // Decoding has parsed it before.
        let status = fields::parse(field).map_err(Status::internal_error)?;
        if !decoded.type_meta.is_stored_version() {
            return Ok(Some(status));
        }
        Ok(fields::read_status(status, structural(self.validator)))
    }

    fn validate_status(
        &self,
        stored: &StoredJob<'_>,
        status: Option<&Value>,
        decoded: &DecodedJob<'_>,
        old: &ObjectMeta,
    ) -> Result<(), Status> {
        let metadata = &stored.job.metadata;
        let mut errors = metadata_validation::validate_update(metadata, old);
        errors.extend(metadata_validation::validate_changes(metadata, old));
        let old_status = stored.status_value()?;
        if let Some(status) = status {
            let causes = schema_rules::status_causes(old_status.as_ref(), status, self.validator);
            let nulls = if decoded.type_meta.is_stored_version() {
                Vec::new()
            } else {
                schema_rules::status_null_causes(status, self.validator)
            };
            errors.extend(with_others(causes, nulls));
        }
        // As on an API server, the error is for the kind of the request.
        invalid_if_any(&decoded.type_meta, &self.info.name, errors)
    }
}
