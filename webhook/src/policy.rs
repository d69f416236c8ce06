//! The policy: a preset, or a file.

use std::path::Path;

use volcano_job_update::UpdatePolicy;

use crate::fault::Fault;

/// Reads a preset by its name, or a policy from a file in YAML, which has JSON in it.
pub(crate) fn read(name: &str) -> Result<UpdatePolicy, Fault> {
    if let Some(preset) = UpdatePolicy::preset(name) {
        return Ok(preset);
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(Fault::NoPolicy(name.into()));
    }
    let text = std::fs::read(path).map_err(Fault::read(path))?;
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    serde_saphyr::from_slice_with_options(&text, options).map_err(|fault| {
        let fault = fault.render_with_formatter(&serde_saphyr::UserMessageFormatter);
        Fault::Policy { path: path.into(), fault: fault.lines().collect::<Vec<_>>().join(" ") }
    })
}
