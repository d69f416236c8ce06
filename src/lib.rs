//! May this [Volcano Job] be replaced by that one, and if not, which field stands in the way and what
//! would make it pass?
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
//! * [`Job`] is a Job as it was read, from bytes ([`Job::from_slice`]) or from a document
//!   ([`Job::from_value`]): shallow and borrowed. [`Job::read_replacement`] reads many replacements
//!   of one Job, and does not read again what did not change.
//! * [`validate_update`], [`is_update_allowed`] and [`diff`] judge by the documented rule. A
//!   [`Validator`] has the same verbs for any [`UpdatePolicy`], and [`Validator::review`] for
//!   everything at once.
//! * [`Changes`] are what differs, each allowed, ignored or denied; they give a JSON Patch and a
//!   JSON Merge Patch, whole or in part.
//! * [`Violations`] are what stands in the way: never empty, sorted by path, each with a stable
//!   [`Code`], a [`FieldPath`], words and a hint.
//! * Errors are apart from violations: [`JobError`] and [`ReviewError`] say that no verdict was
//!   possible.
//! * [`Validator::restore_defaults`] puts back what Volcano filled in at creation and a manifest lacks.
//! * [`replace`] answers PUT and PATCH as an API server does, without a socket and a store.
//! * [`admission`] answers the reviews that an API server sends to a webhook.
//! * [`Report`] is a review as text and as JSON; [`status`] is it as an API server would answer.
//!
//! The order is always existing Job, then replacement; `old` and `new` are the two values of one
//! change.
//!
//! # What counts as a change
//!
//! Two texts can differ while the Job does not. What the [schema] says of a field decides, never the
//! look of its text.
//!
//! | pair | same? |
//! |---|---|
//! | key order, white space, string escapes, `1`, `1.0` and `1e0` | yes |
//! | `null` and absent | yes |
//! | empty and absent list or map, as a field of a struct (`labels: {}`) | yes |
//! | empty and absent value of a map key (`plugins: {ssh: []}`) | no: the key is the information |
//! | `{}` and absent struct (`emptyDir: {}`) | no |
//! | absent and the schema's default (`maxRetry: 3`, `protocol: TCP`) | yes |
//! | absent and zero, for Volcano's own scalars that are no pointers (`replicas: 0`) | yes |
//! | quantities: `1Gi`, `1024Mi`; `0.5`, `500m` | by value, with Go's rounding and caps |
//! | durations: `60m`, `3600s`, `1h` | by value |
//! | int-or-string: `80`, `"80"` | no |
//! | list order | significant, except in lists that the schema declares as sets |
//!
//! Tasks are the same task if they have the same name; lists with declared keys (containers by
//! `name`, ports by `containerPort` and `protocol`) go by those; other lists are aligned, so that an
//! inserted element is one addition. What the API server manages (`status`, resourceVersion,
//! managedFields, …) never counts.
//!
//! # Values
//!
//! A value that may change can still be wrong. Where an update changed it, it is checked by the
//! [schema] (types, bounds, choices, required fields, keys of lists), by Kubernetes' [rules for
//! labels, annotations and other metadata][ObjectMeta], and by rules across fields (replicas and
//! minAvailable). An update is never denied for what was wrong before it: that is a warning, or not
//! looked at. [`UpdatePolicy::skip`] leaves out a [`Check`].
//!
//! # Messages
//!
//! `Display` of a violation is one line, `path: what is wrong`. It shows no value of the Jobs, which
//! carry secrets, but for small numbers that the reason needs. Messages and hints may change;
//! programs match on [`Violation::code`] and [`Violation::path`].
//!
//! # Feature flags
//!
//! None is on by default.
//!
//! * `kube`: conversions between [`status`] and [`admission`] and the types of kube-core 5. Needs Rust
//!   1.89.
//! * `proptest`: the module `strategy`, with strategies for property tests: Jobs, allowed and
//!   denied updates of them, and other spellings of the same Job. Needs Rust 1.88.
//!
//! # Scope
//!
//! Replacing an existing Job. Creating and deleting Jobs, scheduling and queues, and talking to a
//! cluster are not in it.
//!
//! [Volcano Job]: https://volcano.sh/en/docs/vcjob/
//! [ObjectMeta]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
//! [schema]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/config/crd/volcano/bases/batch.volcano.sh_jobs.yaml

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
#[cfg(feature = "proptest")]
pub mod strategy;
mod validate;

pub use json_patch;

pub use diff::{Change, ChangeKind, Changes, MergePatchError, ReviewError, Verdict};
pub use job::{Job, JobError, JobErrorKind, Limits, ParseJobErrorKindError, resource};
pub use path::{FieldPath, FieldPattern, Key, ParsePathError, Segment};
pub use policy::{Check, DroppedDefaults, UpdatePolicy};
pub use report::{Report, TextStyle};
pub use schema::{JobSchema, SchemaError};
pub use validate::{
    ParseViolationCodeError, Restored, Review, Severity, UpdateError, Validator, Violation,
    ViolationCode, Violations, diff, is_update_allowed, validate_update,
};

/// The README, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
