//! What kubectl prints about an update, when the webhook answers.

use volcano_job_update::admission::Response;
use volcano_job_update::status::{StatusCodes, quote};
use volcano_job_update_programs::{printable, webhook_name};

use super::kubectl_texts::{error_text, response_text};
use super::text::creation_text;
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::report::Render;

/// The output `kubectl` of `check`.
pub(super) struct Kubectl {
    pub(super) codes: StatusCodes,
}

impl Render for Kubectl {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        Ok(match &case.outcome {
            Outcome::Reviewed(reviewed) => self.reviewed(reviewed)?,
            Outcome::Created => creation_text(&case.job),
            Outcome::Deleted => format!("{} deleted\n", printable(&case.job, &[])),
            Outcome::Refused(status) => error_text(status, ""),
            Outcome::Failed(_) => String::new(),
        })
    }
}

impl Kubectl {
    fn reviewed(&self, reviewed: &Reviewed) -> Result<String, Error> {
        let Reviewed { update, review, is_denied_by_volcano } = reviewed;
        // A Job without a name is denied, and the message has an empty name.
        let name = update.existing()?.name().unwrap_or_default().into_owned();
        let response = Response::from_review("", &name, review.clone(), self.codes);
        let (operation, done) = if update.is_patch {
            (String::new(), "patched")
        } else {
            (format!("error when replacing {}", quote(&update.manifest.path)), "replaced")
        };
        let text = response_text(&response, &webhook_name("validate"), &operation);
        // That Volcano's webhook denies it is one of the warnings.
        Ok(if response.is_allowed() && !is_denied_by_volcano {
            format!("{text}job.batch.volcano.sh/{name} {done}\n")
        } else {
            text
        })
    }
}
