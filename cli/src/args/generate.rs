//! The command line of `generate`.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand, ValueEnum};

/// Bytes that an argument contains as base64. (A `Vec` would be a list of arguments.)
#[derive(Clone, Debug)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

/// Which manifests to print.
#[derive(Debug, Subcommand)]
pub(crate) enum Generate {
    /// Register the webhook: `ValidatingWebhookConfiguration`, and with --restore
    /// `MutatingWebhookConfiguration`
    #[command(
        after_help = "Example:\n  volcano-job-update generate webhook-configuration | kubectl apply -f -"
    )]
    WebhookConfiguration(ConfigurationArgs),
    /// Enforce the rule without a webhook, as far as CEL can express it:
    /// `ValidatingAdmissionPolicy` and its binding
    ///
    /// The comment at the beginning lists the differences. Needs Kubernetes 1.33.
    #[command(after_help = "Example:\n  volcano-job-update generate policy | kubectl apply -f -")]
    Policy(PolicyArgs),
    /// Run the webhook in the cluster, with a certificate from cert-manager
    #[command(
        after_help = "Example:\n  volcano-job-update generate deployment | kubectl apply -f -"
    )]
    Deployment(DeploymentArgs),
    /// Take updates of Jobs away from Volcano's own webhook: a JSON Patch of its
    /// `ValidatingWebhookConfiguration`
    ///
    /// Volcano's webhook then validates only the creation of Jobs.
    #[command(
        after_help = "Example:\n  volcano-job-update generate volcano-webhook-patch >patch.yaml"
    )]
    VolcanoWebhookPatch(VolcanoWebhookPatchArgs),
    /// Keep Argo CD from showing what creation fills in as drift: the `ignoreDifferences` of an
    /// `Application`, or the same for all
    ///
    /// The comment at the beginning says what it does not cover.
    #[command(after_help = "Example:\n  volcano-job-update generate argocd --for argocd-cm")]
    Argocd(ArgocdArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// The policy: documented, admission, volcano, permissive, or a policy file (JSON or YAML)
    #[arg(
        long,
        value_name = "documented|admission|volcano|permissive|FILE",
        default_value = "admission"
    )]
    pub(crate) policy: String,
    /// The name of the generated objects
    #[arg(long, default_value = "volcano-job-update-webhook", value_parser = dns_label)]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigurationArgs {
    #[command(flatten)]
    pub(crate) common: PolicyArgs,
    /// The namespace of the webhook
    #[arg(long, default_value = "volcano-system", value_parser = dns_label)]
    pub(crate) namespace: String,
    /// The CA of the webhook's certificate, in base64 as --self-signed prints it; by default
    /// cert-manager injects the CA of the generated deployment
    #[arg(long, value_name = "BASE64", value_parser = base64)]
    pub(crate) ca_bundle: Option<Bytes>,
    /// The address of a webhook outside the cluster: https://HOST:PORT
    #[arg(long, requires = "ca_bundle", value_parser = url)]
    pub(crate) url: Option<String>,
    /// What happens to an update while the webhook does not answer
    #[arg(long, value_enum, default_value_t = FailurePolicy::Fail)]
    pub(crate) failure_policy: FailurePolicy,
    /// Also put back dropped creation defaults; implied by a policy that restores them
    #[arg(long)]
    pub(crate) restore: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeploymentArgs {
    #[command(flatten)]
    pub(crate) common: PolicyArgs,
    /// The namespace of the webhook
    #[arg(long, default_value = "volcano-system", value_parser = dns_label)]
    pub(crate) namespace: String,
    /// The image, built with the Containerfile in webhook/
    #[arg(long, value_parser = image)]
    pub(crate) image: String,
    /// Deny nothing: allow with warnings, and count the updates that would have been denied
    #[arg(long)]
    pub(crate) shadow: bool,
    /// The priority class of the pods. While the webhook does not run, no Job can be updated: consider
    /// system-cluster-critical
    #[arg(long, value_name = "NAME", value_parser = dns_label)]
    pub(crate) priority_class: Option<String>,
    /// The Secret with the CA of clients (ca.crt): a request for a review needs a certificate of it
    #[arg(long, value_name = "NAME", requires = "client_name", value_parser = dns_label)]
    pub(crate) client_ca_secret: Option<String>,
    /// The common name or DNS name of that certificate
    #[arg(long, value_name = "NAME", requires = "client_ca_secret")]
    pub(crate) client_name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VolcanoWebhookPatchArgs {
    /// What applies the patch
    #[arg(long = "for", value_enum, value_name = "kubectl|kustomize", default_value_t = PatchTarget::Kubectl)]
    pub(crate) target: PatchTarget,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PatchTarget {
    /// kubectl patch --type=json, in the cluster
    Kubectl,
    /// A Kustomization, as the post-renderer of Volcano's Helm chart
    Kustomize,
}

#[derive(Debug, Args)]
pub(crate) struct ArgocdArgs {
    /// Where the settings belong
    #[arg(long = "for", value_enum, value_name = "application|argocd-cm", default_value_t = ArgocdTarget::Application)]
    pub(crate) target: ArgocdTarget,
    /// The name of the Application
    #[arg(long, default_value = "volcano-jobs", value_parser = dns_label)]
    pub(crate) name: String,
    /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ArgocdTarget {
    /// One Application
    Application,
    /// The `ConfigMap` argocd-cm: all Applications, and also quantities and durations in another spelling
    ArgocdCm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FailurePolicy {
    /// It is denied
    Fail,
    /// It is allowed without validation
    Ignore,
}

fn dns_label(text: &str) -> Result<String, String> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_well =
        [bytes.first(), bytes.last()].into_iter().all(|end| end.is_some_and(|end| is_inner(*end)));
    // Kubernetes allows 63; some objects get a suffix.
    if ends_well && bytes.len() <= 50 && bytes.iter().all(|byte| is_inner(*byte) || *byte == b'-') {
        Ok(text.into())
    } else {
        Err("must be at most 50 of a-z, 0-9 and -, and neither begin nor end with -".into())
    }
}

fn base64(text: &str) -> Result<Bytes, String> {
    match BASE64_STANDARD.decode(text.trim()) {
        Ok(bytes) if !bytes.is_empty() => Ok(Bytes(bytes)),
        _ => Err("must be base64, on one line".into()),
    }
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
