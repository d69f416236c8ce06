//! The command `generate argocd`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::util::{file, job, path, root, run, stderr, stdout};

fn text(arguments: &[&str]) -> String {
    let output = run(&[&["generate", "argocd"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn document(arguments: &[&str]) -> Value {
    serde_saphyr::from_str(&text(arguments)).expect("one document")
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).expect("a list of strings")
}

/// The expressions of the `Application`, which ignores nothing else.
fn expressions(arguments: &[&str]) -> Vec<String> {
    let application = document(arguments);
    let expressions = application.pointer("/spec/ignoreDifferences/0/jqPathExpressions");
    let expressions = expressions.expect("expressions");
    let expected = json!({"ignoreDifferences": [
        {"group": "batch.volcano.sh", "kind": "Job", "jqPathExpressions": expressions},
    ]});
    assert_eq!(application.get("spec"), Some(&expected));
    strings(expressions)
}

/// A setting for Jobs in the `ConfigMap`.
fn setting(name: &str, arguments: &[&str]) -> Value {
    let config_map = document(&[&["--for", "argocd-cm"], arguments].concat());
    let key = format!("resource.customizations.{name}.batch.volcano.sh_Job");
    let setting = config_map.get("data").and_then(|data| data.get(key)?.as_str());
    serde_json::from_str(setting.expect("a string")).expect("JSON")
}

fn read(name: &str) -> Value {
    let text =
        std::fs::read_to_string(root().join("schemas").join(name)).expect("the schema is there");
    serde_json::from_str(&text).expect("JSON")
}

/// The defaults below a place in an OpenAPI schema: the jq path of the object, the field and its default.
fn defaults(schema: &Value, place: &str, found: &mut Vec<(String, String, Value)>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(default) = field.get("default") {
            found.push((place.into(), name.clone(), default.clone()));
        }
        defaults(field, &format!("{place}.{name}"), found);
    }
    for elements in ["items", "additionalProperties"] {
        if schema[elements].is_object() {
            defaults(&schema[elements], &format!("{place}[]?"), found);
        }
    }
}

/// What Volcano fills in, in the order in which Argo CD deletes it, without the defaults of the schema. jq and
/// gojq delete with these exactly what Volcano's webhook filled in, in the Jobs of Volcano's repository. The
/// first is computed from the tasks, and so before them.
const OF_VOLCANO: [&str; 13] = [
    ".spec | select(.minAvailable == ([.tasks[]? | .minAvailable // (if (.partitionPolicy.minPartitions // 0) > 0 then .partitionPolicy.minPartitions * (.partitionPolicy.partitionSize // 0) else .replicas // 0 end)] | add // 0)) | .minAvailable",
    r#".spec | select(.schedulerName == "volcano") | .schedulerName"#,
    ".spec.plugins | select(.svc == [] and (.tensorflow or .pytorch or .ray or .mpi)) | .svc",
    ".spec.plugins | select(.ssh == [] and .mpi) | .ssh",
    r#".metadata.name as $job | .spec.volumes[]? | select(.volumeClaim and (.volumeClaimName // "" | startswith("\($job)-pvc-"))) | .volumeClaimName"#,
    r#".spec.tasks | range(length) as $i | .[$i] | select(.name == "default\($i)") | .name"#,
    ".spec.tasks[]? | select(.minAvailable == (if (.partitionPolicy.minPartitions // 0) > 0 then .partitionPolicy.minPartitions * (.partitionPolicy.partitionSize // 0) else .replicas // 0 end)) | .minAvailable",
    ".spec.tasks[]? | select(.maxRetry == 3) | .maxRetry",
    r#".spec.tasks[]?.template.spec | select(.hostNetwork and .dnsPolicy == "ClusterFirstWithHostNet") | .dnsPolicy"#,
    ".spec.tasks[]?.template | select(.metadata == {}) | .metadata",
    ".spec.tasks[]?.template.spec.containers[]? | select(.resources == {}) | .resources",
    ".spec.tasks[]?.template.spec.initContainers[]? | select(.resources == {}) | .resources",
    ".spec.tasks[]?.template.spec.ephemeralContainers[]? | select(.resources == {}) | .resources",
];

#[test]
fn expressions_select_a_field_only_with_the_value_of_creation() {
    let mut found = Vec::new();
    defaults(&read("job.openapi.json")["properties"]["spec"], ".spec", &mut found);
    assert!(found.iter().any(|(place, ..)| place.ends_with("containers[]?.ports[]?")), "{found:?}");
    let of_schema: BTreeSet<String> = found
        .iter()
        .map(|(place, name, default)| format!("{place} | select(.{name} == {default}) | .{name}"))
        .collect();
    let expressions = expressions(&[]);
    let (of_volcano, others) = expressions.split_at(OF_VOLCANO.len());
    assert_eq!(of_volcano, OF_VOLCANO);
    assert_eq!(others.len(), of_schema.len(), "each once");
    assert_eq!(others.iter().cloned().collect::<BTreeSet<String>>(), of_schema);
}

#[test]
fn every_field_that_restore_knows_has_an_expression() {
    // Every field that creation fills in, as Volcano stores it.
    let existing = job("created.json");
    let text = std::fs::read_to_string(&existing).expect("the example is there");
    let mut manifest: Value = serde_json::from_str(&text).expect("the example is JSON");
    let spec = manifest["spec"].as_object_mut().expect("an object");
    spec.retain(|field, _| matches!(&**field, "plugins" | "tasks"));
    spec["plugins"].as_object_mut().expect("an object").retain(|plugin, _| plugin == "mpi");
    let tasks = spec["tasks"].as_array_mut().expect("a list");
    for task in tasks.iter_mut().map(|task| task.as_object_mut().expect("an object")) {
        task.retain(|field, _| !matches!(&**field, "minAvailable" | "maxRetry"));
    }
    tasks[0].as_object_mut().expect("an object").remove("name");
    let manifest = file(".json", &manifest.to_string());
    let output = run(&["restore", "--output", "json-patch", &existing, path(&manifest)]);
    let patch: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let restored: Vec<&str> = patch
        .as_array()
        .expect("a list")
        .iter()
        .map(|operation| operation["path"].as_str().expect("a path"))
        .collect();
    // schedulerName, minAvailable, two plugins, a name, and two fields of each of two tasks. The schema has
    // the defaults of queue and maxRetry, so an API server fills them in at an update as well.
    assert_eq!(restored.len(), 2 + 2 + 1 + 2 * 2, "{restored:?}");

    let expressions = expressions(&[]);
    for restored in restored {
        let (parent, field) = restored.rsplit_once('/').expect("a pointer");
        let places: &[&str] = match parent {
            "/spec" => &[".spec"],
            "/spec/plugins" => &[".spec.plugins"],
            _ => &[".spec.tasks", ".spec.tasks[]?"],
        };
        let ends = format!(" | .{field}");
        let of_field = |text: &&String| {
            text.ends_with(&ends)
                && places.iter().any(|place| text.split(" | ").next() == Some(place))
        };
        assert_eq!(expressions.iter().filter(of_field).count(), 1, "{restored}");
    }
}

#[test]
fn defaults_are_those_of_the_crd() {
    let crd = file(".json", &json!({"properties": {"spec": {"properties": {
        "maxRetry": {"type": "integer", "default": 5},
        "queue": {"type": "string"},
        "tasks": {"type": "array", "items": {"properties": {
            "maxRetry": {"type": "integer", "default": 7},
            "limits-of": {"type": "object", "additionalProperties": {"properties": {
                "a b": {"type": "string", "default": "\"x\""},
            }}},
        }}},
        "volumes": {"type": "array", "items": {"properties": {"volumeClaim": {"type": "object"}}}},
    }}}})
    .to_string());
    let arguments = ["--crd", path(&crd)];
    let expressions = expressions(&arguments);
    for expected in [
        ".spec | select(.maxRetry == 5) | .maxRetry",
        r#".spec | select(.queue == "default") | .queue"#,
        ".spec.tasks[]? | select(.maxRetry == 7) | .maxRetry",
        r#".spec.tasks[]?."limits-of"[]? | select(."a b" == "\"x\"") | ."a b""#,
    ] {
        assert!(expressions.iter().any(|expression| expression == expected), "{expressions:#?}");
    }
    let retries = expressions.iter().filter(|expression| expression.ends_with(".maxRetry"));
    assert_eq!(
        retries.count(),
        2,
        "creation fills in a default of the schema, and not Volcano's 3"
    );
    let known =
        json!([{"field": "spec.volumes.volumeClaim", "type": "core/v1/PersistentVolumeClaimSpec"}]);
    assert_eq!(setting("knownTypeFields", &arguments), known, "only fields of the schema");
}

#[test]
fn config_map_has_the_same_expressions_and_the_types_of_what_volcano_spells_anew() {
    assert_eq!(document(&[])["metadata"]["name"], "volcano-jobs");
    assert_eq!(document(&["--name", "ours"])["metadata"]["name"], "ours");
    assert_eq!(document(&["--for", "argocd-cm"])["metadata"]["name"], "argocd-cm");
    let settings = setting("ignoreDifferences", &[]);
    assert_eq!(strings(&settings["jqPathExpressions"]), expressions(&[]));

    let known = setting("knownTypeFields", &[]);
    let fields = |of: &str| -> BTreeSet<String> {
        let fields = known.as_array().expect("a list").iter().filter(|known| known["type"] == of);
        fields.map(|known| known["field"].as_str().expect("a field").to_owned()).collect()
    };
    assert_eq!(fields("core/v1/PodTemplateSpec"), BTreeSet::from(["spec.tasks.template".into()]));
    let durations: BTreeSet<String> = strings(&read("overlay.json")["durations"])
        .into_iter()
        .filter(|field| field.starts_with("spec."))
        .map(|field| field.replace("[*]", ""))
        .collect();
    assert_eq!(fields("meta/v1/Duration"), durations, "Argo CD does not compare the status");
}

#[test]
fn comment_says_what_is_not_covered() {
    for target in ["application", "argocd-cm"] {
        let text = text(&["--for", target]);
        for topic in ["--restore", "RespectIgnoreDifferences=true", "in another order"] {
            assert!(text.contains(topic), "{target}: {topic}");
        }
    }
    let hint = "see --for argocd-cm";
    assert!(text(&[]).contains(hint) && !text(&["--for", "argocd-cm"]).contains(hint));
}
