//! The command `generate`: manifests that enforce a policy in a cluster.

mod argocd;
mod cel;
mod certificates;
mod configuration;
mod deployment;
mod fields;
mod manifest;
mod pod;
mod policy;
mod volcano;

use volcano_job_update::UpdatePolicy;
use volcano_job_update_programs::{read_policy, validator};

use crate::args::Generate;
use crate::error::Error;
use crate::output::{Output, warn};

/// Prints manifests as YAML.
pub(crate) fn run(args: &Generate) -> Result<Output, Error> {
    Ok(Output::success(match args {
        Generate::WebhookConfiguration(args) => {
            configuration::manifests(args, &read_policy(&args.common.policy)?)
        }
        Generate::Policy(args) => policy::manifests(&args.name, &read_policy(&args.policy)?)?,
        Generate::Deployment(args) => {
            deployment::manifests(args, &read_policy(&args.common.policy)?)
        }
        Generate::VolcanoWebhookPatch(args) => volcano::manifests(args.target),
        Generate::Argocd(args) => {
            // The schema is all that is used of the validator.
            let schema = validator(UpdatePolicy::documented(), args.crd.as_deref(), warn)?;
            argocd::manifests(args, &schema)
        }
    }))
}
