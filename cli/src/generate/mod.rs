//! The command `generate`: manifests that enforce a policy in a cluster.

mod cel;
mod certificates;
mod configuration;
mod deployment;
mod fields;
mod manifest;
mod pod;
mod policy;
mod volcano;

use volcano_job_update_programs::read_policy;

use crate::args::Generate;
use crate::error::Error;
use crate::output::Output;

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
    }))
}
