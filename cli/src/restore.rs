//! The command `restore`.

use std::borrow::Cow;

use serde_json::Value;
use volcano_job_clients::{Verb, lost_defaults};
use volcano_job_update::{UpdatePolicy, json_patch};
use volcano_job_update_programs::{display_name, printable, validator};

use crate::args::{Jobs, RestoreOutput};
use crate::error::Error;
use crate::input::read_jobs;
use crate::output::{Output, json_text, warn};

/// Restores the fields that Volcano filled in at creation, that the replacement lacks, and that the update
/// would take away.
#[expect(clippy::expect_used, reason = "the patch was made for this manifest")]
pub(crate) fn run(jobs: &Jobs, verb: &Verb, output: RestoreOutput) -> Result<Output, Error> {
    let validator = validator(UpdatePolicy::documented(), jobs.crd.as_deref(), warn)?;
    let (update, others) = read_jobs(jobs, validator.policy().limits())?;
    if others > 0 {
        let name = display_name(&jobs.replacement);
        warn(&format!("the other objects in {name} ({others}) are not in the output"));
    }
    let (existing, replacement) = (update.existing()?, update.replacement()?);
    let client = |error| Error::Client { name: display_name(&jobs.replacement), error };
    let mut job = replacement.to_value().map_err(|error| client(error.into()))?;
    let patch = lost_defaults(&existing, &job, verb, &validator).map_err(client)?;
    json_patch::patch(&mut job, &patch)
        .expect("each operation adds a field to an object of the manifest");
    Ok(Output::success(match output {
        RestoreOutput::Manifest if update.manifest.is_yaml() => to_yaml(&job)?,
        RestoreOutput::Manifest => json_text(&job),
        RestoreOutput::JsonPatch => json_text(&patch),
    }))
}

/// The Job as YAML; as JSON, which is YAML too, if characters have to be escaped.
fn to_yaml(job: &Value) -> Result<String, Error> {
    let yaml = serde_saphyr::to_string(job).map_err(Error::ToYaml)?;
    let is_printable = matches!(printable(&yaml, &['\n']), Cow::Borrowed(_));
    Ok(if is_printable { yaml } else { json_text(job) })
}
