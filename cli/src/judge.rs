//! Finds out what comes of one Job.

use std::path::Path;

use volcano_job_update::{Limits, Validator};

use crate::args::{Client, VolcanoWebhook};
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::input::{Document, Update};
use crate::update::{Requested, in_cluster, of_patch, requested, taken_away};

/// What an update is held against.
pub(crate) struct Judge {
    pub(crate) validator: Validator,
    /// Whether to warn about what an API server refuses before it asks a webhook.
    pub(crate) asks_server: bool,
    pub(crate) volcano_webhook: VolcanoWebhook,
}

impl Judge {
    /// The case of a Job and a patch.
    pub(crate) fn judge_patch(&self, existing: &Path, patch: &Path) -> Case {
        self.case(of_patch(existing, patch, self.limits()), Vec::new())
    }

    /// The case of a manifest and the Job in the cluster.
    pub(crate) fn judge_in_cluster(&self, manifest: &Path, client: &Client) -> Case {
        let mut notes = Vec::new();
        let requested = in_cluster(manifest, client, &self.validator, &mut notes);
        self.case(requested, notes)
    }

    /// The case of two Jobs that were read. `job` is its name if one of them could not be.
    pub(crate) fn judge_pair(
        &self,
        job: String,
        existing: Result<Document, Error>,
        manifest: Result<Document, Error>,
        client: &Client,
    ) -> Case {
        let (existing, manifest) = match (existing, manifest) {
            (Ok(existing), Ok(manifest)) => (existing, manifest),
            (Err(error), _) | (_, Err(error)) => return Case::new(job, Outcome::Failed(error)),
        };
        let mut notes = Vec::new();
        let requested = requested(existing, manifest, client, &self.validator, &mut notes);
        self.case(requested, notes)
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.validator.policy().limits()
    }

    fn case(&self, requested: Result<Requested, Error>, mut notes: Vec<String>) -> Case {
        let manifest = requested.as_ref().ok().map(|requested| requested.manifest().path.clone());
        let (job, outcome) = match requested {
            Ok(Requested::Update(update)) => (update.job_name(), self.review(update, &mut notes)),
            Ok(Requested::Creation(manifest)) => (manifest.job_name(), Ok(Outcome::Created)),
            Ok(Requested::Refused(status, manifest)) => {
                (manifest.job_name(), Ok(Outcome::Refused(status)))
            }
            Err(error) => (String::new(), Err(error)),
        };
        Case { job, manifest, outcome: outcome.unwrap_or_else(Outcome::Failed), notes }
    }

    fn review(&self, update: Update, notes: &mut Vec<String>) -> Result<Outcome, Error> {
        let (existing, replacement) = (update.existing()?, update.replacement()?);
        let validator = &self.validator;
        let mut review = validator.review(&existing, &replacement)?;
        notes.extend(taken_away(&review));
        if self.asks_server {
            review.warn_about(validator.server_violations(&existing, &replacement)?);
        }
        let mut is_denied_by_volcano = false;
        if self.volcano_webhook != VolcanoWebhook::Off {
            let is_denied = validator.warn_about_volcano(&mut review, &existing, &replacement)?;
            is_denied_by_volcano = is_denied && self.volcano_webhook == VolcanoWebhook::Require;
        }
        Ok(Outcome::Reviewed(Box::new(Reviewed { update, review, is_denied_by_volcano })))
    }
}
