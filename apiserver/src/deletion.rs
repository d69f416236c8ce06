//! The DELETE of a Job, from its options to what is stored and returned.
//!
//! The order of the steps is that of `DeleteResource` in
//! [handlers](https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/delete.go) and
//! of `Store.Delete` in
//! [registry](https://github.com/kubernetes/apiserver/blob/master/pkg/registry/generic/registry/store.go).

use jiff::Timestamp;
use volcano_job_update::status::Status;
use volcano_job_update::{Job, Validator};

use crate::context::RequestContext;
use crate::delete_options::DeleteOptions;
use crate::handlers::{RequestScope, Verb, check_length, check_media_type};
use crate::object_meta::{ObjectMeta, string};
use crate::preconditions;
use crate::registry::StoredJob;
use crate::request::DeleteRequest;
use crate::response::{ErrorResponse, Response, StoreVerb, status_body};
use crate::strategy;
use crate::time;

/// Handles a DELETE.
pub(crate) fn delete(
    existing: Option<&Job<'_>>,
    request: &DeleteRequest<'_>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    let DeleteRequest { info, content_type, body, .. } = request;
    check_length(body, validator.policy().limits())?;
    if !body.is_empty() {
        check_media_type(content_type.as_deref())?;
    }
    let options = DeleteOptions::of(request)?;
    options.validate()?;
    let info = info.with_dry_run(options.dry_run.clone());
    let scope = RequestScope::new(Verb::Delete, &info, validator, context);
    let existing = existing.ok_or_else(|| Status::not_found(&info.name))?;
    Ok(scope.delete(existing, &options)?)
}

impl RequestScope<'_> {
    /// Deletes the existing Job, or marks it as being deleted if it has finalizers.
    fn delete(&self, existing: &Job<'_>, options: &DeleteOptions) -> Result<Response, Status> {
        let mut stored = StoredJob::read(existing, self.validator)?;
        let metadata = &mut stored.job.metadata;
        preconditions::check_delete(&self.info.name, options, metadata)?;
        let finalizers = options.finalizers(metadata);
        if finalizers.is_empty() {
            return Ok(self.deleted(metadata));
        }
        let now = self.context.time.ok_or_else(|| Status::internal_error("there is no clock"))?;
        mark_as_deleting(metadata, now)?;
        metadata.insert("finalizers".into(), finalizers.into());
        let response = self.write_stored(stored, Vec::new());
        let code = if options.orphan_dependents == Some(false) { 202 } else { 200 };
        Ok(Response { code, ..response })
    }

    fn deleted(&self, old: &ObjectMeta) -> Response {
        let status = Status::deleted(&self.info.name, string(old, "uid"));
        Response {
            verb: if self.info.is_dry_run() { StoreVerb::Keep } else { StoreVerb::Delete },
            code: 200,
            created: None,
            encoded: String::new(),
            body: Some(status_body(&status, self.info.pretty)),
            warnings: Vec::new(),
            review: None,
        }
    }
}

/// `markAsDeleting`. Nothing changes if the Job is being deleted already.
///
/// # Errors
///
/// 500 if the stored generation is the maximum.
fn mark_as_deleting(metadata: &mut ObjectMeta, now: Timestamp) -> Result<(), Status> {
    let is_first = !metadata.contains_key("deletionTimestamp");
    metadata.insert("generation".into(), strategy::next_generation(metadata, is_first)?.into());
    let begun: Option<Timestamp> = string(metadata, "deletionTimestamp").parse().ok();
    if begun.is_none_or(|begun| begun > now) {
        metadata.insert("deletionTimestamp".into(), time::format(now).into());
    }
    metadata.insert("deletionGracePeriodSeconds".into(), 0.into());
    Ok(())
}
