//! What the CRD does not say about a Job: `schemas/overlay.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

/// The additions to the OpenAPI schema of a Job. The README in `schemas/` gives the source of each.
///
/// A place is written like `spec.tasks[*].template`, where `[*]` stands for any element of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Overlay {
    /// The OpenAPI schema of `metadata`, which a CRD leaves out.
    pub(super) metadata: Value,
    /// The values that a string may have, by place, if the CRD has no enum.
    pub(super) choices: BTreeMap<String, Vec<String>>,
    /// The places of strings that are a `metav1.Duration`.
    pub(super) durations: BTreeSet<String>,
    /// The places of scalars for which absent is the same as Go's zero value.
    pub(super) zero_is_absent: BTreeSet<String>,
    /// The places that only the API server writes.
    pub(super) system_managed: BTreeSet<String>,
    /// The places that the API server fills in if they are absent.
    pub(super) server_filled: BTreeSet<String>,
    /// The places that Volcano's controller fills in, each with the sibling field whose presence
    /// triggers that.
    pub(super) filled_beside: BTreeMap<String, Box<str>>,
}
