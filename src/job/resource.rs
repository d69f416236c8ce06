//! The API resource of a Job: its group, version, kind and names, defined only here.

/// The API group of a Job.
pub const GROUP: &str = "batch.volcano.sh";
/// The version of the API.
pub const VERSION: &str = "v1alpha1";
/// The value of `apiVersion` in a Job.
pub const API_VERSION: &str = "batch.volcano.sh/v1alpha1";
/// The value of `kind` in a Job.
pub const KIND: &str = "Job";
/// The name of the resource in URLs and admission requests.
pub const RESOURCE: &str = "jobs";
/// The resource with its group, as in error messages.
pub const GROUP_RESOURCE: &str = "jobs.batch.volcano.sh";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_names_are_made_of_their_parts() {
        assert_eq!(API_VERSION, format!("{GROUP}/{VERSION}"));
        assert_eq!(GROUP_RESOURCE, format!("{RESOURCE}.{GROUP}"));
    }
}
