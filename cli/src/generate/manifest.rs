//! What all manifests have in common.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};
use serde::Serialize;
use serde_json::Value;
use volcano_job_update::UpdatePolicy;

/// The label of a namespace in which Jobs are not validated, and its value.
const SWITCH: (&str, &str) = ("volcano-job-update.github.io/webhook", "disabled");

const NAME: &str = "app.kubernetes.io/name";

/// Documents of YAML, below a comment.
pub(super) struct Manifests {
    comment: String,
    documents: Vec<Value>,
}

impl Manifests {
    /// Begins with a comment that names the policy.
    pub(super) fn new(policy: &UpdatePolicy) -> Self {
        // The name in a policy file may contain a line break, which would end the comment.
        let name = policy.name().escape_debug();
        Self::beginning(&format!(" from the policy `{name}`"))
    }

    /// For manifests that do not depend on a policy.
    pub(super) fn without_policy() -> Self {
        Self::beginning("")
    }

    fn beginning(source: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let comment = format!("# Made by volcano-job-update {version}{source}.\n");
        Self { comment, documents: Vec::new() }
    }

    /// Adds lines to the comment; each begins with `#`.
    pub(super) fn comment(&mut self, lines: &str) {
        self.comment.push_str(lines);
    }

    #[expect(clippy::expect_used, reason = "the types of Kubernetes are JSON")]
    pub(super) fn push(&mut self, document: &impl Serialize) {
        self.documents.push(serde_json::to_value(document).expect("a document is JSON"));
    }

    #[expect(clippy::expect_used, reason = "JSON is YAML")]
    pub(super) fn into_yaml(self) -> String {
        let yaml = |document: &Value| {
            "---\n".to_owned() + &serde_saphyr::to_string(document).expect("a document is YAML")
        };
        self.comment + &self.documents.iter().map(yaml).collect::<String>()
    }
}

/// The metadata of an object of the webhook with this name.
pub(super) fn metadata(webhook: &str, name: &str, namespace: Option<&str>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: namespace.map(Into::into),
        labels: Some(labels(webhook)),
        ..ObjectMeta::default()
    }
}

/// See [recommended labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
pub(super) fn labels(webhook: &str) -> BTreeMap<String, String> {
    [
        (NAME, webhook),
        ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
        ("app.kubernetes.io/component", "admission-webhook"),
        ("app.kubernetes.io/managed-by", "volcano-job-update"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

/// The labels that select the pods: those that never change.
pub(super) fn selected(webhook: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(NAME.to_owned(), webhook.to_owned())])
}

/// All namespaces but those that are labelled as an exception.
pub(super) fn namespaces() -> LabelSelector {
    let (key, value) = SWITCH;
    let requirement = LabelSelectorRequirement {
        key: key.into(),
        operator: "NotIn".into(),
        values: Some(vec![value.into()]),
    };
    LabelSelector { match_expressions: Some(vec![requirement]), ..LabelSelector::default() }
}
