//! The response to a review.

use json_patch::Patch;
use serde::{Serialize, Serializer, ser};

use super::outcome::Outcome;
use super::warnings::{limit_warnings, on_one_line};
use super::{api, base64};
use crate::diff::ReviewError;
use crate::job::resource::{GROUP, RESOURCE};
use crate::policy::UpdatePolicy;
use crate::status::{Status, StatusCodes, StatusDetails};
use crate::validate::{Review, Violation, ViolationCode, Violations, shortened};

/// The limit for one audit annotation, in characters.
const ANNOTATION_CHARACTERS: usize = 2048;

/// The response to a review. [`Response::to_json`] returns the JSON to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    api_version: String,
    uid: String,
    outcome: Outcome,
    is_shadow: bool,
    status: Option<Status>,
    violations: Option<Violations>,
    /// The lines of the warnings, which are not limited yet, and the number of further lines.
    lines: Vec<String>,
    omitted_lines: usize,
    warnings: Vec<String>,
    audit_annotations: Vec<(&'static str, String)>,
    patch: Option<Patch>,
}

impl Response {
    /// The uid of the request.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The API version of the review, which is also that of the response.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.is_shadow || !self.outcome.is_denial()
    }

    /// The outcome. A [shadow](Self::into_shadow) keeps the outcome of the original response.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why the request is denied; `None` if it is allowed.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// The violations that deny the update. A [shadow](Self::into_shadow) keeps them.
    #[must_use]
    pub fn violations(&self) -> Option<&Violations> {
        self.violations.as_ref()
    }

    /// The codes of [`Response::violations`], one for each violation.
    pub fn codes(&self) -> impl Iterator<Item = ViolationCode> {
        self.violations.iter().flatten().map(Violation::code)
    }

    /// The warnings, which kubectl shows: the hints of a denial, then the warnings of the review.
    /// Each is one line of fewer than 256 characters. All together have at most 4096 characters.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The annotations of the audit event: `policy`, `verdict`, `codes`, `paths`, `restored`. An
    /// API server prefixes the keys with the name of the webhook.
    pub fn audit_annotations(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.audit_annotations.iter().map(|(key, value)| (*key, &**value))
    }

    /// The patch that adds dropped creation defaults, if any were dropped.
    #[must_use]
    pub fn patch(&self) -> Option<&Patch> {
        self.patch.as_ref()
    }

    /// Allows the request and turns the causes of a denial into warnings. Use it to try out a
    /// webhook without denying anything.
    #[must_use]
    pub fn into_shadow(mut self) -> Self {
        let Some(status) = self.status.take() else { return self };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let mut lines: Vec<String> =
            causes.map(|cause| format!("would be denied: {cause}")).collect();
        if lines.is_empty() {
            lines.push(format!("would be denied: {}", status.message));
        }
        lines.append(&mut self.lines);
        self.is_shadow = true;
        let omitted = self.omitted_lines;
        self.warned(lines, omitted)
    }

    /// The `AdmissionReview` to send, as JSON.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a response always serializes")]
    pub fn to_json(&self) -> Vec<u8> {
        // Large enough for most responses.
        let mut json = Vec::with_capacity(512);
        serde_json::to_writer(&mut json, self)
            .expect("strings, numbers and a JSON Patch serialize, and a Vec can be written to");
        json
    }

    /// The response of a validating webhook to a review made by [`Validator::review`], for programs
    /// that do not read an `AdmissionReview`. `uid` is the uid of the request, `name` the name of
    /// the Job.
    ///
    /// [`Validator::review`]: crate::Validator::review
    #[must_use]
    pub fn from_review(uid: &str, name: &str, review: Review, codes: StatusCodes) -> Self {
        Self::new(api::API_VERSION, uid, Outcome::Error).reviewed(name, review, codes)
    }

    /// A response with this outcome and no details.
    pub(super) fn new(api_version: &str, uid: &str, outcome: Outcome) -> Self {
        Self {
            api_version: api_version.into(),
            uid: uid.into(),
            outcome,
            is_shadow: false,
            status: None,
            violations: None,
            lines: Vec::new(),
            omitted_lines: 0,
            warnings: Vec::new(),
            audit_annotations: Vec::new(),
            patch: None,
        }
    }

    /// Adds the result of a review of the Job with this name.
    pub(super) fn reviewed(self, name: &str, review: Review, codes: StatusCodes) -> Self {
        let (warnings, omitted) = (review.warnings(), review.omitted_warnings());
        let lines = warnings.iter().map(ToString::to_string);
        let Some(violations) = review.violations() else {
            let response = Self { outcome: Outcome::Allowed, ..self };
            return response.warned(lines.collect(), omitted).audited(review.policy());
        };
        let status = Status::denied(name, violations, codes);
        let hints = violations.iter().filter_map(hint_line).chain(review.broken_rule());
        let lines: Vec<String> = hints.chain(lines).collect();
        let omitted = omitted + violations.omitted();
        let mut response = Self { outcome: Outcome::Denied, status: Some(status), ..self }
            .warned(lines, omitted)
            .audited(review.policy());
        let mut codes: Vec<&str> =
            violations.iter().map(|violation| violation.code().as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        response.annotate("codes", codes, 0);
        let paths = violations.iter().map(|violation| violation.path().to_string());
        response.annotate("paths", paths, violations.omitted());
        response.violations = review.into_result().err();
        response
    }

    /// Adds a denial because one of the two Jobs cannot be read.
    pub(super) fn unreadable(self, name: &str, error: &ReviewError) -> Self {
        self.failed(name, Status::review_error(error))
    }

    /// Adds a denial because of an error. `name` is the name of the Job.
    pub(super) fn failed(self, name: &str, mut status: Status) -> Self {
        let details = status.details.get_or_insert_default();
        let StatusDetails { name: job_name, group, kind, .. } = &mut **details;
        (*job_name, *group, *kind) = (name.into(), GROUP.into(), RESOURCE.into());
        Self { outcome: Outcome::Error, status: Some(status), ..self }
    }

    /// Adds the patch that restores creation defaults, unless it is empty.
    pub(super) fn restored(self, patch: Patch, policy: &UpdatePolicy) -> Self {
        if patch.is_empty() {
            return Self { outcome: Outcome::Allowed, ..self }.audited(policy);
        }
        let pointers: Vec<String> =
            patch.iter().map(|operation| operation.path().to_string()).collect();
        let mut response =
            Self { outcome: Outcome::Restored, patch: Some(patch), ..self }.audited(policy);
        response.annotate("restored", pointers, 0);
        response
    }

    /// Sets the warnings: these lines, and the number of further lines.
    fn warned(self, lines: Vec<String>, omitted_lines: usize) -> Self {
        let warnings = limit_warnings(lines.iter().cloned(), omitted_lines);
        Self { lines, omitted_lines, warnings, ..self }
    }

    /// Adds the policy and the outcome to the audit annotations.
    fn audited(mut self, policy: &UpdatePolicy) -> Self {
        self.annotate("policy", [policy.name()], 0);
        self.annotate("verdict", [self.outcome.as_str()], 0);
        self
    }

    /// Adds an audit annotation: as many items as fit, joined by commas, and the number of those
    /// that do not fit. `omitted` counts items that are not in the list.
    fn annotate<T: AsRef<str>>(
        &mut self,
        key: &'static str,
        list: impl IntoIterator<Item = T>,
        mut omitted: usize,
    ) {
        let mut text = String::new();
        for item in list {
            let item = item.as_ref();
            let length = text.chars().count() + item.chars().count();
            if !text.is_empty() && length > ANNOTATION_CHARACTERS {
                omitted += 1;
                continue;
            }
            let separator = if text.is_empty() { "" } else { ", " };
            text.push_str(separator);
            text.push_str(&shortened(item.to_owned(), ANNOTATION_CHARACTERS));
        }
        if omitted > 0 {
            text = format!("{text}, and {omitted} more");
        }
        self.audit_annotations.push((key, on_one_line(text)));
    }
}

