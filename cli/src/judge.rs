//! Finds out what comes of one Job.

use volcano_job_update::Validator;

use crate::args::{Client, Pair, VolcanoWebhook};
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::input::{Document, Update};
use crate::update::{Requested, read_update, requested, taken_away};

/// What an update is held against.
pub(crate) struct Judge {
    pub(crate) validator: Validator,
    /// Whether to warn about what an API server refuses before it asks a webhook.
    pub(crate) asks_server: bool,
    pub(crate) volcano_webhook: VolcanoWebhook,
}

impl Judge {
    /// The case of two files, of a patch, or of a Job in the cluster.
    pub(crate) fn judge(&self, pair: &Pair) -> Case {
        let mut notes = Vec::new();
        let requested = read_update(pair, &self.validator, &mut notes);
        self.case(requested, notes)
    }

    /// The case of two Jobs that were read already.
    pub(crate) fn judge_pair(&self, old: Document, manifest: Document, client: &Client) -> Case {
        let mut notes = Vec::new();
        let requested = requested(old, manifest, client, &self.validator, &mut notes);
        self.case(requested, notes)
    }

    fn case(&self, requested: Result<Requested, Error>, mut notes: Vec<String>) -> Case {
        let (job, outcome) = match requested {
            Ok(Requested::Update(update)) => (update.job_name(), self.review(update, &mut notes)),
            Ok(Requested::Creation(manifest)) => (manifest.job_name(), Ok(Outcome::Created)),
            Ok(Requested::Refused(status, manifest)) => {
                (manifest.job_name(), Ok(Outcome::Refused(status)))
            }
            Err(error) => (String::new(), Err(error)),
        };
        Case { job, outcome: outcome.unwrap_or_else(Outcome::Failed), notes }
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
