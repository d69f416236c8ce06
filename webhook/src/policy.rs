//! What is judged by: the policy, a preset or a file; the schema, that of a CRD if one is given.

use std::path::Path;

use serde_saphyr::{Options, UserMessageFormatter};
use volcano_job_update::{JobSchema, UpdatePolicy, Validator};

use crate::error::Error;

/// Makes the judge of all updates.
pub(crate) fn validator(policy: &str, crd: Option<&Path>) -> Result<Validator, Error> {
    let validator = Validator::new(read_policy(policy)?);
    Ok(match crd {
        Some(path) => validator.with_schema(read_crd(path)?),
        None => validator,
    })
}

/// Reads a preset by its name, or a policy from a file.
fn read_policy(name: &str) -> Result<UpdatePolicy, Error> {
    if let Some(preset) = UpdatePolicy::preset(name) {
        return Ok(preset);
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(Error::NoPolicy(name.into()));
    }
    read_yaml(path, |path, error| Error::Policy { path: path.into(), error })
}

fn read_crd(path: &Path) -> Result<JobSchema, Error> {
    let wrong = |path: &Path, error| Error::Crd { path: path.into(), error };
    let crd: serde_json::Value = read_yaml(path, wrong)?;
    JobSchema::from_crd(&crd).map_err(|error| wrong(path, error.to_string()))
}

/// Reads YAML, which has JSON in it.
fn read_yaml<T: serde::de::DeserializeOwned>(
    path: &Path,
    wrong: impl FnOnce(&Path, String) -> Error,
) -> Result<T, Error> {
    let text = std::fs::read(path).map_err(Error::read(path))?;
    let mut options = Options::default();
    options.with_snippet = false;
    // The files are the operator's own; a CRD is long.
    options.budget = None;
    serde_saphyr::from_slice_with_options(&text, options).map_err(|error| {
        let error = error.render_with_formatter(&UserMessageFormatter);
        wrong(path, error.lines().collect::<Vec<_>>().join(" "))
    })
}
