//! What the CRD cannot say about a Job: `schemas/overlay.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

/// The additions to the OpenAPI schema of a Job. The README in `schemas/` gives the source of each.
///
/// A place is written as in `spec.tasks[*].template`, where `[*]` is any element of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Overlay {
    /// The OpenAPI schema of `metadata`, which a CRD leaves out.
    pub(super) metadata: Value,
    /// The values that a string may have, by place, where the CRD has no enum.
    pub(super) choices: BTreeMap<String, Vec<String>>,
    /// The places of strings that are a `metav1.Duration`.
    pub(super) durations: BTreeSet<String>,
    /// The places of scalars where absent equals Go's zero value.
    pub(super) zero_is_absent: BTreeSet<String>,
    /// The places that only the API server writes.
    pub(super) system_managed: BTreeSet<String>,
    /// The places that the API server fills in where they are absent.
    pub(super) server_filled: BTreeSet<String>,
    /// The places that Volcano's controller fills in, each with the sibling whose presence makes it do so.
    pub(super) filled_beside: BTreeMap<String, Box<str>>,
}
