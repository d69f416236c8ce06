//! What people get to see of an answer: an API server puts the webhook's name in front of the message,
//! and kubectl shows the message or the causes, depending on the reason.

use std::collections::HashSet;

use volcano_job_update::admission::Response;
use volcano_job_update::status::{Status, quote};

/// What an API server answers its client if a webhook of that name denies with a status, as
/// [`ToStatusErr`] makes it.
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

/// What kubectl prints to standard error of an answer, the webhook having that name: the warnings, and the error
/// if it is a denial. For `doing`, see [`error_text`].
pub(crate) fn response_text(response: &Response, webhook: &str, doing: &str) -> String {
    let error = response.status().map(|status| error_text(&denied_by(webhook, status), doing));
    warnings_text(response.warnings()) + &error.unwrap_or_default()
}

/// What kubectl prints to standard error of a failed request, as [`checkErr`] does.
///
/// `doing` is what it was at: `error when replacing "job.json"` with `kubectl replace`, nothing with
/// `kubectl patch`. (`kubectl apply` prints the whole patch there.)
///
/// [`checkErr`]: https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/util/helpers.go
pub(crate) fn error_text(status: &Status, doing: &str) -> String {
    let separator = if doing.is_empty() { "" } else { ": " };
    let message = format!("{doing}{separator}{}", status.message);
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

/// Only the causes, each once; the message only where there is nothing else.
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
    let mut known = HashSet::new();
    let causes = details.causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message));
    let lines: Vec<String> = causes.filter(|line| known.insert(line.clone())).collect();
    match lines.as_slice() {
        [] => format!("{what}\n"),
        [line] => format!("{what}: {line}\n"),
        lines => format!("{what}: \n* {}\n", lines.join("\n* ")),
    }
}

/// What kubectl prints to standard error of the warnings of an answer.
pub(crate) fn warnings_text(warnings: &[String]) -> String {
    warnings.iter().fold(String::new(), |text, warning| text + "Warning: " + warning + "\n")
}
