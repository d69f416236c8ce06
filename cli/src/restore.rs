//! The command `restore`.

use std::borrow::Cow;

use serde_json::Value;
use volcano_job_update::UpdatePolicy;
use volcano_job_update_programs::{printable, validator};

use crate::args::{Jobs, RestoreFormat};
use crate::error::Error;
use crate::input::read_jobs;
use crate::output::{Output, json_text, warn};

/// Restores the fields that Volcano filled in at creation and the replacement lacks.
pub(crate) fn run(jobs: &Jobs, format: RestoreFormat) -> Result<Output, Error> {
    let validator = validator(UpdatePolicy::documented(), jobs.crd.as_deref(), warn)?;
    let update = read_jobs(jobs, validator.policy().limits())?;
    let restored = validator.restore_defaults(&update.existing()?, &update.replacement()?)?;
    Ok(Output::success(match format {
        RestoreFormat::Manifest if update.replacement_is_yaml() => to_yaml(restored.job())?,
        RestoreFormat::Manifest => json_text(restored.job()),
        RestoreFormat::JsonPatch => json_text(restored.patch()),
    }))
}

/// The Job as YAML; as JSON, which is YAML too, if characters have to be escaped.
fn to_yaml(job: &Value) -> Result<String, Error> {
    let yaml = serde_saphyr::to_string(job).map_err(Error::ToYaml)?;
    let is_printable = matches!(printable(&yaml, &['\n']), Cow::Borrowed(_));
    Ok(if is_printable { yaml } else { json_text(job) })
}
