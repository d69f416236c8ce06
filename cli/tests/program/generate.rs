//! The command `generate`.

use std::process::Output;

use serde_json::{Value, json};
use volcano_job_update::UpdatePolicy;

use crate::util::{self, file, path, stderr, stdout};

fn run(arguments: &[&str]) -> Output {
    util::run(&[&["generate"], arguments].concat())
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn documents(arguments: &[&str]) -> Vec<Value> {
    serde_saphyr::from_multiple(&text(arguments)).expect("YAML")
}

fn of_kind<'d>(documents: &'d [Value], kind: &str) -> &'d Value {
    documents.iter().find(|document| document["kind"] == kind).expect("one of that kind")
}

fn policy_file(policy: &UpdatePolicy) -> tempfile::NamedTempFile {
    file(".json", &serde_json::to_string(policy).expect("a policy is JSON"))
}

#[test]
fn configuration_has_updates_of_jobs_only() {
    let documents = documents(&["webhook-configuration"]);
    assert_eq!(documents.len(), 1, "the policy restores nothing");
    let configuration = of_kind(&documents, "ValidatingWebhookConfiguration");
    assert_eq!(
        configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"],
        "volcano-system/volcano-job-update-webhook"
    );
    let webhook = &configuration["webhooks"][0];
    let rules = json!([{"operations": ["UPDATE"], "apiGroups": ["batch.volcano.sh"],
        "apiVersions": ["v1alpha1"], "resources": ["jobs"], "scope": "Namespaced"}]);
    assert_eq!(webhook["rules"], rules);
    assert_eq!(webhook["sideEffects"], "None");
    assert_eq!(webhook["failurePolicy"], "Fail");
    assert_eq!(webhook["timeoutSeconds"], 5);
    assert_eq!(webhook["admissionReviewVersions"], json!(["v1"]));
    let service = json!({"name": "volcano-job-update-webhook", "namespace": "volcano-system",
        "path": "/validate", "port": 443});
    assert_eq!(webhook["clientConfig"], json!({"service": service}));
}

#[test]
fn conditions_leave_out_ignored_fields() {
    let condition = |policy: &str| {
        let documents = documents(&["webhook-configuration", "--policy", policy]);
        let conditions = &documents[0]["webhooks"][0]["matchConditions"];
        assert!(conditions[0]["expression"].as_str().is_some_and(|text| text.contains("garbage")));
        conditions[1]["expression"].as_str().expect("an expression").to_owned()
    };
    for field in ["spec", "metadata.labels", "metadata.annotations", "metadata.generateName"] {
        assert!(condition("admission").contains(&format!("object.{field}")), "{field}");
    }
    assert!(!condition("admission").contains("finalizers"));
    assert!(condition("documented").contains("object.metadata.finalizers"));
    assert!(condition("documented").contains("object.metadata.ownerReferences"));
}

#[test]
fn configuration_for_a_webhook_outside_the_cluster() {
    let arguments = [
        "webhook-configuration",
        "--restore",
        "--failure-policy",
        "ignore",
        "--url",
        "https://127.0.0.1:8443",
        "--ca-bundle",
        "YWJj",
    ];
    let documents = documents(&arguments);
    for (kind, path) in [
        ("ValidatingWebhookConfiguration", "validate"),
        ("MutatingWebhookConfiguration", "restore"),
    ] {
        let configuration = of_kind(&documents, kind);
        assert!(configuration["metadata"].get("annotations").is_none());
        let webhook = &configuration["webhooks"][0];
        let url = format!("https://127.0.0.1:8443/{path}");
        assert_eq!(webhook["clientConfig"], json!({"url": url, "caBundle": "YWJj"}));
        assert_eq!(webhook["failurePolicy"], "Ignore");
    }
    let mutating = of_kind(&documents, "MutatingWebhookConfiguration");
    assert_eq!(mutating["webhooks"][0]["reinvocationPolicy"], "IfNeeded");
}

