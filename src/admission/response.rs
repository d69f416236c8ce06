//! The answer to a review.

use json_patch::Patch;
use serde::{Serialize, Serializer};

use super::base64;
use super::review::{REVIEW_KIND, REVIEW_VERSION};
use super::warnings::{fitted, on_one_line};
use crate::diff::ReviewError;
use crate::job::resource::{GROUP, RESOURCE};
use crate::policy::UpdatePolicy;
use crate::status::{Status, StatusCodes, StatusDetails};
use crate::validate::{Review, Violation, ViolationCode, Violations, shortened};

/// Characters of one audit annotation.
const ANNOTATION_CHARACTERS: usize = 2048;

/// The answer to a review: owned, and to be sent as [`Response::to_json`].
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    api_version: String,
    uid: String,
    outcome: Outcome,
    is_shadow: bool,
    status: Option<Status>,
    violations: Option<Violations>,
    warnings: Vec<String>,
    audit_annotations: Vec<(&'static str, String)>,
    patch: Option<Patch>,
}

/// What became of a request. Programs count by this; `as_str` is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// It is none that is judged, and passes.
    Skipped,
    /// The update was judged, and passes; or nothing was to be restored.
    Allowed,
    /// Creation defaults were missing, and the answer has a patch.
    Restored,
    /// The update was judged, and is denied.
    Denied,
    /// No verdict was possible, so the request is denied.
    Error,
}

impl Outcome {
    /// All outcomes.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Skipped, Self::Allowed, Self::Restored, Self::Denied, Self::Error].into_iter()
    }

    /// One word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Allowed => "allowed",
            Self::Restored => "restored",
            Self::Denied => "denied",
            Self::Error => "error",
        }
    }

    fn is_denial(self) -> bool {
        matches!(self, Self::Denied | Self::Error)
    }
}

