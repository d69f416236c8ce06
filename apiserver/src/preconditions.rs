//! Checks that a request matches its URL and the current state of the stored Job.

use volcano_job_update::resource::{API_VERSION, GROUP, RESOURCE};
use volcano_job_update::status::{CauseType, GroupKind, Status};

use crate::delete_options::DeleteOptions;
use crate::go;
use crate::object_meta::{ObjectMeta, string};
use crate::request_info::RequestInfo;
use crate::response::with_value;

/// Returns 400 unless the apiVersion matches the URL.
pub(crate) fn check_api_version(api_version: &str) -> Result<(), Status> {
    if api_version == API_VERSION {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "the API version in the data ({api_version}) does not match the expected API version \
         ({API_VERSION})"
    )))
}

/// Returns 400 unless the namespace matches the URL. An absent namespace is set.
pub(crate) fn ensure_namespace(info: &RequestInfo, new: &mut ObjectMeta) -> Result<(), Status> {
    match string(new, "namespace") {
        "" => drop(new.insert("namespace".into(), info.namespace.as_str().into())),
        namespace if namespace == info.namespace => {}
        _ => {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
    }
    Ok(())
}

/// Returns 400 unless the name matches the URL.
pub(crate) fn check_name(info: &RequestInfo, new: &ObjectMeta) -> Result<(), Status> {
    let expected = &*info.name;
    match string(new, "name") {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({expected} based on URL) was undeterminable: name must be provided"
        ))),
        name if name != expected => Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({expected})"
        ))),
        _ => Ok(()),
    }
}

/// Returns 409 unless the uid is absent or matches the stored Job.
pub(crate) fn check_uid(
    info: &RequestInfo,
    new: &ObjectMeta,
    old: &ObjectMeta,
) -> Result<(), Status> {
    let (new, old) = (string(new, "uid"), string(old, "uid"));
    if new.is_empty() || new == old {
        return Ok(());
    }
    let RequestInfo { namespace, name, .. } = info;
    // A dry run is checked before the store adds its prefix to the key.
    let prefix = if info.is_dry_run() { "" } else { "/registry" };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {prefix}/{GROUP}/jobs/{namespace}/{name}, \
         ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {new}, \
         UID in object meta: {old}"
    );
    Err(Status::conflict(name, why))
}

/// Returns 409 unless the resourceVersion matches the stored Job, and 422 if it is missing.
pub(crate) fn check_resource_version(
    info: &RequestInfo,
    new: &ObjectMeta,
    old: &ObjectMeta,
) -> Result<(), Status> {
    let new = parse_resource_version(string(new, "resourceVersion"))?;
    let old = parse_resource_version(string(old, "resourceVersion"))?;
    if new == 0 {
        let detail = "must be specified for an update";
        let field = "metadata.resourceVersion";
        let cause = with_value(CauseType::Invalid, field, &0.into(), detail);
        let resource = GroupKind::new(GROUP, RESOURCE);
        return Err(Status::invalid_object(resource, &info.name, vec![cause]));
    }
    if new != old {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        return Err(Status::conflict(&info.name, why));
    }
    Ok(())
}

/// Returns 409 unless the uid and resourceVersion that the options of a DELETE have are those of the
/// stored Job.
pub(crate) fn check_delete(
    name: &str,
    options: &DeleteOptions,
    old: &ObjectMeta,
) -> Result<(), Status> {
    let conflict = |why: String| Err(Status::conflict_object(GroupKind::JOB, name, why));
    let (uid, version) = (string(old, "uid"), string(old, "resourceVersion"));
    match (&options.uid, &options.resource_version) {
        (Some(wanted), _) if wanted != uid => conflict(format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object \
             might have been deleted and then recreated"
        )),
        (_, Some(wanted)) if wanted != version => conflict(format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in \
             record ({version}). The object might have been modified"
        )),
        _ => Ok(()),
    }
}

/// Returns 500 if a Job that is created has a resourceVersion. One that is not a number is ignored.
pub(crate) fn check_no_resource_version(sent: &str) -> Result<(), Status> {
    match parse_resource_version(sent) {
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => {
            Err(Status::unknown_error("resourceVersion should not be set on objects to be created"))
        }
    }
}

/// `ParseResourceVersion` of the store: an absent version is 0.
fn parse_resource_version(text: &str) -> Result<u64, Status> {
    if text.is_empty() {
        return Ok(0);
    }
    let error = match text.parse() {
        // Go does not accept a sign.
        Ok(version) if !text.starts_with('+') => return Ok(version),
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => "value out of range",
        _ => "invalid syntax",
    };
    Err(Status::unknown_error(format!("strconv.ParseUint: parsing {}: {error}", go::quote(text))))
}