#[test]
fn restoring_policy_implies_the_mutating_webhook() {
    let restore = UpdatePolicy::admission()
        .with_dropped_defaults(volcano_job_update::DroppedDefaults::Restore)
        .with_name("restoring");
    let file = policy_file(&restore);
    let documents = documents(&["webhook-configuration", "--policy", path(&file)]);
    of_kind(&documents, "MutatingWebhookConfiguration");
}

#[test]
fn policy_in_cel_allows_what_the_policy_allows() {
    let documents = documents(&["policy"]);
    let policy = of_kind(&documents, "ValidatingAdmissionPolicy");
    let binding = of_kind(&documents, "ValidatingAdmissionPolicyBinding");
    assert_eq!(binding["spec"]["policyName"], policy["metadata"]["name"]);
    assert_eq!(binding["spec"]["validationActions"], json!(["Deny"]));
    assert_eq!(policy["spec"]["failurePolicy"], "Fail");
    let all = policy["spec"].to_string();
    assert!(all.contains(r#"k in [\"template\",\"replicas\"]"#), "{all}");
    for pattern in UpdatePolicy::admission().allowed() {
        assert!(all.contains(pattern.as_str()), "messages name {pattern}");
    }
    assert!(!all.contains("object.metadata."), "all metadata is allowed or ignored");
    assert!(all.contains("volumeClaimName"));
}

#[test]
fn policy_in_cel_follows_a_policy_file() {
    let file = policy_file(&serde_json::from_value(json!({
        "name": "ours\nkind: Secret", "allowed": ["spec.minAvailable", "spec.tasks[*].minAvailable",
            "metadata.annotations[example.com/owner]", "spec.plugins.svc",
            "spec.tasks[*].template.spec.containers[*].image", "status"],
        "releaseFinalizersWhileDeleting": true,
    })).expect("a policy"));
    let text = text(&["policy", "--policy", path(&file)]);
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    assert_eq!(documents.len(), 2, "the name does not leave its comment");
    let all = documents[0]["spec"].to_string();
    for allowed in [
        r#"[\"minAvailable\",\"plugins\",\"tasks\"]"#,
        r#"[\"minAvailable\",\"template\"]"#,
        r#"[\"example.com/owner\"]"#,
        "object.metadata.labels",
        "has(oldObject.metadata.deletionTimestamp) || ",
    ] {
        assert!(all.contains(allowed), "{allowed}: {all}");
    }
    assert!(!all.contains("volumeClaimName"));
    for wider in ["spec.plugins.svc", "spec.tasks[*].template.spec.containers[*].image"] {
        assert!(
            text.contains(&format!("#  - beside {wider}, everything else in the same field.")),
            "{text}"
        );
    }
}

#[test]
fn policy_that_allows_everything_has_no_cel() {
    let output = run(&["policy", "--policy", "permissive"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).contains("the policy `permissive` allows every change"));
}

#[test]
fn policy_in_cel_says_what_it_denies_only_where_it_does() {
    let drops_are_denied = "a manifest without the fields that Volcano filled in";
    let policy = |allowed: &str| {
        let mut file = serde_json::to_value(UpdatePolicy::permissive()).expect("a policy is JSON");
        file["allowed"] = json!([allowed]);
        file
    };
    let comment = |allowed: &str| {
        let file = file(".json", &policy(allowed).to_string());
        text(&["policy", "--policy", path(&file)])
    };
    assert!(comment("metadata").contains(drops_are_denied));
    for allowed in ["spec", "spec[*]", "spec[*].template"] {
        assert!(!comment(allowed).contains(drops_are_denied), "{allowed}");
    }
    assert!(comment("spec[*].template").contains("beside spec[*].template, everything else"));
}

#[test]
fn deployment_is_hardened() {
    let documents = documents(&["deployment", "--image", "registry.example/webhook:1"]);
    let kinds: Vec<&str> =
        documents.iter().filter_map(|document| document["kind"].as_str()).collect();
    let expected = [
        "Issuer",
        "Certificate",
        "Issuer",
        "Certificate",
        "ServiceAccount",
        "Service",
        "Deployment",
        "PodDisruptionBudget",
        "NetworkPolicy",
    ];
    assert_eq!(kinds, expected);
    assert!(documents.iter().all(|document| document["metadata"]["namespace"] == "volcano-system"));

    for document in &documents {
        let labels = document["metadata"]["labels"].as_object().expect("labels");
        for label in ["name", "version", "component", "managed-by"] {
            assert!(labels.contains_key(&format!("app.kubernetes.io/{label}")), "{document}");
        }
    }
    let is_ca = |document: &&Value| document["spec"]["isCA"] == true;
    assert_eq!(documents.iter().filter(is_ca).count(), 1);
    assert_eq!(of_kind(&documents, "ServiceAccount")["automountServiceAccountToken"], false);

    let deployment = &of_kind(&documents, "Deployment")["spec"];
    assert_eq!(deployment["replicas"], 2);
    let pod = &deployment["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert!(pod.get("priorityClassName").is_none(), "only if asked for");
    assert_eq!(pod["topologySpreadConstraints"][0]["topologyKey"], "kubernetes.io/hostname");
    let container = &pod["containers"][0];
    assert_eq!(container["image"], "registry.example/webhook:1");
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
    for probe in ["livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["scheme"], "HTTPS");
    }
    assert_eq!(of_kind(&documents, "PodDisruptionBudget")["spec"]["minAvailable"], 1);
    let network = &of_kind(&documents, "NetworkPolicy")["spec"];
    assert_eq!(network["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(network["egress"], json!([]));
    let arguments = container["args"].as_array().expect("arguments");
    assert!(arguments.contains(&json!("--policy=admission")));
    assert!(!arguments.contains(&json!("--shadow")));
}

#[test]
fn deployment_for_clients_with_a_certificate() {
    let options = "--image w --priority-class system-cluster-critical --client-ca-secret callers \
        --client-name kube-apiserver";
    let arguments: Vec<&str> = ["deployment"].into_iter().chain(options.split(' ')).collect();
    let documents = documents(&arguments);
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["priorityClassName"], "system-cluster-critical");
    assert_eq!(pod["volumes"][1]["secret"]["secretName"], "callers");
    let arguments = pod["containers"][0]["args"].as_array().expect("arguments");
    assert!(arguments.contains(&json!("--client-ca=/clients/ca.crt")));
    assert!(arguments.contains(&json!("--client-name=kube-apiserver")));
    assert_eq!(pod["containers"][0]["volumeMounts"][1]["mountPath"], "/clients");
}

#[test]
fn namespace_can_be_excepted() {
    let selector = json!({"matchExpressions": [{"key": "volcano-job-update.github.io/webhook",
        "operator": "NotIn", "values": ["disabled"]}]});
    let configuration = documents(&["webhook-configuration", "--restore"]);
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        assert_eq!(of_kind(&configuration, kind)["webhooks"][0]["namespaceSelector"], selector);
    }
    let policy = documents(&["policy"]);
    let binding = of_kind(&policy, "ValidatingAdmissionPolicyBinding");
    assert_eq!(binding["spec"]["matchResources"]["namespaceSelector"], selector);
}

#[test]
fn deployment_with_a_policy_file_and_in_shadow() {
    let policy = UpdatePolicy::admission()
        .with_name("ours")
        .allow("spec.minAvailable".parse().expect("a field"));
    let file = policy_file(&policy);
    let all = [
        "deployment",
        "--image",
        "w",
        "--shadow",
        "--name",
        "hook",
        "--namespace",
        "jobs",
        "--policy",
        path(&file),
    ];
    let documents = documents(&all);
    let map = of_kind(&documents, "ConfigMap");
    let text = map["data"]["policy.json"].as_str().expect("a file");
    assert_eq!(serde_json::from_str::<UpdatePolicy>(text).expect("a policy"), policy);
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][1]["configMap"]["name"], map["metadata"]["name"]);
    assert_eq!(pod["containers"][0]["volumeMounts"][1]["mountPath"], "/etc/volcano-job-update");
    let arguments = pod["containers"][0]["args"].as_array().expect("arguments");
    assert!(arguments.contains(&json!("--policy=/etc/volcano-job-update/policy.json")));
    assert!(arguments.contains(&json!("--shadow")));
    assert_eq!(of_kind(&documents, "Service")["metadata"]["name"], "hook");

    let other = policy_file(&policy.allow("spec.queue".parse().expect("a field")));
    let other = self::documents(&["deployment", "--image", "w", "--policy", path(&other)]);
    let suffix = |map: &Value| {
        let name = map["metadata"]["name"].as_str().expect("a name");
        name.rsplit('-').next().expect("a suffix").to_owned()
    };
    assert_ne!(suffix(of_kind(&other, "ConfigMap")), suffix(map), "the pods are restarted");
}

#[test]
fn arguments_that_could_break_the_yaml_are_errors() {
    for arguments in [
        ["policy", "--name", "a\nkind: Secret"],
        ["policy", "--name", "-a"],
        ["policy", "--name", ""],
        ["deployment", "--image", "a\" b"],
        ["webhook-configuration", "--ca-bundle", "a: b"],
        ["webhook-configuration", "--url", "https://a"],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
    let url = ["webhook-configuration", "--ca-bundle", "YWJj", "--url", "http://a"];
    assert_eq!(run(&url).status.code(), Some(2), "TLS only");
}

/// What Volcano's chart renders, with the parts that the patch tests. Here the address is left out.
fn volcano_configuration(group: &str, resource: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "volcano-admission-service-jobs-validate"},
        "webhooks": [{
            "name": "validatejob.volcano.sh",
            "failurePolicy": "Fail",
            "rules": [{"apiGroups": [group], "apiVersions": ["v1alpha1"],
                "operations": ["CREATE", "UPDATE"], "resources": [resource], "scope": "*"}],
        }],
    })
}

