//! The mapping of violations and errors to status codes and causes.

use super::{CauseType, GroupKind, Status, StatusCause};
use crate::diff::ReviewError;
use crate::job::names::spelling;
use crate::job::{JobError, JobErrorKind};
use crate::validate::{UpdateError, Violation, ViolationCode, Violations};

/// The HTTP status codes for denied updates.
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
    /// `kubectl apply --force` deletes and recreates an object on 422, which would end a running
    /// Job. It does not do so on 403.
    #[default]
    Documented,
    /// The codes that an API server uses.
    Kubernetes,
}

spelling!(StatusCodes, "status codes", {
    Documented => "documented",
    Kubernetes => "kubernetes",
});

impl ViolationCode {
    /// The type of the [`StatusCause`] for a violation with this code, such as
    /// [`CauseType::Forbidden`].
    #[must_use]
    pub const fn cause(self) -> CauseType {
        match self {
            Self::ImmutableField
            | Self::UnknownField
            | Self::TaskAdded
            | Self::TaskRemoved
            | Self::TasksReordered
            | Self::VolcanoWebhook => CauseType::Forbidden,
            Self::DroppedDefault => CauseType::Required,
            Self::DuplicateTaskName => CauseType::Duplicate,
            Self::WrongObject
            | Self::InvalidValue
            | Self::ReplicasBelowMinAvailable
            | Self::MinAvailableAboveTotal
            | Self::PartitionMismatch => CauseType::Invalid,
        }
    }
}

impl From<&Violation> for StatusCause {
    /// The cause for a violation. Like the violation's `Display`, it shows no value of the Jobs.
    fn from(violation: &Violation) -> Self {
        Self::new(violation.code().cause(), violation.path(), violation.message())
    }
}

impl Status {
    /// The answer to a denied update of the Job with this name, with one cause per violation.
    ///
    /// Like the `Display` of violations, it shows no value of the Jobs.
    #[must_use]
    pub fn denied(name: &str, violations: &Violations, codes: StatusCodes) -> Self {
        let causes = violations.iter().map(StatusCause::from).collect();
        match codes {
            StatusCodes::Documented if violations.deny_a_change() => {
                Self::forbidden_with_causes(name, causes, violations.omitted())
            }
            StatusCodes::Documented | StatusCodes::Kubernetes => {
                Self::invalid_with_omitted(GroupKind::JOB, name, causes, violations.omitted())
                    .with_codes(codes)
            }
        }
    }

    /// The answer if no outcome can be determined: 500 if the existing Job, which the server has
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

    /// The answer to a failed update of the Job with this name: denied, or without an outcome.
    #[must_use]
    pub fn from_error(name: &str, error: &UpdateError, codes: StatusCodes) -> Self {
        match error {
            UpdateError::Denied(violations) => Self::denied(name, violations, codes),
            UpdateError::Review(error) => Self::review_error(error),
        }
    }

    /// Converts the answer to other status codes: [`StatusCodes::Documented`] changes 422 `Invalid`
    /// to 400 `BadRequest` and keeps the message and details.
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
