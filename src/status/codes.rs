//! The mapping of violations and errors to status codes and causes.

use super::{CauseType, GroupKind, Status, StatusCause};
use crate::diff::ReviewError;
use crate::job::names::spelling;
use crate::job::{JobError, JobErrorKind};
use crate::validate::{UpdateError, Violation, ViolationCode, Violations};

/// Which HTTP status codes a denied update gets.
///
/// | situation | `documented` | `kubernetes` |
/// |---|---|---|
/// | a change that is not allowed | 403 `Forbidden` | 422 `Invalid` |
/// | only invalid values | 400 `BadRequest` | 422 `Invalid` |
///
/// All other codes are the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusCodes {
    /// The codes that the documentation of the request lists.
    ///
    /// `kubectl apply --force` deletes and recreates an object for which it gets 422, which would end
    /// a running Job. It does not do so for 403.
    #[default]
    Documented,
    /// The codes that an API server uses.
    Kubernetes,
}

spelling!(StatusCodes, "status codes", {
    Documented => "documented",
    Kubernetes => "kubernetes",
});

/// What a violation denies, on which the status code depends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Denied {
    /// The change of a field, whatever its value.
    Change,
    /// The value of a field that may change.
    Value,
}

/// The type of the cause for a violation with this code, and what such a violation denies.
const fn mapping(code: ViolationCode) -> (CauseType, Denied) {
    match code {
        ViolationCode::ImmutableField
        | ViolationCode::UnknownField
        | ViolationCode::TaskAdded
        | ViolationCode::TaskRemoved
        | ViolationCode::TasksReordered
        | ViolationCode::TemplateChange => (CauseType::Forbidden, Denied::Change),
        ViolationCode::DroppedDefault => (CauseType::Required, Denied::Change),
        ViolationCode::DuplicateTaskName => (CauseType::Duplicate, Denied::Value),
        ViolationCode::WrongObject
        | ViolationCode::InvalidValue
        | ViolationCode::ReplicasBelowMinAvailable
        | ViolationCode::MinAvailableAboveTotal
        | ViolationCode::PartitionMismatch => (CauseType::Invalid, Denied::Value),
    }
}

impl ViolationCode {
    /// The type of the [`StatusCause`] for a violation with this code, such as
    /// [`CauseType::Forbidden`].
    #[must_use]
    pub const fn cause(self) -> CauseType {
        mapping(self).0
    }

    const fn denied(self) -> Denied {
        mapping(self).1
    }
}

impl From<&Violation> for StatusCause {
    /// The cause for a violation. Like the violation's `Display`, it shows no value of the Jobs.
    fn from(violation: &Violation) -> Self {
        Self::new(violation.code().cause(), violation.path(), violation.message())
    }
}

impl Status {
    /// The answer to a denied update of the Job of that name, with one cause per violation.
    ///
    /// Like the `Display` of violations, it shows no value of the Jobs.
    #[must_use]
    pub fn denied(name: &str, violations: &Violations, codes: StatusCodes) -> Self {
        let causes = violations.iter().map(StatusCause::from).collect();
        let denies_change = violations.iter().any(|it| it.code().denied() == Denied::Change);
        match codes {
            StatusCodes::Documented if denies_change => {
                Self::forbidden_with_causes(name, causes, violations.omitted())
            }
            StatusCodes::Documented | StatusCodes::Kubernetes => {
                Self::invalid_with_omitted(GroupKind::JOB, name, causes, violations.omitted())
                    .with_codes(codes)
            }
        }
    }

    /// The answer if the update could not be judged: 500 if the existing Job, which the server has
    /// stored, cannot be read; [`Status::job_error`] if the replacement cannot be read.
    #[must_use]
    pub fn review_error(error: &ReviewError) -> Self {
        match error {
            ReviewError::Existing(_) => Self::internal_error(error),
            ReviewError::Replacement(error) => Self::job_error(error),
        }
    }

    /// The answer to a Job that cannot be read: 413 if it is too large, 400 otherwise.
    #[must_use]
    pub fn job_error(error: &JobError) -> Self {
        match error.kind() {
            JobErrorKind::TooLarge => Self::request_entity_too_large(error),
            _ => Self::bad_request(error.to_string()),
        }
    }

    /// The answer to an update of the Job of that name which was denied or could not be judged.
    #[must_use]
    pub fn from_error(name: &str, error: &UpdateError, codes: StatusCodes) -> Self {
        match error {
            UpdateError::Denied(violations) => Self::denied(name, violations, codes),
            UpdateError::Review(error) => Self::review_error(error),
        }
    }

    /// The same answer with another choice of codes: [`StatusCodes::Documented`] changes 422
    /// `Invalid` to 400 `BadRequest` and keeps the message and details.
    #[must_use]
    pub fn with_codes(self, codes: StatusCodes) -> Self {
        match codes {
            StatusCodes::Documented if self.code == 422 => {
                Self { code: 400, reason: "BadRequest".into(), ..self }
            }
            StatusCodes::Documented | StatusCodes::Kubernetes => self,
        }
    }
}