/// The patched configuration; `None` if a test in the patch fails.
fn patched(patch: &Value, mut configuration: Value) -> Option<Value> {
    let patch: volcano_job_update::json_patch::Patch =
        serde_json::from_value(patch.clone()).expect("a JSON Patch");
    volcano_job_update::json_patch::patch(&mut configuration, &patch).ok().map(|()| configuration)
}

#[test]
fn patch_takes_only_updates_of_jobs_from_volcanos_webhook() {
    let patch = &documents(&["volcano-webhook-patch"])[0];
    let jobs = volcano_configuration("batch.volcano.sh", "jobs");
    let mut expected = jobs.clone();
    expected["webhooks"][0]["rules"][0]["operations"] = json!(["CREATE"]);
    assert_eq!(patched(patch, jobs), Some(expected.clone()));
    assert_eq!(patched(patch, expected.clone()), Some(expected), "it may be applied again");

    // Volcano's webhook for JobFlows has the same name.
    assert_eq!(patched(patch, volcano_configuration("flow.volcano.sh", "jobflows")), None);
    assert_eq!(patched(patch, volcano_configuration("batch.volcano.sh", "cronjobs")), None);
    let mut other = volcano_configuration("batch.volcano.sh", "jobs");
    other["webhooks"][0]["name"] = json!("validate.example.com");
    assert_eq!(patched(patch, other), None);
}

#[test]
fn kustomization_has_the_patch_for_kubectl() {
    let kustomization = &documents(&["volcano-webhook-patch", "--for", "kustomize"])[0];
    assert_eq!(kustomization["kind"], "Kustomization");
    let [patch] = kustomization["patches"].as_array().expect("patches").as_slice() else {
        panic!("one patch: {kustomization}");
    };
    let target = json!({"group": "admissionregistration.k8s.io", "version": "v1",
        "kind": "ValidatingWebhookConfiguration", "name": "volcano-admission-service-jobs-validate"});
    assert_eq!(patch["target"], target);
    let text = patch["patch"].as_str().expect("a string");
    let operations: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(operations, documents(&["volcano-webhook-patch"])[0]);
}
