//! The policy `volcano` and the verdict of Volcano's webhook. The expected answers follow from the code
//! of the webhook and from Go's types; see `src/volcano`.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use serde_json::{Value, json};
use volcano_job_update::{Job, UpdatePolicy, Validator};

const IMMUTABLE: &str = "job updates may not change fields other than `minAvailable`, \
     `tasks[*].replicas under spec` and `PriorityClassName`";

fn job(spec: &Value) -> Value {
    json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec})
}

/// The paths and messages of all violations.
fn denials(existing: &Value, replacement: &Value) -> Vec<(String, String)> {
    let validator = Validator::new(UpdatePolicy::volcano());
    let [existing, replacement] = [existing, replacement].map(|job| Job::from_value(job).unwrap());
    let review = validator.review(&existing, &replacement).unwrap();
    assert_eq!(validator.is_update_allowed(&existing, &replacement), review.is_allowed());
    let violations = review.violations().into_iter().flatten();
    violations.map(|one| (one.path().to_string(), one.message().to_owned())).collect()
}

/// Whether the webhook takes two specs for the same, and the paths that differ.
fn differing(a: &Value, b: &Value) -> Vec<String> {
    let one_way = denials(&job(a), &job(b));
    let other_way = denials(&job(b), &job(a));
    assert_eq!(one_way, other_way);
    assert!(one_way.iter().all(|(_, message)| message == IMMUTABLE), "{one_way:?}");
    one_way.into_iter().map(|(path, _)| path).collect()
}

fn task(fields: &Value) -> Value {
    json!({"tasks": [fields]})
}

fn container(fields: &Value) -> Value {
    task(&json!({"template": {"spec": {"containers": [fields]}}}))
}

