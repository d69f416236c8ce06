//! The options of a DELETE: decoding, validation, and the finalizers that they lead to.
//!
//! See [`DeleteOptions`] and its
//! [validation](https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go).
//!
//! [`DeleteOptions`]: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go

use std::collections::BTreeSet;

use serde_json::Value;
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};

use crate::decode;
use crate::go;
use crate::lazy;
use crate::object_meta::{ObjectMeta, strings};
use crate::patch::{go_name, well_formed};
use crate::request::DeleteRequest;
use crate::request_info::dry_run_cause;
use crate::response::with_value;
use crate::syntax;

const DELETE_OPTIONS: &str = "DeleteOptions";
/// The apiVersion of options that have none.
const META_V1: &str = "meta.k8s.io/v1";
/// The other kinds that an API server knows where it expects options: in every API group, and in some
/// versions.
const KINDS: [&str; 10] = [
    "APIGroup",
    "APIGroupList",
    "APIResourceList",
    "APIVersions",
    "CreateOptions",
    "GetOptions",
    "ListOptions",
    "PatchOptions",
    "Status",
    "UpdateOptions",
];
const VERSIONED_KINDS: [(&str, &str); 8] = [
    (META_V1, "PartialObjectMetadata"),
    (META_V1, "PartialObjectMetadataList"),
    (META_V1, "Table"),
    (META_V1, "TableOptions"),
    (META_V1, "WatchEvent"),
    ("meta.k8s.io/v1beta1", "PartialObjectMetadata"),
    ("meta.k8s.io/v1beta1", "Table"),
    ("meta.k8s.io/v1beta1", "TableOptions"),
];

/// The finalizer that makes the garbage collector leave dependents alone.
const ORPHAN: &str = "orphan";
/// The finalizer that makes it delete them first.
const FOREGROUND: &str = "foregroundDeletion";

/// The options that matter for a custom resource. The grace period does not.
#[derive(Debug, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) orphan_dependents: Option<bool>,
    propagation_policy: Option<String>,
    pub(crate) dry_run: Vec<String>,
}

impl DeleteOptions {
    /// The options in the body or, if that is empty, in the query.
    ///
    /// # Errors
    ///
    /// 400 for options of another type.
    pub(crate) fn of(request: &DeleteRequest<'_>) -> Result<Self, Status> {
        if request.body.is_empty() { Self::in_query(request) } else { Self::decode(request.body) }
    }

    fn in_query(request: &DeleteRequest<'_>) -> Result<Self, Status> {
        let parameters = &request.parameters;
        if let Some(seconds) = &parameters.grace_period_seconds {
            check_int64(seconds)?;
        }
        let non_empty = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        Ok(Self {
            uid: non_empty(&parameters.uid),
            resource_version: non_empty(&parameters.resource_version),
            orphan_dependents: parameters.orphan_dependents,
            propagation_policy: parameters.propagation_policy.clone(),
            dry_run: request.info.dry_run().to_vec(),
        })
    }

    fn decode(body: &[u8]) -> Result<Self, Status> {
        let text = syntax::sanitize_bytes(body);
        let text = well_formed(&text, body)
            .map_err(|error| Status::bad_request(decode::no_type_meta(&error)))?;
        if text == "null" {
            return Ok(Self::default());
        }
        if !text.starts_with('{') {
            let error = decode::not_type_meta(go_name(text));
            return Err(Status::bad_request(error));
        }
        let fields = lazy::members(text);
        check_kind(&fields, text)?;
        let mut options = Self::default();
        for (key, value) in &fields {
            options.set(key, value).map_err(Status::bad_request)?;
        }
        Ok(options)
    }