impl Response {
    /// The uid of the request that is answered.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The version of the review that is answered, which the answer is of.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Whether the request may be carried out.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.is_shadow || !self.outcome.is_denial()
    }

    /// What became of the request. That of a shadow is what would have become of it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why the request is denied; `None` if it is not.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// The violations by which the update is denied, of a shadow too.
    #[must_use]
    pub fn violations(&self) -> Option<&Violations> {
        self.violations.as_ref()
    }

    /// The codes of the violations by which the update is denied, once for each violation.
    pub fn codes(&self) -> impl Iterator<Item = ViolationCode> {
        let violations = self.violations.as_deref().unwrap_or_default();
        violations.iter().map(Violation::code)
    }

    /// What kubectl shows besides the verdict: warnings, and on a denial the hints. Each has fewer
    /// than 256 characters on one line, all together at most 4096.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What the audit log is to hold, by keys to which an API server adds the name of the webhook:
    /// `policy`, `verdict`, `codes`, `paths`, `restored`.
    pub fn audit_annotations(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.audit_annotations.iter().map(|(key, value)| (*key, &**value))
    }

    /// What is to be done to the Job, if it is anything.
    #[must_use]
    pub fn patch(&self) -> Option<&Patch> {
        self.patch.as_ref()
    }

    /// The same answer, but allowed: what would have been the denial becomes warnings. For a webhook
    /// that is watched before it is trusted.
    #[must_use]
    pub fn into_shadow(mut self) -> Self {
        let Some(status) = self.status.take() else { return self };
        let details = status.details.as_deref();
        let causes = details.map(|details| &*details.causes).unwrap_or_default();
        let mut lines: Vec<String> =
            causes.iter().map(|cause| format!("would be denied: {cause}")).collect();
        if lines.is_empty() {
            lines.push(format!("would be denied: {}", status.message));
        }
        let omitted = self.violations.as_ref().map_or(0, Violations::omitted);
        lines.append(&mut self.warnings);
        self.warnings = fitted(lines, omitted);
        self.is_shadow = true;
        self
    }

    /// The `AdmissionReview` to send, as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Most answers fit.
        let mut json = Vec::with_capacity(512);
        // Strings and numbers under fixed keys always serialize.
        match serde_json::to_writer(&mut json, self) {
            Ok(()) => json,
            Err(_) => Vec::new(),
        }
    }

    /// The answer of a validating webhook to an update that was judged, for programs that read
    /// requests on their own: the uid of the request, and the name of the Job.
    #[must_use]
    pub fn from_review(uid: &str, name: &str, review: Review, codes: StatusCodes) -> Self {
        Self::new(REVIEW_VERSION, uid, Outcome::Error).judged(name, review, codes)
    }

    /// The answer of that outcome, with nothing else.
    pub(super) fn new(api_version: &str, uid: &str, outcome: Outcome) -> Self {
        Self {
            api_version: api_version.into(),
            uid: uid.into(),
            outcome,
            is_shadow: false,
            status: None,
            violations: None,
            warnings: Vec::new(),
            audit_annotations: Vec::new(),
            patch: None,
        }
    }

    /// The answer to an update of the Job of that name that was judged.
    pub(super) fn judged(self, name: &str, review: Review, codes: StatusCodes) -> Self {
        let (warnings, omitted) = (review.warnings(), review.omitted_warnings());
        let lines = warnings.iter().map(ToString::to_string);
        let Some(violations) = review.violations() else {
            let warnings = fitted(lines, omitted);
            return Self { outcome: Outcome::Allowed, warnings, ..self }.audited(review.policy());
        };
        let status = Status::denied(name, violations, codes);
        let lines: Vec<String> = hints(violations, review.policy()).chain(lines).collect();
        let omitted = omitted.saturating_add(violations.omitted());
        let mut response = Self {
            outcome: Outcome::Denied,
            status: Some(status),
            warnings: fitted(lines, omitted),
            ..self
        }
        .audited(review.policy());
        let mut found: Vec<&str> = violations.iter().map(|found| found.code().as_str()).collect();
        found.sort_unstable();
        found.dedup();
        response.annotate("codes", found, 0);
        let paths = violations.iter().map(|found| found.path().to_string());
        response.annotate("paths", paths, violations.omitted());
        response.violations = review.into_result().err();
        response
    }

    /// The answer where no verdict is possible on an update of the Job of that name.
    pub(super) fn without_verdict(self, name: &str, error: &ReviewError) -> Self {
        self.denied(name, Status::review_error(error))
    }

    /// A denial for another reason than a violation.
    pub(super) fn denied(self, name: &str, mut status: Status) -> Self {
        let details = status.details.get_or_insert_default();
        let StatusDetails { name: at, group, kind, .. } = &mut **details;
        (*at, *group, *kind) = (name.into(), GROUP.into(), RESOURCE.into());
        Self { outcome: Outcome::Error, status: Some(status), ..self }
    }

    /// The answer with what puts creation defaults back.
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

    /// Says in the audit log which policy gave which verdict.
    fn audited(mut self, policy: &UpdatePolicy) -> Self {
        self.annotate("policy", [policy.name()], 0);
        self.annotate("verdict", [self.outcome.as_str()], 0);
        self
    }

    fn annotate<T: AsRef<str>>(
        &mut self,
        key: &'static str,
        list: impl IntoIterator<Item = T>,
        mut omitted: usize,
    ) {
        let mut text = String::new();
        for item in list {
            let item = item.as_ref();
            let length = text.chars().count().saturating_add(item.chars().count());
            if !text.is_empty() && length > ANNOTATION_CHARACTERS {
                omitted = omitted.saturating_add(1);
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
    /// As the `AdmissionReview` to send.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A patch of strings and Jobs' values always serializes.
        let patch = self.patch.as_ref();
        let patch = patch.map(|patch| serde_json::to_vec(patch).unwrap_or_default());
        let answer = Answer {
            kind: REVIEW_KIND,
            api_version: &self.api_version,
            response: Body {
                uid: &self.uid,
                allowed: self.is_allowed(),
                status: self.status.as_ref(),
                patch: patch.as_deref().map(base64::encode),
                patch_type: patch.is_some().then_some("JSONPatch"),
                audit_annotations: &self.audit_annotations,
                warnings: &self.warnings,
            },
        };
        answer.serialize(serializer)
    }
}

/// What to do about the violations. What all hints say of the policy is said once, at the end.
fn hints<'v>(
    violations: &'v Violations,
    policy: &UpdatePolicy,
) -> impl Iterator<Item = String> + use<'v> {
    let allowed = policy.only_allowed_in_words();
    let ending = format!("; {allowed}");
    let ends = violations.iter().filter_map(Violation::hint).any(|hint| hint.ends_with(&ending));
    let line = move |found: &Violation| {
        let hint = found.hint()?;
        Some(format!("{}: {}", found.path(), hint.strip_suffix(&*ending).unwrap_or(hint)))
    };
    violations.iter().filter_map(line).chain(ends.then_some(allowed))
}

/// An `AdmissionReview` with an answer, [as an API server reads it].
///
/// [as an API server reads it]: https://github.com/kubernetes/api/blob/master/admission/v1/types.go
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'r> {
    kind: &'static str,
    api_version: &'r str,
    response: Body<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'r> {
    uid: &'r str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'r Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "map_of")]
    audit_annotations: &'r [(&'static str, String)],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'r [String],
}

fn map_of<S: Serializer>(pairs: &[(&str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}
