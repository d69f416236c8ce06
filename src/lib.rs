//! Compares an existing [Volcano Job] with its replacement and says whether the update is allowed, and
//! if not, which field denies it and what would make it pass.
//!
//! ```
//! use volcano_job_update::{Job, UpdateError, validate_update};
//!
//! let existing = Job::from_slice(br#"{
//!     "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "hello"},
//!     "spec": {"queue": "research", "tasks": [{"name": "worker", "replicas": 1}]}
//! }"#)?;
//! let replacement = Job::from_slice(br#"{
//!     "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "hello"},
//!     "spec": {"queue": "production", "tasks": [{"name": "worker", "replicas": 2}]}
//! }"#)?;
//!
//! let Err(UpdateError::Denied(violations)) = validate_update(&existing, &replacement) else { panic!() };
//! assert_eq!(violations.len(), 1, "the replicas may change");
//! assert_eq!(violations[0].code().as_str(), "immutable-field");
//! assert_eq!(violations[0].path().to_string(), "spec.queue");
//! # Ok::<(), volcano_job_update::JobError>(())
//! ```
//!
//! # Overview
//!
//! * [`Job`] is a Job read from bytes ([`Job::from_slice`]) or from a parsed document
//!   ([`Job::from_value`]). It borrows from its input. [`Job::read_replacement`] reads a replacement
//!   and skips the text that it shares with the existing Job.
//! * [`validate_update`], [`is_update_allowed`] and [`diff`] apply the documented policy, and
//!   [`validate_update_bytes`] also reads both Jobs. A [`Validator`] has the same functions for any
//!   [`UpdatePolicy`], and [`Validator::review`], which returns all results at once.
//! * [`Changes`] lists what differs, each allowed, ignored or denied. It converts to a JSON Patch and
//!   a JSON Merge Patch, whole or in part.
//! * [`Violations`] lists why an update is denied. It is never empty and is sorted by path. Each
//!   [`Violation`] has a stable [`ViolationCode`], a [`FieldPath`], a message and a hint.
//! * [`JobError`] and [`ReviewError`] are errors: no verdict was possible. They never contain
//!   violations.
//! * [`Validator::restore_defaults`] restores the fields that Volcano filled in when the Job was
//!   created and that the replacement lacks.
//! * [`admission`] answers the AdmissionReviews that an API server sends to a webhook.
//! * [`Report`] renders a review as JSON, [`status`] as the `Status` of an API server.
//!
//! Arguments are always in the order existing Job, replacement. The two values of a change are called
//! `before` and `after`.
//!
//! PUT and PATCH requests to an API server are handled by a separate crate, `volcano-job-apiserver`.
//!
//! # What counts as a change
//!
//! Values are compared as the [schema] defines them, not as text. These pairs are equal or different:
//!
//! | pair | equal? |
//! |---|---|
//! | key order, white space, string escapes, `1`, `1.0` and `1e0` | yes |
//! | `null` and absent | yes |
//! | empty and absent list or map, as a field of a struct (`labels: {}`) | yes |
//! | empty value of a map key (`plugins: {ssh: []}`) and absent key | no: the key has a meaning of its own |
//! | `{}` and absent struct (`emptyDir: {}`) | no |
//! | absent and the schema's default (`maxRetry: 3`, `protocol: TCP`) | yes |
//! | absent and zero, for Volcano's own scalars that are not pointers (`replicas: 0`) | yes |
//! | quantities of one value: `1Gi` and `1024Mi`, `0.5` and `500m` | yes, with Go's rounding and caps |
//! | durations of one value: `60m`, `3600s` and `1h` | yes |
//! | int-or-string: `80` and `"80"` | no |
//! | lists in another order | no, except lists that the schema declares as sets |
//!
//! Tasks are matched by name, and elements of lists with declared keys by those keys (containers by
//! `name`, ports by `containerPort` and `protocol`). Other lists are aligned, so that an inserted
//! element is one addition. Fields that the API server manages (`status`, resourceVersion,
//! managedFields, …) are ignored.
//!
//! # Validation of values
//!
//! The new value of a field that may change is validated: by the [schema] (types, bounds, enums,
//! required fields, list keys), by Kubernetes' [rules for metadata][ObjectMeta], and by rules across
//! fields (replicas and minAvailable). A value that the update did not change never denies it; at most
//! it causes a warning. [`UpdatePolicy::skip`] turns off a [`Check`].
//!
//! # Messages
//!
//! A violation is displayed on one line, `path: what is wrong`. Jobs contain secrets, so messages show
//! no values of them, except small numbers that the reason needs. Messages and hints are not stable;
//! match on [`Violation::code`] and [`Violation::path`].
//!
//! # Feature flags
//!
//! No feature is on by default.
//!
//! * `kube`: conversions between the types of [`status`] and [`admission`] and those of kube-core 5.
//!   Needs Rust 1.89.
//! * `strategy`: the module `strategy` with proptest strategies for Jobs, allowed and denied updates,
//!   and equal Jobs in different spellings. Needs Rust 1.88.
//!
//! # Scope
//!
//! This crate covers the replacement of an existing Job. It does not create or delete Jobs, schedule
//! them, or connect to a cluster.
//!
//! [Volcano Job]: https://volcano.sh/en/docs/vcjob/
//! [ObjectMeta]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
//! [schema]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/config/crd/volcano/bases/batch.volcano.sh_jobs.yaml

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod admission;
mod diff;
#[doc(hidden)]
pub mod internals;
mod job;
mod path;
mod policy;
mod report;
mod scalar;
mod schema;
pub mod status;
#[cfg(feature = "strategy")]
pub mod strategy;
mod validate;
mod volcano;

pub use json_patch;

pub use diff::{Change, ChangeKind, Changes, MergePatchError, ReviewError, Verdict};
pub use job::names::UnknownNameError;
pub use job::{Job, JobError, JobErrorKind, Limits, resource};
pub use path::{FieldPath, FieldPattern, Key, ParsePathError, PatternSegment, Segment};
pub use policy::{Check, DroppedDefaults, Judge, Restored, UpdatePolicy};
pub use report::Report;
pub use schema::{JobSchema, SchemaError, UncheckedRule};
pub use validate::{
    Review, Severity, UpdateError, Validator, Violation, ViolationCode, Violations, diff,
    is_update_allowed, validate_update, validate_update_bytes,
};
pub use volcano::VolcanoDenial;

/// The README, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
