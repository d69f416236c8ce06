//! The rules in force, and what they allow.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use volcano_job_update::status::{Status, quote};

use super::attributes::{Attributes, Object, Resource};
use super::manifest::{
    Binding, ClusterRole, Metadata, Objects, PolicyRule, RoleRef, Selector, SelectorOperator,
    Subject,
};
use super::user::User;

/// Rules in a form that answers requests, as Kubernetes' [`DefaultRuleResolver`] does.
///
/// [`DefaultRuleResolver`]: https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/rbac/validation/rule.go
#[derive(Debug, Default)]
pub(super) struct Policy {
    /// By namespace and name.
    roles: BTreeMap<(String, String), Vec<PolicyRule>>,
    cluster_roles: BTreeMap<String, Vec<PolicyRule>>,
    cluster_bindings: Vec<Binding>,
    /// By namespace.
    bindings: BTreeMap<String, Vec<Binding>>,
}

/// What the rules say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it is allowed.
    pub is_allowed: bool,
    /// By which binding it is allowed, or which roles a denied one lacks; empty where Kubernetes says
    /// nothing.
    pub reason: String,
}

impl Policy {
    pub(super) fn new(objects: Objects) -> Self {
        let cluster_roles = objects.cluster_roles.keys();
        let cluster_roles = cluster_roles.map(|name| (name.clone(), aggregated(&objects, name)));
        let mut bindings: BTreeMap<String, Vec<Binding>> = BTreeMap::new();
        let cluster_roles = cluster_roles.collect();
        for ((namespace, _), binding) in objects.role_bindings {
            bindings.entry(namespace).or_default().push(binding);
        }
        Self {
            roles: objects.roles.into_iter().map(|(key, role)| (key, role.rules)).collect(),
            cluster_roles,
            cluster_bindings: objects.cluster_role_bindings.into_values().collect(),
            bindings,
        }
    }

    /// As Kubernetes' [`RBACAuthorizer`] does.
    ///
    /// [`RBACAuthorizer`]: https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/rbac.go
    pub(super) fn decide(&self, user: &User, attributes: &Attributes) -> Decision {
        let mut missing = BTreeSet::new();
        for bound in self.bound(user, attributes.namespace()) {
            if bound.allows(attributes) {
                return Decision::allowed(format!("RBAC: allowed by {bound}"));
            }
            if let Err(error) = bound.rules {
                missing.insert(error);
            }
        }
        let reason = match missing.len() {
            0 => String::new(),
            1 => format!("RBAC: {}", missing.into_iter().collect::<String>()),
            _ => format!("RBAC: [{}]", missing.into_iter().collect::<Vec<_>>().join(", ")),
        };
        Decision::denied(reason)
    }

    /// The rules of all bindings that apply to a user in a namespace.
    pub(super) fn bound<'p>(
        &'p self,
        user: &User,
        namespace: &str,
    ) -> impl Iterator<Item = Bound<'p>> {
        let inside = self.bindings.get(namespace).map_or(&[][..], Vec::as_slice);
        self.cluster_bindings.iter().chain(inside).filter_map(move |binding| {
            let namespace = &*binding.metadata.namespace;
            let mut subjects = binding.subjects.iter();
            let subject = subjects.find(|subject| subject.applies_to(user, namespace))?;
            Some(Bound { binding, subject, rules: self.rules(&binding.role_ref, namespace) })
        })
    }

    fn rules(&self, role: &RoleRef, namespace: &str) -> Result<&[PolicyRule], String> {
        let (kind, rules) = match &*role.kind {
            "Role" => ("role", self.roles.get(&(namespace.to_owned(), role.name.clone()))),
            _ => ("clusterrole", self.cluster_roles.get(&role.name)),
        };
        let name = quote(&role.name);
        let missing = || format!("{kind}.rbac.authorization.k8s.io {name} not found");
        rules.map(Vec::as_slice).ok_or_else(missing)
    }
}

/// The rules of a binding, or why there are none, and the subject for which it applies.
pub(super) struct Bound<'p> {
    binding: &'p Binding,
    subject: &'p Subject,
    pub(super) rules: Result<&'p [PolicyRule], String>,
}

impl Bound<'_> {
    pub(super) fn allows(&self, attributes: &Attributes) -> bool {
        self.rules.as_ref().is_ok_and(|rules| rules.iter().any(|rule| rule.allows(attributes)))
    }
}