    /// Sets a field. Like Go, it ignores unknown ones, and the last of several with the same name wins.
    fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        let mismatch =
            |found: &str, go_type: &str| mismatch(found, DELETE_OPTIONS, &[key], go_type);
        match key {
            "gracePeriodSeconds" => is_int64(text).map_err(|found| mismatch(&found, "int64"))?,
            "orphanDependents" => {
                self.orphan_dependents = boolean(text).map_err(|found| mismatch(found, "bool"))?;
            }
            "ignoreStoreReadErrorWithClusterBreakingPotential" => {
                boolean(text).map_err(|found| mismatch(found, "bool"))?;
            }
            "propagationPolicy" => {
                self.propagation_policy =
                    string(text).map_err(|found| mismatch(found, "v1.DeletionPropagation"))?;
            }
            "dryRun" if text == "null" => self.dry_run.clear(),
            "dryRun" if text.starts_with('[') => {
                let values = lazy::elements(text).into_iter().map(string);
                let values: Result<Vec<Option<String>>, &str> = values.collect();
                let values = values.map_err(|found| mismatch(found, "string"))?;
                self.dry_run = values.into_iter().map(Option::unwrap_or_default).collect();
            }
            "dryRun" => return Err(mismatch(go_name(text), "[]string")),
            "preconditions" if text == "null" => (self.uid, self.resource_version) = (None, None),
            "preconditions" if text.starts_with('{') => {
                for (key, text) in lazy::members(text) {
                    self.set_precondition(&key, text)?;
                }
            }
            "preconditions" => return Err(mismatch(go_name(text), "v1.Preconditions")),
            _ => {}
        }
        Ok(())
    }

    fn set_precondition(&mut self, key: &str, text: &str) -> Result<(), String> {
        let path = ["preconditions", key];
        let mismatch = |found: &str, go_type| mismatch(found, "Preconditions", &path, go_type);
        match key {
            "uid" => self.uid = string(text).map_err(|found| mismatch(found, "types.UID"))?,
            "resourceVersion" => {
                self.resource_version = string(text).map_err(|found| mismatch(found, "string"))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// `ValidateDeleteOptions`.
    ///
    /// # Errors
    ///
    /// 422 if a value is not supported.
    pub(crate) fn validate(&self) -> Result<(), Status> {
        const FIELD: &str = "propagationPolicy";
        let mut causes = Vec::new();
        if let Some(policy) = &self.propagation_policy {
            let mut add = |kind, detail| {
                causes.push(with_value(kind, FIELD, &policy.as_str().into(), detail));
            };
            if self.orphan_dependents.is_some() {
                let detail = "orphanDependents and deletionPropagation cannot be both set";
                add(CauseType::Invalid, detail);
            }
            if !matches!(&**policy, "Foreground" | "Background" | "Orphan") {
                let detail = r#"supported values: "Foreground", "Background", "Orphan", "nil""#;
                add(CauseType::NotSupported, detail);
            }
        }
        causes.extend(dry_run_cause(&self.dry_run));
        refuse_if_any(causes)
    }

    /// The finalizers of a Job after its deletion began (`deletionFinalizersForGarbageCollection`). If
    /// there are none, it is deleted at once.
    pub(crate) fn finalizers(&self, old: &ObjectMeta) -> Vec<Value> {
        let old = strings(old, "finalizers");
        let is_of_collector = |name: &&str| matches!(*name, ORPHAN | FOREGROUND);
        // Unless the options say what happens to the dependents, the first such finalizer does.
        let first = old.iter().copied().find(is_of_collector);
        let added = match (self.orphan_dependents, self.propagation_policy.as_deref()) {
            (Some(true), _) | (None, Some("Orphan")) => Some(ORPHAN),
            (None, Some("Foreground")) => Some(FOREGROUND),
            (Some(false), _) | (None, Some(_)) => None,
            (None, None) => first,
        };
        let others = old.iter().copied().filter(|name| !is_of_collector(name));
        let new: Vec<&str> = others.chain(added).collect();
        let set =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let names = if set(&old) == set(&new) { old } else { new };
        names.into_iter().map(Value::from).collect()
    }
}

/// Checks that a body with options says so.
fn check_kind(fields: &[(String, &str)], text: &str) -> Result<(), Status> {
    let types = fields.iter().map(|(key, text)| (key, go_name(text)));
    decode::check_types(types).map_err(Status::bad_request)?;
    // Go ignores the case of these keys, and null changes nothing.
    let last = |name: &str| {
        let is_it =
            |(key, text): &&(String, &str)| key.eq_ignore_ascii_case(name) && *text != "null";
        fields.iter().rfind(is_it).map(|(_, text)| lazy::string(text)).unwrap_or_default()
    };
    let (api_version, kind) = (last("apiVersion"), last("kind"));
    let version = match api_version.split('/').collect::<Vec<_>>().as_slice() {
        [""] | ["" | "meta.k8s.io", ""] => META_V1,
        [_, ""] => {
            let error = format!("Object 'apiVersion' is missing in '{text}'");
            return Err(Status::bad_request(error));
        }
        ["", version] => version,
        [_] | [_, _] => &api_version,
        _ => {
            let error = format!("unexpected GroupVersion string: {api_version}");
            return Err(Status::bad_request(error));
        }
    };
    let is_known = KINDS.contains(&&*kind) || VERSIONED_KINDS.contains(&(version, &*kind));
    match &*kind {
        "" | DELETE_OPTIONS => Ok(()),
        kind if is_known => Err(Status::bad_request(format!(
            "converting (v1.{kind}) to (v1.{DELETE_OPTIONS}): unknown conversion"
        ))),
        kind => Err(Status::bad_request(format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
            go::quote(kind),
            go::quote(version)
        ))),
    }
}

fn refuse_if_any(causes: Vec<StatusCause>) -> Result<(), Status> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(Status::invalid_object(GroupKind::new("meta.k8s.io", DELETE_OPTIONS), "", causes))
}

/// Go's error for a field of another type.
fn mismatch(found: &str, structure: &str, path: &[&str], go_type: &str) -> String {
    let path = path.join(".");
    format!(
        "json: cannot unmarshal {found} into Go struct field {structure}.{path} of type {go_type}"
    )
}

/// A string, or none for `null`; the type that was found for anything else.
fn string(text: &str) -> Result<Option<String>, &'static str> {
    match text {
        "null" => Ok(None),
        text if text.starts_with('"') => Ok(Some(lazy::string(text))),
        other => Err(go_name(other)),
    }
}

fn boolean(text: &str) -> Result<Option<bool>, &'static str> {
    match text {
        "null" => Ok(None),
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        other => Err(go_name(other)),
    }
}

/// Checks that a JSON text is an `int64` or `null`; returns what was found otherwise.
fn is_int64(text: &str) -> Result<(), String> {
    if text == "null" || text.parse::<i64>().is_ok() {
        return Ok(());
    }
    let found = go_name(text);
    Err(if found == "number" { format!("number {text}") } else { found.to_owned() })
}

/// Checks a query parameter, with the error of Go's `strconv.ParseInt`.
fn check_int64(text: &str) -> Result<(), Status> {
    if text.parse::<i64>().is_ok() {
        return Ok(());
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let error = if is_number { "value out of range" } else { "invalid syntax" };
    let text = go::quote(text);
    Err(Status::bad_request(format!("strconv.ParseInt: parsing {text}: {error}")))
}