#[test]
fn values_are_the_same_if_go_holds_the_same() {
    for (a, b) in [
        // Absent, null, empty and zero are one for values, lists and maps.
        (
            json!({}),
            json!({"queue": "", "maxRetry": 0, "volumes": [], "plugins": {}, "policies": null}),
        ),
        (task(&json!({})), task(&json!({"template": {}, "name": "", "policies": []}))),
        (task(&json!({})), task(&json!({"template": {"spec": {"containers": null}}}))),
        (json!({"tasks": [null]}), task(&json!({}))),
        (json!({"plugins": {"ssh": []}}), json!({"plugins": {"ssh": null}})),
        // Unknown fields vanish, and so do those in the wrong case.
        (json!({}), json!({"unknown": 1, "Queue": "q"})),
        // What the webhook lets change.
        (json!({"minAvailable": 0}), json!({"priorityClassName": "high"})),
        (container(&json!({})), container(&json!({"resources": {"limits": {}}}))),
        (
            container(&json!({"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}})),
            container(&json!({"resources": {"limits": {"memory": "1024Mi", "cpu": 1}}})),
        ),
        (
            container(&json!({"resources": {"limits": {"cpu": null}}})),
            container(&json!({"resources": {"limits": {"cpu": "0"}}})),
        ),
        (json!({"runningEstimate": "60m"}), json!({"runningEstimate": "1h"})),
        (
            task(&json!({"template": {"metadata": {"creationTimestamp": "2026-01-02T03:04:05Z"}}})),
            task(
                &json!({"template": {"metadata": {"creationTimestamp": "2026-01-02T04:04:05+01:00"}}}),
            ),
        ),
        (
            json!({"volumes": [{"mountPath": "/a", "volumeClaim": {}}]}),
            json!({"volumes": [{"mountPath": "/a", "volumeClaim": {}, "volumeClaimName": "x"}]}),
        ),
    ] {
        assert_eq!(differing(&a, &b), [""; 0], "{a} {b}");
    }
}

#[test]
fn values_differ_if_go_holds_others() {
    let template = "spec.tasks[0].template.spec";
    for (a, b, path) in [
        (json!({}), json!({"queue": "default"}), "spec.queue".to_owned()),
        (json!({}), json!({"ttlSecondsAfterFinished": 0}), "spec.ttlSecondsAfterFinished".into()),
        (json!({}), json!({"networkTopology": {}}), "spec.networkTopology".into()),
        (json!({"plugins": {}}), json!({"plugins": {"ssh": []}}), "spec.plugins.ssh".into()),
        (task(&json!({})), task(&json!({"dependsOn": {}})), "spec.tasks[0].dependsOn".into()),
        (
            task(&json!({})),
            task(&json!({"template": {"spec": {"dnsPolicy": "ClusterFirst"}}})),
            format!("{template}.dnsPolicy"),
        ),
        (
            container(&json!({"ports": [{"containerPort": 1}]})),
            container(&json!({"ports": [{"containerPort": 1, "protocol": "TCP"}]})),
            format!("{template}.containers[0].ports[0].protocol"),
        ),
        (
            container(&json!({"env": [{"name": "a"}, {"name": "b"}]})),
            container(&json!({"env": [{"name": "b"}]})),
            format!("{template}.containers[0].env"),
        ),
        (
            container(&json!({"resources": {"limits": {}}})),
            container(&json!({"resources": {"limits": {"cpu": "0"}}})),
            format!("{template}.containers[0].resources.limits.cpu"),
        ),
        (
            container(&json!({"livenessProbe": {"httpGet": {"port": 80}}})),
            container(&json!({"livenessProbe": {"httpGet": {"port": "80"}}})),
            format!("{template}.containers[0].livenessProbe.httpGet.port"),
        ),
        (
            task(&json!({"template": {"metadata": {"creationTimestamp": "2026-01-02T03:04:05Z"}}})),
            task(
                &json!({"template": {"metadata": {"creationTimestamp": "2026-01-02T03:04:05.5Z"}}}),
            ),
            "spec.tasks[0].template.metadata.creationTimestamp".into(),
        ),
        (
            json!({"volumes": [{"mountPath": "/a"}]}),
            json!({"volumes": [{"mountPath": "/a", "volumeClaimName": "x"}]}),
            "spec.volumes[0].volumeClaimName".into(),
        ),
    ] {
        assert_eq!(differing(&a, &b), [path], "{a} {b}");
    }
}

#[test]
fn the_whole_replacement_is_checked() {
    let tasks = |tasks: Value| json!({"tasks": tasks});
    let most = i32::MAX;
    let partition = |replicas: i32, more: Value| {
        let mut policy = json!({"totalPartitions": 2, "partitionSize": 3});
        policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        tasks(
            json!([{"name": "t", "replicas": replicas, "minAvailable": 3, "partitionPolicy": policy}]),
        )
    };
    for (spec, path, message) in [
        (
            tasks(json!([{"name": "t", "replicas": -1}])),
            "spec.tasks[0].replicas",
            "'replicas' must be >= 0 in task: t",
        ),
        (
            tasks(json!([{"name": "t", "minAvailable": -1}])),
            "spec.tasks[0].minAvailable",
            "'minAvailable' must be >= 0 in task: t",
        ),
        (
            tasks(json!([{"name": "t", "minAvailable": 1}])),
            "spec.tasks[0].replicas",
            "'minAvailable' must be <= 'replicas' in task: t",
        ),
        (
            json!({"minAvailable": 1}),
            "spec.minAvailable",
            "job 'minAvailable' must not be greater than total replicas",
        ),
        (json!({"minAvailable": -1}), "spec.minAvailable", "job 'minAvailable' must be >= 0"),
        // Two tasks of this size are -2 in all.
        (
            tasks(json!([{"replicas": most}, {"replicas": most}])),
            "spec.minAvailable",
            "job 'minAvailable' must not be greater than total replicas",
        ),
        (
            partition(5, json!({})),
            "spec.tasks[0].partitionPolicy",
            "'Replicas' are not equal to TotalPartitions*PartitionSize in task: t, job: j",
        ),
        (
            partition(6, json!({"minPartitions": 2})),
            "spec.tasks[0].partitionPolicy",
            "'MinAvailable' is not equal to MinPartitions*PartitionSize in task: t, job: j",
        ),
        (
            json!({"networkTopology": {"highestTierAllowed": 0, "highestTierName": "a"}}),
            "spec.networkTopology",
            "must not specify 'highestTierAllowed' and 'highestTierName' in networkTopology simultaneously",
        ),
        (
            json!({"queue": 1}),
            "spec.queue",
            "json: cannot unmarshal number into Go struct field JobSpec.spec.queue of type string",
        ),
        (
            json!({"maxRetry": 1.0}),
            "spec.maxRetry",
            "json: cannot unmarshal number 1.0 into Go struct field JobSpec.spec.maxRetry of type int32",
        ),
    ] {
        // Not even an update that changes nothing is allowed.
        let expected = (path.to_owned(), message.to_owned());
        let denials = denials(&job(&spec), &job(&spec));
        assert!(denials.contains(&expected), "{spec}: {denials:?}");
    }
    let three = tasks(json!([{"replicas": most}, {"replicas": most}, {"replicas": most}]));
    assert_eq!(denials(&job(&three), &job(&three)), []);
    assert_eq!(
        denials(&job(&partition(6, json!({}))), &job(&partition(6, json!({"minPartitions": 0})))),
        []
    );
}

/// The sentence for people has no value of a Job, although the webhook's own words have.
#[test]
fn a_warning_has_no_value() {
    let existing = job(&task(&json!({"name": "MARKER"})));
    for (fields, warning) in [
        (json!({"replicas": -1}), "'replicas' must be >= 0; the field is spec.tasks[0].replicas"),
        (
            json!({"replicas": 1.5}),
            "json: cannot unmarshal number into Go struct field TaskSpec.spec.tasks.replicas of type int32; the \
             field is spec.tasks[0].replicas",
        ),
    ] {
        let mut fields = fields;
        fields["name"] = json!("MARKER");
        let replacement = job(&task(&fields));
        let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
        let denial = Validator::default().volcano_denial(&old, &new).unwrap().unwrap();
        assert!(denial.message().contains("MARKER") || denial.message().contains("1.5"));
        assert!(denial.to_string().ends_with(warning), "{denial}");
    }
}

#[test]
fn only_the_spec_is_compared() {
    let existing = job(&json!({"queue": "q"}));
    let other = json!({"apiVersion": "", "metadata": {"name": "other", "labels": {"": "not valid !"}},
        "status": {"running": 3}, "spec": {"queue": "q"}, "more": 1});
    assert_eq!(denials(&existing, &other), []);
    let added = job(&json!({"queue": "q", "tasks": [{}]}));
    let message = "job updates may not add or remove tasks";
    assert_eq!(denials(&existing, &added), [("spec.tasks".to_owned(), message.to_owned())]);
    assert_eq!(denials(&added, &existing), [("spec.tasks".to_owned(), message.to_owned())]);
}

/// The webhook gets what the API server stores, so the defaults of the schema are no difference.
#[test]
fn the_webhook_gets_the_defaults_of_the_schema() {
    let [existing, replacement] =
        [json!({"queue": "default", "maxRetry": 3}), json!({})].map(|spec| job(&spec));
    let [old, new] = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    assert_eq!(Validator::default().volcano_denial(&old, &new).unwrap(), None);
    assert_eq!(denials(&existing, &replacement).len(), 2);
    let other = job(&json!({"queue": "other"}));
    let other = Job::from_value(&other).unwrap();
    let denial = Validator::default().volcano_denial(&old, &other).unwrap().unwrap();
    assert_eq!(
        denial.to_string(),
        format!(
            "Volcano's webhook (validatejob.volcano.sh) will deny this: {IMMUTABLE}; the field is spec.queue"
        )
    );
}
