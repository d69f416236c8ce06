//! The objects of RBAC, and how they are read from manifests.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use volcano_job_update_programs::parse_manifests;

const GROUP: &str = "rbac.authorization.k8s.io";
const API_VERSION: &str = "rbac.authorization.k8s.io/v1";
const MAX_DOCUMENT_BYTES: usize = 3 * 1024 * 1024;

/// All objects of a directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Objects {
    /// By namespace and name, as the bindings.
    pub(super) roles: BTreeMap<(String, String), Role>,
    pub(super) cluster_roles: BTreeMap<String, ClusterRole>,
    pub(super) role_bindings: BTreeMap<(String, String), Binding>,
    pub(super) cluster_role_bindings: BTreeMap<String, Binding>,
}

/// What is unknown is an error: a `resourceName` that is read over would give access to all objects.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Role {
    pub(super) metadata: Metadata,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) rules: Vec<PolicyRule>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClusterRole {
    pub(super) metadata: Metadata,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) rules: Vec<PolicyRule>,
    #[serde(default)]
    pub(super) aggregation_rule: Option<AggregationRule>,
}

/// A `RoleBinding`, or a `ClusterRoleBinding`, which has no namespace.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Binding {
    pub(super) metadata: Metadata,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) subjects: Vec<Subject>,
    pub(super) role_ref: RoleRef,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Metadata {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) namespace: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct PolicyRule {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) verbs: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) api_groups: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) resources: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", deserialize_with = "null_as_default")]
    pub(super) non_resource_urls: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AggregationRule {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) cluster_role_selectors: Vec<Selector>,
}

/// Kubernetes'
/// [`LabelSelector`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Selector {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) match_labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) match_expressions: Vec<SelectorRequirement>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SelectorRequirement {
    pub(super) key: String,
    pub(super) operator: SelectorOperator,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum SelectorOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoleRef {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) api_group: String,
    pub(super) kind: String,
    pub(super) name: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Subject {
    pub(super) kind: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) api_group: String,
    pub(super) name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) namespace: String,
}

/// Go reads null as if nothing were there.
pub(super) fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Objects {
    /// Adds the objects of a text with one or more documents. Those of other kinds are skipped.
    ///
    /// # Errors
    ///
    /// What is wrong, on one line: the text is not YAML, an API server would refuse an object, or there
    /// is one of the same name already.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<(), String> {
        let documents =
            parse_manifests(text, MAX_DOCUMENT_BYTES).map_err(|error| error.to_string())?;
        for document in documents {
            let document = document.map_err(|error| error.to_string())?;
            self.add(document.into_value())?;
        }
        Ok(())
    }

    /// Adds those of the others whose names are not taken.
    pub(super) fn add_missing(&mut self, others: Self) {
        add_missing(&mut self.roles, others.roles);
        add_missing(&mut self.cluster_roles, others.cluster_roles);
        add_missing(&mut self.role_bindings, others.role_bindings);
        add_missing(&mut self.cluster_role_bindings, others.cluster_role_bindings);
    }

    fn add(&mut self, mut object: Value) -> Result<(), String> {
        let described = describe(&object);
        let mut take = |key: &str| match object.as_object_mut()?.remove(key)? {
            Value::String(text) => Some(text),
            _ => None,
        };
        let api_version = take("apiVersion").unwrap_or_default();
        let kind = take("kind").unwrap_or_default();
        let is_rbac = api_version.split('/').next() == Some(GROUP);
        if kind == "List" || is_rbac && kind.ends_with("List") {
            return self.add_items(object);
        }
        if !is_rbac {
            return Ok(());
        }
        let added = if api_version == API_VERSION {
            match &*kind {
                "Role" => self.add_role(object),
                "ClusterRole" => self.add_cluster_role(object),
                "RoleBinding" => self.add_role_binding(object),
                "ClusterRoleBinding" => self.add_cluster_role_binding(object),
                _ => Err("kind: there is no such kind".to_owned()),
            }
        } else {
            Err(format!("apiVersion: must be {API_VERSION}"))
        };
        added.map_err(|error| format!("{described}: {error}"))
    }

    fn add_items(&mut self, mut list: Value) -> Result<(), String> {
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items.into_iter().try_for_each(|item| self.add(item)),
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err("items: must be a list".into()),
        }
    }

    fn add_role(&mut self, object: Value) -> Result<(), String> {
        let mut role: Role = parse(object)?;
        role.metadata.check(true)?;
        check_all("rules", &role.rules, |rule| rule.check(true))?;
        insert(&mut self.roles, role.metadata.key(), role)
    }

    fn add_cluster_role(&mut self, object: Value) -> Result<(), String> {
        let mut role: ClusterRole = parse(object)?;
        role.metadata.check(false)?;
        check_all("rules", &role.rules, |rule| rule.check(false))?;
        if let Some(aggregation) = &role.aggregation_rule {
            aggregation.check().map_err(|error| format!("aggregationRule.{error}"))?;
        }
        insert(&mut self.cluster_roles, role.metadata.name.clone(), role)
    }

    fn add_role_binding(&mut self, object: Value) -> Result<(), String> {
        let mut binding: Binding = parse(object)?;
        binding.metadata.check(true)?;
        binding.check(&["Role", "ClusterRole"])?;
        insert(&mut self.role_bindings, binding.metadata.key(), binding)
    }

    fn add_cluster_role_binding(&mut self, object: Value) -> Result<(), String> {
        let mut binding: Binding = parse(object)?;
        binding.metadata.check(false)?;
        binding.check(&["ClusterRole"])?;
        insert(&mut self.cluster_role_bindings, binding.metadata.name.clone(), binding)
    }
}

