//! The command `admit`: the response of a webhook, without a server.

use std::path::Path;

use volcano_job_update::admission::Webhook;
use volcano_job_update_programs::display_name;

use crate::error::Error;
use crate::input::read_review;
use crate::output::{Output, json_text};

/// Responds to the review in a file, as the mutating webhook if `restore` is set and otherwise as
/// the validating webhook.
pub(crate) fn run(webhook: &Webhook, restore: bool, path: &Path) -> Result<Output, Error> {
    let body = read_review(path, webhook.validator().policy().limits())?;
    let answer = if restore { webhook.restore(&body) } else { webhook.validate(&body) };
    let is_allowed = answer.is_allowed();
    match answer.into_response() {
        Ok(response) => Ok(Output::answer(json_text(&response), is_allowed)),
        Err(error) => Err(Error::Request { name: display_name(path), error }),
    }
}
