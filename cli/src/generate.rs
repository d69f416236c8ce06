//! What to apply to a cluster so that updates are judged there: manifests made from a policy.

mod configuration;
mod deployment;
mod fields;
mod policy;

use clap::{Args, Subcommand, ValueEnum};
use volcano_job_update::UpdatePolicy;

use crate::input::{Error, read_policy};

/// Which manifests to print.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// Have the API server ask the webhook: `ValidatingWebhookConfiguration`, and with --restore
    /// `MutatingWebhookConfiguration`
    WebhookConfiguration(ConfigurationArgs),
    /// Without a webhook, as much of the rule as the API server can enforce by itself:
    /// `ValidatingAdmissionPolicy` and its binding
    ///
    /// The comment at its beginning says what that is not. Needs Kubernetes 1.33.
    Policy(PolicyArgs),
    /// Run the webhook in the cluster, with a certificate by cert-manager
    Deployment(DeploymentArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// By which rule: documented, admission, or a policy file (JSON or YAML)
    #[arg(long, value_name = "documented|admission|FILE", default_value = "admission")]
    policy: String,
    /// The name of what is made
    #[arg(long, default_value = "volcano-job-update-webhook", value_parser = dns_label)]
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigurationArgs {
    #[command(flatten)]
    common: PolicyArgs,
    /// The namespace of the webhook
    #[arg(long, default_value = "volcano-system", value_parser = dns_label)]
    namespace: String,
    /// The CA of the webhook's certificate, base64 as --self-signed prints it; without it,
    /// cert-manager puts in that of the generated deployment
    #[arg(long, value_name = "BASE64", value_parser = base64)]
    ca_bundle: Option<String>,
    /// Where the webhook is, if it is not in the cluster: https://HOST:PORT
    #[arg(long, requires = "ca_bundle", value_parser = url)]
    url: Option<String>,
    /// What becomes of an update while the webhook does not answer
    #[arg(long, value_enum, default_value_t = FailurePolicy::Fail)]
    failure_policy: FailurePolicy,
    /// Have dropped creation defaults put back; done in any case if the policy says so
    #[arg(long)]
    restore: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeploymentArgs {
    #[command(flatten)]
    common: PolicyArgs,
    /// Where it runs
    #[arg(long, default_value = "volcano-system", value_parser = dns_label)]
    namespace: String,
    /// The image, built with the Containerfile in webhook/
    #[arg(long, value_parser = image)]
    image: String,
    /// Never deny: allow with warnings, and count what would have been denied
    #[arg(long)]
    shadow: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailurePolicy {
    /// It is denied
    Fail,
    /// It is allowed, unjudged
    Ignore,
}

/// Prints the manifests as YAML.
pub(crate) fn generate(what: &Generate) -> Result<String, Error> {
    Ok(match what {
        Generate::WebhookConfiguration(args) => {
            configuration::print(args, &read_policy(&args.common.policy)?)
        }
        Generate::Policy(args) => policy::print(&args.name, &read_policy(&args.policy)?),
        Generate::Deployment(args) => deployment::print(args, &read_policy(&args.common.policy)?),
    })
}

/// How every manifest begins.
fn header(policy: &UpdatePolicy) -> String {
    let version = env!("CARGO_PKG_VERSION");
    // The name of a policy file may have any character; a comment ends with its line.
    let name = policy.name().escape_debug();
    format!("# Made by volcano-job-update {version} from the policy `{name}`.\n")
}

/// Fills in a manifest: `@name@` becomes the value. Values stand on the line of their name; a value
/// of more lines is indented as its name is.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    for line in template.lines() {
        let indent = line.len().saturating_sub(line.trim_start().len());
        let mut line = line.to_owned();
        for (name, value) in values {
            let value = value.trim_end().replace('\n', &format!("\n{:indent$}", ""));
            line = line.replace(&format!("@{name}@"), &value);
        }
        // A line that had nothing but an empty value.
        if !line.trim().is_empty() {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn dns_label(text: &str) -> Result<String, String> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_well =
        [bytes.first(), bytes.last()].into_iter().all(|end| end.is_some_and(|end| is_inner(*end)));
    // Kubernetes allows 63; names that are made from this one get an ending.
    if ends_well && bytes.len() <= 50 && bytes.iter().all(|byte| is_inner(*byte) || *byte == b'-') {
        Ok(text.into())
    } else {
        Err("must be at most 50 of a-z, 0-9 and -, and neither begin nor end with -".into())
    }
}

fn base64(text: &str) -> Result<String, String> {
    let digits = text.trim().trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if digits.is_empty() || !digits.bytes().all(is_digit) || !text.trim().len().is_multiple_of(4) {
        return Err("must be base64, on one line".into());
    }
    Ok(text.trim().into())
}

fn url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").map(|host| host.trim_end_matches('/'));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(is_plain) => {
            Ok(format!("https://{host}"))
        }
        _ => Err("must be https://HOST:PORT".into()),
    }
}

fn image(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./:@_-".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_plain) {
        return Err("must be the name of an image".into());
    }
    Ok(text.into())
}