fn parse<T: for<'de> Deserialize<'de>>(object: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(object)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))
}

fn insert<K: Ord, T>(objects: &mut BTreeMap<K, T>, key: K, object: T) -> Result<(), String> {
    match objects.entry(key) {
        Entry::Vacant(place) => {
            place.insert(object);
            Ok(())
        }
        Entry::Occupied(_) => Err("metadata.name: there are two of this name".into()),
    }
}

fn add_missing<K: Ord, T>(objects: &mut BTreeMap<K, T>, others: BTreeMap<K, T>) {
    for (key, object) in others {
        objects.entry(key).or_insert(object);
    }
}

/// The kind and the name of an object for a message.
fn describe(object: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let metadata = object.get("metadata");
    let name = text(metadata.and_then(|metadata| metadata.get("name")));
    format!("{} {name:?}", text(object.get("kind")))
}

fn check_all<T>(
    field: &str,
    items: &[T],
    check: impl Fn(&T) -> Result<(), String>,
) -> Result<(), String> {
    for (position, item) in items.iter().enumerate() {
        check(item).map_err(|error| format!("{field}[{position}].{error}"))?;
    }
    Ok(())
}

/// The checks are those of Kubernetes' [validation].
///
/// [validation]: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/validation/validation.go
impl Metadata {
    /// An object without a namespace is in `default`, where kubectl puts it.
    fn check(&mut self, is_namespaced: bool) -> Result<(), String> {
        check_name(&self.name).map_err(|error| format!("metadata.name: {error}"))?;
        match (is_namespaced, self.namespace.is_empty()) {
            (true, true) => "default".clone_into(&mut self.namespace),
            (false, false) => return Err("metadata.namespace: must be empty".into()),
            _ => {}
        }
        Ok(())
    }

    fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.name.clone())
    }
}

impl PolicyRule {
    fn check(&self, is_namespaced: bool) -> Result<(), String> {
        let is_about_resources = !self.api_groups.is_empty()
            || !self.resources.is_empty()
            || !self.resource_names.is_empty();
        let error = if self.verbs.is_empty() {
            "verbs: must have at least one value"
        } else if !self.non_resource_urls.is_empty() && is_namespaced {
            "nonResourceURLs: a rule in a namespace must have none"
        } else if !self.non_resource_urls.is_empty() && is_about_resources {
            "nonResourceURLs: a rule must be about either resources or paths"
        } else if self.non_resource_urls.is_empty() && self.api_groups.is_empty() {
            "apiGroups: must have at least one value"
        } else if self.non_resource_urls.is_empty() && self.resources.is_empty() {
            "resources: must have at least one value"
        } else {
            return Ok(());
        };
        Err(error.into())
    }
}

impl AggregationRule {
    fn check(&self) -> Result<(), String> {
        if self.cluster_role_selectors.is_empty() {
            return Err("clusterRoleSelectors: must have at least one value".into());
        }
        check_all("clusterRoleSelectors", &self.cluster_role_selectors, |selector| {
            check_all("matchExpressions", &selector.match_expressions, SelectorRequirement::check)
        })
    }
}