impl Serialize for Response {
    /// The `AdmissionReview` to send.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let patch = self.patch.as_ref().map(serde_json::to_vec);
        let patch = patch.transpose().map_err(ser::Error::custom)?;
        let review = AdmissionReview {
            kind: api::KIND,
            api_version: &self.api_version,
            response: AdmissionResponse {
                uid: &self.uid,
                allowed: self.is_allowed(),
                status: self.status.as_ref(),
                patch: patch.as_deref().map(base64::encode),
                patch_type: patch.is_some().then_some("JSONPatch"),
                audit_annotations: &self.audit_annotations,
                warnings: &self.warnings,
            },
        };
        review.serialize(serializer)
    }
}

/// The hint of a violation, on a line with its path.
fn hint_line(violation: &Violation) -> Option<String> {
    Some(format!("{}: {}", violation.path(), violation.hint()?))
}

/// An [`AdmissionReview`] with a response, as an API server reads it.
///
/// [`AdmissionReview`]: https://github.com/kubernetes/api/blob/master/admission/v1/types.go
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionReview<'r> {
    kind: &'static str,
    api_version: &'r str,
    response: AdmissionResponse<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionResponse<'r> {
    uid: &'r str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'r Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "as_map")]
    audit_annotations: &'r [(&'static str, String)],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'r [String],
}

fn as_map<S: Serializer>(pairs: &[(&str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}
