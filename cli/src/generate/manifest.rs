//! Templates of manifests.

use volcano_job_update::UpdatePolicy;

/// The comment at the beginning of every output.
pub(super) fn header(policy: &UpdatePolicy) -> String {
    let version = env!("CARGO_PKG_VERSION");
    // The name in a policy file may contain a line break, which would end the comment.
    let name = policy.name().escape_debug();
    format!("# Made by volcano-job-update {version} from the policy `{name}`.\n")
}

/// Replaces each `@name@` in a template by its value. Further lines of a value get the indentation
/// of the line with the name. Lines that become empty are removed.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    for line in template.lines() {
        let indent = line.len() - line.trim_start().len();
        let mut line = line.to_owned();
        for (name, value) in values {
            let value = value.trim_end().replace('\n', &format!("\n{:indent$}", ""));
            line = line.replace(&format!("@{name}@"), &value);
        }
        if !line.trim().is_empty() {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}