impl SelectorRequirement {
    fn check(&self) -> Result<(), String> {
        let needs_values = matches!(self.operator, SelectorOperator::In | SelectorOperator::NotIn);
        match (needs_values, self.values.is_empty()) {
            (true, true) => Err("values: must have at least one value".into()),
            (false, false) => Err("values: must be empty".into()),
            _ => Ok(()),
        }
    }
}

impl Binding {
    /// Fills in what Kubernetes' [defaults] do, and checks it.
    ///
    /// [defaults]: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/v1/defaults.go
    fn check(&mut self, kinds: &[&str]) -> Result<(), String> {
        let RoleRef { api_group, kind, name } = &mut self.role_ref;
        default_group(api_group);
        if api_group != GROUP {
            return Err(format!("roleRef.apiGroup: must be {GROUP}"));
        }
        if !kinds.contains(&&**kind) {
            return Err(format!("roleRef.kind: must be {}", kinds.join(" or ")));
        }
        check_name(name).map_err(|error| format!("roleRef.name: {error}"))?;
        let is_namespaced = !self.metadata.namespace.is_empty();
        for subject in &mut self.subjects {
            if subject.kind != "ServiceAccount" {
                default_group(&mut subject.api_group);
            }
        }
        check_all("subjects", &self.subjects, |subject| subject.check(is_namespaced))
    }
}

fn default_group(group: &mut String) {
    if group.is_empty() {
        GROUP.clone_into(group);
    }
}

impl Subject {
    fn check(&self, is_namespaced: bool) -> Result<(), String> {
        let is_account = match &*self.kind {
            "ServiceAccount" => true,
            "User" | "Group" => false,
            _ => return Err("kind: must be User, Group or ServiceAccount".into()),
        };
        if self.name.is_empty() {
            Err("name: must not be empty".into())
        } else if is_account && !self.api_group.is_empty() {
            Err("apiGroup: must be empty".into())
        } else if is_account && !is_namespaced && self.namespace.is_empty() {
            Err("namespace: must not be empty".into())
        } else if !is_account && self.api_group != GROUP {
            Err(format!("apiGroup: must be {GROUP}"))
        } else {
            Ok(())
        }
    }
}

