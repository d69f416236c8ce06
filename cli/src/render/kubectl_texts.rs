//! kubectl's messages about the response of a webhook. The API server adds the name of the webhook
//! to the message, and kubectl prints the message or the causes, depending on the reason.

use std::collections::HashSet;

use volcano_job_update::admission::Response;
use volcano_job_update::status::{Status, quote};

/// What kubectl prints to standard error about the response of the webhook with this name: the
/// warnings and, for a denial, the error. For `operation` see [`error_text`].
pub(crate) fn response_text(response: &Response, webhook: &str, operation: &str) -> String {
    let mut text = warnings_text(response.warnings());
    if let Some(status) = response.status() {
        text.push_str(&error_text(&denied_by(webhook, status), operation));
    }
    text
}

/// The status that an API server returns to its client if the webhook with this name denies with
/// `status`. Mirrors [`ToStatusErr`].
///
/// [`ToStatusErr`]: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go
pub(crate) fn denied_by(webhook: &str, status: &Status) -> Status {
    let mut status = status.clone();
    status.code = status.code.max(400);
    if matches!(&*status.status, "" | "Success") {
        status.status = "Failure".into();
    }
    let denied = format!("admission webhook {} denied the request", quote(webhook));
    status.message = match (&*status.message, &*status.reason) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    status
}

/// What kubectl prints to standard error about a failed request. Mirrors [`checkErr`].
///
/// `operation` is the text that kubectl puts before the message: `error when replacing "job.json"`
/// for `kubectl replace`, nothing for `kubectl patch`. (For `kubectl apply` it is the whole patch.)
///
/// [`checkErr`]: https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/util/helpers.go
pub(crate) fn error_text(status: &Status, operation: &str) -> String {
    let separator = if operation.is_empty() { "" } else { ": " };
    let message = format!("{operation}{separator}{}", status.message);
    let is_invalid = &*status.reason == "Invalid" || status.reason.is_empty() && status.code == 422;
    if is_invalid {
        return invalid_text(status, &message);
    }
    match &*status.reason {
        "Unauthorized" => {
            format!("error: You must be logged in to the server ({})\n", status.message)
        }
        "" => format!("Error from server: {message}\n"),
        reason => format!("Error from server ({reason}): {message}\n"),
    }
}

/// The text for the reason `Invalid`: the distinct causes, or the message if there are none.
fn invalid_text(status: &Status, message: &str) -> String {
    let Some(details) = status.details.as_deref() else {
        return format!("The request is invalid: {message}\n");
    };
    let mut what = "The request is invalid".to_owned();
    if !details.kind.is_empty() || !details.name.is_empty() {
        what = format!("The {} {} is invalid", details.kind, quote(&details.name));
    } else if details.causes.is_empty() {
        what = format!("{what}: {message}");
    }
    let mut seen = HashSet::new();
    let causes = details.causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message));
    let lines: Vec<String> = causes.filter(|line| seen.insert(line.clone())).collect();
    match lines.as_slice() {
        [] => format!("{what}\n"),
        [line] => format!("{what}: {line}\n"),
        lines => format!("{what}: \n* {}\n", lines.join("\n* ")),
    }
}

/// What kubectl prints to standard error about the warnings of a response.
pub(crate) fn warnings_text(warnings: &[String]) -> String {
    warnings.iter().fold(String::new(), |text, warning| text + "Warning: " + warning + "\n")
}
