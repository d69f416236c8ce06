//! Reads the policy and the schema that a program applies.

use std::path::Path;

use serde_json::Value;
use volcano_job_update::{JobSchema, Limits, SchemaError, UpdatePolicy, Validator};

use crate::file::{FileError, display_name, read_file};
use crate::yaml::{YamlError, parse_yaml};

/// A policy or a CRD cannot be used. `Display` is one line with the name of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The name is neither a preset nor an existing file.
    #[error("there is no policy `{0}`: it is neither a preset nor a file")]
    NoPolicy(String),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not a valid policy.
    #[error("policy {name}: {error}")]
    Policy {
        /// The name of the file.
        name: String,
        /// The cause.
        error: YamlError,
    },
    /// The file is not YAML.
    #[error("CRD {name}: {error}")]
    CrdText {
        /// The name of the file.
        name: String,
        /// The cause.
        error: YamlError,
    },
    /// The file is not a CRD of a Volcano Job.
    #[error("CRD {name}: {error}")]
    Crd {
        /// The name of the file.
        name: String,
        /// The cause.
        error: SchemaError,
    },
}

/// Reads a policy by name: a preset such as `documented`, or a policy file in JSON or YAML.
///
/// # Errors
///
/// There is no preset or file with this name, or the file cannot be read or is not a valid policy.
pub fn read_policy(name: &str) -> Result<UpdatePolicy, ConfigError> {
    if let Some(preset) = UpdatePolicy::preset(name) {
        return Ok(preset);
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(ConfigError::NoPolicy(name.into()));
    }
    let text = read_file(path, Limits::default().text_bytes)?;
    parse_yaml(&text).map_err(|error| ConfigError::Policy { name: display_name(path), error })
}

/// Reads the schema from a CRD of Volcano's Job, in JSON or YAML.
///
/// # Errors
///
/// The file cannot be read, is not YAML, or is not a CRD of `jobs.batch.volcano.sh`.
pub fn read_crd(path: &Path) -> Result<JobSchema, ConfigError> {
    let name = || display_name(path);
    let text = read_file(path, Limits::default().text_bytes)?;
    let crd: Value =
        parse_yaml(&text).map_err(|error| ConfigError::CrdText { name: name(), error })?;
    JobSchema::from_crd(&crd).map_err(|error| ConfigError::Crd { name: name(), error })
}

/// Creates a validator for a policy, with the schema of a CRD if one is given. `warn` gets a line for
/// each rule of the CRD that is not evaluated.
///
/// # Errors
///
/// Same as [`read_crd`].
pub fn validator(
    policy: UpdatePolicy,
    crd: Option<&Path>,
    warn: fn(&str),
) -> Result<Validator, ConfigError> {
    let validator = Validator::new(policy);
    let Some(path) = crd else { return Ok(validator) };
    let schema = read_crd(path)?;
    for rule in schema.unchecked_rules() {
        let name = display_name(path);
        warn(&format!("CRD {name}: this rule is not evaluated: {rule}"));
    }
    Ok(validator.with_schema(schema))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{read_crd, read_policy};

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("the file is written");
        file
    }

    fn path(file: &tempfile::NamedTempFile) -> &str {
        file.path().to_str().expect("the path is UTF-8")
    }

    #[test]
    fn policy_is_a_preset_or_a_file() {
        assert_eq!(read_policy("admission").expect("a preset").name(), "admission");
        let ours = file("name: ours\nlimits: {violations: 010}\n");
        let policy = read_policy(path(&ours)).expect("a policy");
        assert_eq!((policy.name(), policy.limits().violations), ("ours", 8));
        let error = read_policy("documentd").expect_err("no policy");
        let message = "there is no policy `documentd`: it is neither a preset nor a file";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn errors_name_the_file() {
        let other = file("allowed:\n- spec.tasks[0]\n");
        let error = read_policy(path(&other)).expect_err("no policy").to_string();
        assert!(error.starts_with(&format!("policy {}: ", path(&other))), "{error}");
        let error = read_crd(other.path()).expect_err("no CRD").to_string();
        assert_eq!(
            error,
            format!(
                "CRD {}: the document must be a CustomResourceDefinition or an OpenAPI schema",
                path(&other)
            )
        );
        let error = read_crd("no-such-file".as_ref()).expect_err("no file").to_string();
        assert!(error.starts_with("cannot read no-such-file: "), "{error}");
    }
}