/// Whether a text can be a name in a path.
fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("must not be empty"),
        "." | ".." => Err("must not be . or .."),
        _ if name.contains(['/', '%']) => Err("must not contain / or %"),
        _ => Ok(()),
    }
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} Roles, {} ClusterRoles, {} RoleBindings, {} ClusterRoleBindings",
            self.roles.len(),
            self.cluster_roles.len(),
            self.role_bindings.len(),
            self.cluster_role_bindings.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Objects, String> {
        let mut objects = Objects::default();
        objects.read(text.as_bytes()).map(|()| objects)
    }

    fn of_kind(kind: &str, rest: &str) -> String {
        format!("{{apiVersion: {API_VERSION}, kind: {kind}, metadata: {{name: x}}, {rest}}}")
    }

    /// `ValidateRole`, `ValidateClusterRole`, `ValidatePolicyRule`, `ValidateRoleBinding`,
    /// `ValidateClusterRoleBinding` and `ValidateRoleBindingSubject` of
    /// `pkg/apis/rbac/validation/validation.go`, and strict decoding.
    #[test]
    fn objects_that_an_api_server_refuses_are_errors() {
        let reference = "roleRef: {kind: ClusterRole, name: r}";
        for (kind, rest, error) in [
            ("Role", "rules: [{apiGroups: [a], resources: [b]}]", "rules[0].verbs: must have"),
            ("Role", "rules: [{verbs: [get], resources: [b]}]", "rules[0].apiGroups: must have"),
            ("Role", "rules: [{verbs: [get], apiGroups: ['']}]", "rules[0].resources: must have"),
            (
                "Role",
                "rules: [{verbs: [get], nonResourceURLs: [/x]}]",
                "rules[0].nonResourceURLs: a rule in a namespace",
            ),
            (
                "ClusterRole",
                "rules: [{verbs: [get], nonResourceURLs: [/x], resources: [b]}]",
                "rules[0].nonResourceURLs: a rule must be about either",
            ),
            (
                "ClusterRole",
                "rules: [{verbs: [get], apiGroups: [a], resources: [b], resourceName: [c]}]",
                "rules[0].resourceName: unknown field `resourceName`",
            ),
            ("Role", "aggregationRule: {}", "aggregationRule: unknown field"),
            (
                "ClusterRole",
                "aggregationRule: {}",
                "aggregationRule.clusterRoleSelectors: must have",
            ),
            (
                "ClusterRole",
                "aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: a, operator: In}]}]}",
                "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: must have",
            ),
            ("RoleBinding", "subjects: []", "missing field `roleRef`"),
            ("RoleBinding", "roleRef: {kind: User, name: r}", "roleRef.kind: must be Role or"),
            ("RoleBinding", "roleRef: {kind: Role, name: ''}", "roleRef.name: must not be empty"),
            (
                "RoleBinding",
                "roleRef: {kind: Role, name: r, apiGroup: v1}",
                "roleRef.apiGroup: must",
            ),
            (
                "ClusterRoleBinding",
                "roleRef: {kind: Role, name: r}",
                "roleRef.kind: must be Cluster",
            ),
            ("Robot", "", "kind: there is no such kind"),
        ] {
            let message = read(&of_kind(kind, rest)).expect_err(rest);
            let expected = format!("{kind} \"x\": ");
            let cause = message.strip_prefix(&expected).expect(&message);
            assert!(cause.contains(error), "{cause}");
        }
        for (kind, subject, error) in [
            ("RoleBinding", "{kind: User, name: ''}", "subjects[0].name: must not be empty"),
            ("RoleBinding", "{kind: Robot, name: a}", "subjects[0].kind: must be"),
            (
                "RoleBinding",
                "{kind: User, name: a, apiGroup: v1}",
                "subjects[0].apiGroup: must be rbac",
            ),
            (
                "RoleBinding",
                "{kind: ServiceAccount, name: a, apiGroup: v1}",
                "subjects[0].apiGroup: must be empty",
            ),
            (
                "ClusterRoleBinding",
                "{kind: ServiceAccount, name: a}",
                "subjects[0].namespace: must not be empty",
            ),
        ] {
            let text = of_kind(kind, &format!("subjects: [{subject}], {reference}"));
            let message = read(&text).expect_err(subject);
            assert!(message.contains(error), "{message}");
        }
    }

    #[test]
    fn names_and_versions_are_checked() {
        let role =
            |metadata: &str| format!("{{apiVersion: {API_VERSION}, kind: Role, {metadata}}}");
        for (text, error) in [
            (role("metadata: {}"), "metadata.name: must not be empty"),
            (role("metadata: {name: a/b}"), "metadata.name: must not contain / or %"),
            (role("metadata: {name: ..}"), "metadata.name: must not be . or .."),
            (of_kind("Role", "").replace("/v1", "/v1beta1"), "apiVersion: must be rbac"),
            (
                of_kind("ClusterRole", "").replace("name: x", "name: x, namespace: z"),
                "metadata.namespace: must be empty",
            ),
            (format!("{0}\n---\n{0}", of_kind("Role", "")), "metadata.name: there are two"),
        ] {
            let message = read(&text).expect_err(&text);
            assert!(message.contains(error), "{message}");
        }
    }

    /// Lists, several documents, other kinds, defaults, and what is null or has no namespace.
    #[test]
    fn objects_are_read_as_kubectl_and_an_api_server_do() {
        let text = format!(
            "{}\n---\n# Nothing.\n---\n{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: x}}}}\n---\n\
             {{apiVersion: {API_VERSION}, kind: RoleBindingList, items: [{}]}}\n---\n\
             {{apiVersion: v1, kind: List, items: [{}, {{apiVersion: v1, kind: List, items: null}}]}}",
            of_kind("Role", "rules: null"),
            of_kind(
                "RoleBinding",
                "roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: u}]"
            ),
            of_kind("ClusterRole", ""),
        );
        let objects = read(&text).expect("it is valid");
        let key = ("default".to_owned(), "x".to_owned());
        assert_eq!(objects.roles[&key].rules, []);
        let binding = &objects.role_bindings[&key];
        assert_eq!(binding.role_ref.api_group, GROUP);
        assert_eq!(binding.subjects[0].api_group, GROUP);
        assert_eq!(objects.cluster_roles.len(), 1);
        assert_eq!(
            objects.to_string(),
            "1 Roles, 1 ClusterRoles, 1 RoleBindings, 0 ClusterRoleBindings"
        );
    }
}
