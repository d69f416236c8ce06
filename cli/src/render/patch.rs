//! The changes as patches.

use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::output::json_text;
use crate::report::Render;

/// The output `json-patch` of `diff`.
pub(super) struct JsonPatch;

impl Render for JsonPatch {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let Some(reviewed) = reviewed(case)? else { return Ok(String::new()) };
        Ok(json_text(&reviewed.review.changes().to_patch()))
    }
}

/// The output `merge-patch` of `diff`.
pub(super) struct MergePatch;

impl Render for MergePatch {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let Some(reviewed) = reviewed(case)? else { return Ok(String::new()) };
        let existing = reviewed.update.existing()?;
        Ok(json_text(&reviewed.review.changes().to_merge_patch(&existing)?))
    }
}

/// The update, if it is one: only that has a patch.
fn reviewed(case: &Case) -> Result<Option<&Reviewed>, Error> {
    match &case.outcome {
        Outcome::Reviewed(reviewed) => Ok(Some(reviewed)),
        Outcome::Refused(status) => Err(Error::Refused(status.clone())),
        Outcome::Created | Outcome::Deleted | Outcome::Failed(_) => Ok(None),
    }
}