impl fmt::Display for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Metadata { name, namespace, .. } = &self.binding.metadata;
        let binding = match &**namespace {
            "" => format!("ClusterRoleBinding {}", quote(name)),
            _ => format!("RoleBinding {}", quote(&format!("{name}/{namespace}"))),
        };
        let RoleRef { kind, name, .. } = &self.binding.role_ref;
        write!(f, "{binding} of {kind} {} to {}", quote(name), self.subject.describe(namespace))
    }
}

impl Decision {
    pub(super) fn allowed(reason: impl Into<String>) -> Self {
        Self { is_allowed: true, reason: reason.into() }
    }

    pub(super) fn denied(reason: impl Into<String>) -> Self {
        Self { is_allowed: false, reason: reason.into() }
    }

    pub(super) fn into_result(self, user: &User, attributes: &Attributes) -> Result<(), Status> {
        if self.is_allowed { Ok(()) } else { Err(attributes.forbidden(user, &self.reason)) }
    }
}

impl PolicyRule {
    /// Kubernetes' [`RuleAllows`] and the [functions] that it calls.
    ///
    /// [`RuleAllows`]: https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/rbac.go
    /// [functions]: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/v1/evaluation_helpers.go
    fn allows(&self, attributes: &Attributes) -> bool {
        matches_or_all(&self.verbs, attributes.verb())
            && match attributes.object() {
                Object::Resource(resource) => self.allows_resource(resource),
                Object::Path(path) => self.non_resource_urls.iter().any(|url| is_url(url, path)),
            }
    }

    fn allows_resource(&self, resource: &Resource) -> bool {
        let whole = resource.with_subresource();
        matches_or_all(&self.api_groups, &resource.group)
            && self.resources.iter().any(|rule| {
                let is_subresource = !resource.subresource.is_empty()
                    && rule.strip_prefix("*/") == Some(&*resource.subresource);
                rule == "*" || *rule == whole || is_subresource
            })
            && (self.resource_names.is_empty() || self.resource_names.contains(&resource.name))
    }
}

fn matches_or_all(rules: &[String], asked: &str) -> bool {
    rules.iter().any(|rule| rule == "*" || rule == asked)
}

fn is_url(rule: &str, path: &str) -> bool {
    rule == path || rule.ends_with('*') && path.starts_with(rule.trim_end_matches('*'))
}

impl Subject {
    /// `namespace` is that of the binding; empty for one of the cluster.
    fn applies_to(&self, user: &User, namespace: &str) -> bool {
        match &*self.kind {
            "User" => self.name == user.name(),
            "Group" => user.is_in(&self.name),
            _ => {
                let namespace = self.namespace_or(namespace);
                let account = user.name().strip_prefix("system:serviceaccount:");
                let account = account.and_then(|account| account.strip_prefix(namespace));
                let account = account.and_then(|account| account.strip_prefix(':'));
                !namespace.is_empty() && account == Some(&*self.name)
            }
        }
    }

    fn describe(&self, namespace: &str) -> String {
        let Self { kind, name, .. } = self;
        if kind == "ServiceAccount" {
            let name = format!("{name}/{}", self.namespace_or(namespace));
            return format!("{kind} {}", quote(&name));
        }
        format!("{kind} {}", quote(name))
    }

    fn namespace_or<'s>(&'s self, namespace: &'s str) -> &'s str {
        if self.namespace.is_empty() { namespace } else { &self.namespace }
    }
}

/// The rules of a cluster role: its own or, if it has an aggregation rule, those of the others that this
/// selects, and of the others that those select. It is what Kubernetes' [controller] arrives at.
///
/// [controller]: https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go
fn aggregated(objects: &Objects, name: &str) -> Vec<PolicyRule> {
    let mut names = vec![name];
    let mut seen = BTreeSet::from([name]);
    let mut rules: Vec<PolicyRule> = Vec::new();
    while let Some(role) = names.pop().and_then(|name| objects.cluster_roles.get(name)) {
        let Some(aggregation) = &role.aggregation_rule else {
            for rule in &role.rules {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
            continue;
        };
        for (name, other) in objects.cluster_roles.iter().rev() {
            let is_selected = aggregation.cluster_role_selectors.iter().any(|s| s.selects(other));
            if is_selected && seen.insert(name) {
                names.push(name);
            }
        }
    }
    rules
}

impl Selector {
    fn selects(&self, role: &ClusterRole) -> bool {
        let labels = &role.metadata.labels;
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| {
                let value = labels.get(&requirement.key);
                let is_one = value.is_some_and(|value| requirement.values.contains(value));
                match requirement.operator {
                    SelectorOperator::In => is_one,
                    SelectorOperator::NotIn => !is_one,
                    SelectorOperator::Exists => value.is_some(),
                    SelectorOperator::DoesNotExist => value.is_none(),
                }
            })
    }
}
