//! The kind
//! [PartialObjectMetadata](https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go).

use std::borrow::Cow;

use crate::api::members::{elements, member, members};

/// The fields of `ObjectMeta` in the order of the Go struct, which is the order of the answer.
const OBJECT_META: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Those of `OwnerReference`. The first four are there even if they are empty.
const OWNER_REFERENCE: &[&str] =
    &["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];

const MANAGED_FIELDS_ENTRY: &[&str] =
    &["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];

/// A Job without everything but its metadata.
pub(super) fn partial(job: &str, version: &str) -> String {
    let metadata = member(job, "metadata").map_or_else(|| "{}".into(), object_meta);
    format!(
        r#"{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/{version}","metadata":{metadata}}}"#
    )
}

fn object_meta(metadata: &str) -> String {
    let metadata = members(metadata);
    in_order(OBJECT_META, |field| {
        let (_, value) = metadata.iter().find(|(key, _)| key == field)?;
        match field {
            "ownerReferences" => Some(list_in_order(value, OWNER_REFERENCE).into()),
            "managedFields" => Some(list_in_order(value, MANAGED_FIELDS_ENTRY).into()),
            "generation" if *value == "0" => None,
            _ => Some((*value).into()),
        }
    })
}

fn list_in_order(list: &str, fields: &[&'static str]) -> String {
    let elements = elements(list);
    let ordered: Vec<_> = elements
        .into_iter()
        .map(|element| in_order(fields, |field| member(element, field).map(Into::into)))
        .collect();
    format!("[{}]", ordered.join(","))
}

/// An object with the fields in this order. Fields without a value are left out, as Go does.
fn in_order<'t>(
    fields: &[&'static str],
    value_of: impl Fn(&'static str) -> Option<Cow<'t, str>>,
) -> String {
    let mut object = String::from("{");
    for field in fields {
        let value = value_of(field);
        let Some(value) =
            value.filter(|value| !matches!(&**value, "" | "null" | "{}" | "[]" | "\"\""))
        else {
            continue;
        };
        if object.len() > 1 {
            object.push(',');
        }
        object.extend(["\"", field, "\":", &value]);
    }
    object.push('}');
    object
}
