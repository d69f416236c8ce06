//! The changes as patches: one document, or for many Jobs a line for each, with its name.

use serde::Serialize;
use serde_json::json;

use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::output::json_text;
use crate::report::{Options, Render};

/// The output `json-patch` of `diff`.
pub(super) struct JsonPatch {
    pub(super) options: Options,
}

impl Render for JsonPatch {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let Some(reviewed) = reviewed(case)? else { return Ok(String::new()) };
        Ok(text(self.options, case, &reviewed.review.changes().to_patch()))
    }
}

/// The output `merge-patch` of `diff`.
pub(super) struct MergePatch {
    pub(super) options: Options,
}

impl Render for MergePatch {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let Some(reviewed) = reviewed(case)? else { return Ok(String::new()) };
        let existing = reviewed.update.existing()?;
        let patch = reviewed.review.changes().to_merge_patch(&existing)?;
        Ok(text(self.options, case, &patch))
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

fn text(options: Options, case: &Case, patch: &impl Serialize) -> String {
    if options.has_many {
        format!("{}\n", json!({"job": case.job, "patch": patch}))
    } else {
        json_text(patch)
    }
}
