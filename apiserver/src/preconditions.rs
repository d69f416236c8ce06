//! What must be so for a request to be about the Job in its URL, as it is stored now.

use crate::answer::with_value;
use crate::go;
use crate::meta::{Metadata, text};
use crate::request::Target;
use volcano_job_update::resource::{GROUP, RESOURCE};
use volcano_job_update::status::{CauseType, GroupKind, Status};

pub(crate) fn api_version(given: &str, expected: &str) -> Result<(), Status> {
    if given == expected {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "the API version in the data ({given}) does not match the expected API version ({expected})"
    )))
}

/// The namespace may be left out, and is that of the URL then.
pub(crate) fn namespace(target: &Target, metadata: &mut Metadata) -> Result<(), Status> {
    let namespace = &*target.namespace;
    match text(metadata, "namespace") {
        "" => drop(metadata.insert("namespace".into(), namespace.into())),
        same if same == namespace => {}
        _ => {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
    }
    Ok(())
}

pub(crate) fn name(target: &Target, metadata: &Metadata) -> Result<(), Status> {
    let wanted = &*target.name;
    match text(metadata, "name") {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        ))),
        name if name != wanted => Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        ))),
        _ => Ok(()),
    }
}

pub(crate) fn uid(target: &Target, new: &Metadata, old: &Metadata) -> Result<(), Status> {
    let (sent, stored) = (text(new, "uid"), text(old, "uid"));
    if sent.is_empty() || sent == stored {
        return Ok(());
    }
    let Target { namespace, name, .. } = target;
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{GROUP}/jobs/{namespace}/{name}, \
         ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {sent}, \
         UID in object meta: {stored}"
    );
    Err(Status::conflict(name, why))
}

pub(crate) fn resource_version(
    target: &Target,
    new: &Metadata,
    old: &Metadata,
) -> Result<(), Status> {
    let sent = parse_version(text(new, "resourceVersion"))?;
    let stored = parse_version(text(old, "resourceVersion"))?;
    if sent == 0 {
        let detail = "must be specified for an update";
        let field = "metadata.resourceVersion";
        let cause = with_value(CauseType::Invalid, field, &0.into(), detail);
        return Err(Status::invalid_object(
            GroupKind::new(GROUP, RESOURCE),
            &target.name,
            vec![cause],
        ));
    }
    if sent != stored {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        return Err(Status::conflict(&target.name, why));
    }
    Ok(())
}

/// A resourceVersion as a number; none is 0.
fn parse_version(text: &str) -> Result<u64, Status> {
    if text.is_empty() {
        return Ok(0);
    }
    let why = match text.parse() {
        Ok(version) if !text.starts_with('+') => return Ok(version),
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => "value out of range",
        _ => "invalid syntax",
    };
    Err(Status::unknown_error(format!("strconv.ParseUint: parsing {}: {why}", go::quote(text))))
}
