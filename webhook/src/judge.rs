//! From the bytes of a review to the bytes of its answer.

use volcano_job_update::admission::{self, Outcome, RequestError, Response};
use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update::{Validator, ViolationCode};

use crate::args::StatusCodesName;
use crate::metrics::Endpoint;

/// Answers reviews by one policy.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    validator: Validator,
    codes: StatusCodes,
    shadow: bool,
}

/// What a review is answered with, and what is counted and logged of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) verdict: Verdict,
    pub(crate) is_allowed: bool,
    pub(crate) uid: String,
    pub(crate) codes: Vec<ViolationCode>,
}

/// What became of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Answered(Outcome),
    RequestError,
}

impl Verdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Answered(outcome) => outcome.as_str(),
            Self::RequestError => "unanswerable",
        }
    }

    /// Whether it is a denial, unless a shadow keeps it from being one.
    pub(crate) fn is_denial(self) -> bool {
        matches!(self, Self::Answered(Outcome::Denied | Outcome::Error))
    }
}

impl Judge {
    pub(crate) fn new(validator: Validator, codes: StatusCodesName, shadow: bool) -> Self {
        let codes = match codes {
            StatusCodesName::Documented => StatusCodes::Documented,
            StatusCodesName::Kubernetes => StatusCodes::Kubernetes,
        };
        Self { validator, codes, shadow }
    }

    pub(crate) fn policy_name(&self) -> &str {
        self.validator.policy().name()
    }

    pub(crate) fn answer(&self, endpoint: Endpoint, body: &[u8]) -> Answer {
        let response = match endpoint {
            Endpoint::Validate => admission::respond(body, &self.validator, self.codes),
            Endpoint::Restore => admission::restore(body, &self.validator),
        };
        match response {
            Ok(response) if self.shadow => answered(&response.into_shadow()),
            Ok(response) => answered(&response),
            Err(error) => unanswerable(&error),
        }
    }
}

fn answered(response: &Response) -> Answer {
    Answer {
        status: 200,
        body: response.to_json(),
        verdict: Verdict::Answered(response.outcome()),
        is_allowed: response.is_allowed(),
        uid: response.uid().to_owned(),
        codes: response.codes().collect(),
    }
}

fn unanswerable(error: &RequestError) -> Answer {
    Answer {
        status: error.status().code,
        body: json(error.status()),
        verdict: Verdict::RequestError,
        is_allowed: false,
        uid: String::new(),
        codes: Vec::new(),
    }
}

/// A status as the body of an HTTP response.
#[expect(clippy::expect_used, reason = "a status always serializes")]
pub(crate) fn json(status: &Status) -> Vec<u8> {
    serde_json::to_vec(status).expect("strings and numbers under fixed keys always serialize")
}
