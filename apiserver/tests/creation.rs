//! What Volcano's webhooks do when a Job is created, compared with recorded answers of their code.
//!
//! `creations.jsonl` has the answers of `mutate.Jobs` and `validate.AdmitJobs` of Volcano at ed72c7c to
//! a CREATE of each of many invalid Jobs, with a queue that exists and is open. They were recorded
//! by a program in a checkout of Volcano, because its module cannot be built from the Go proxy. Answers
//! that are not the same each time, because Go takes the entries of a map in a random order, are left
//! out.

#![expect(clippy::unwrap_used, reason = "unexpected data is a broken test")]

#[path = "../../tests/util/data.rs"]
#[expect(dead_code, reason = "no recordings are read")]
mod data;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_apiserver::{CreationDenial, volcano_creation_denial, volcano_defaults};
use volcano_job_update::status::Status;

use data::{lines, report};

#[derive(Deserialize)]
struct Recorded {
    job: Value,
    /// The message of the validating webhook, if it denies the Job as it is.
    denied: Option<String>,
    /// The Job after the patch of the mutating webhook.
    mutated: Option<Value>,
    /// The message of the mutating webhook, if it denies the Job.
    undecodable: Option<String>,
}

fn message(job: &Value) -> Option<String> {
    volcano_creation_denial(job).map(|denial| denial.message().to_owned())
}

#[test]
fn recorded_denials_are_the_same() {
    let all: Vec<Recorded> = include_str!("creations.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (mut allowed, mut mutated) = (0, 0);
    for Recorded { job, denied, mutated: filled_in, undecodable } in &all {
        assert_eq!(message(job), *denied, "{job}");
        allowed += usize::from(denied.is_none());
        if let Some(filled_in) = filled_in {
            assert_eq!(volcano_defaults(job).unwrap(), *filled_in, "{job}");
            mutated += 1;
        }
        if let Some(undecodable) = undecodable {
            let status = volcano_defaults(job).unwrap_err();
            let message = status.message.strip_prefix(DENIED_BY_MUTATING).unwrap();
            assert_eq!((message, status.code), (&**undecodable, 400), "{job}");
        }
    }
    report(all.len() - allowed, "denials with those of Volcano's webhook");
    report(allowed, "Jobs that Volcano's webhook allows");
    report(mutated, "Jobs with the defaults of Volcano's webhook");
}

const DENIED_BY_MUTATING: &str = "admission webhook \"mutatejob.volcano.sh\" denied the request: ";

/// The Jobs of the corpus by name: as they are published (`.raw`), and after the mutating webhook.
fn corpus() -> BTreeMap<String, Value> {
    #[derive(Deserialize)]
    struct Line {
        name: String,
        job: Value,
    }
    lines("corpus/jobs.jsonl").into_iter().map(|Line { name, job }| (name, job)).collect()
}

#[test]
fn defaults_are_those_of_the_corpus() {
    let corpus = corpus();
    let mut pairs = 0;
    for (name, raw) in &corpus {
        let Some(name) = name.strip_suffix(".raw") else { continue };
        match corpus.get(&format!("{name}.mutated")) {
            Some(mutated) => {
                assert_eq!(volcano_defaults(raw).unwrap(), *mutated, "{name}");
                pairs += 1;
            }
            // The webhook cannot decode these two.
            None => assert!(volcano_defaults(raw).is_err(), "{name}"),
        }
    }
    report(pairs, "Jobs of the corpus with their defaults");
}

/// The Jobs of the corpus that Volcano's webhook denies, with the place in its source.
const DENIED: [(&str, &str); 8] = [
    // ValidatePodSpec: validateContainers needs at least one.
    (
        "docs-design-network-topology-aware-scheduling-2",
        "spec.task[0].template.spec.containers: Required value. \
         spec.task[1].template.spec.containers: Required value.",
    ),
    // util.go, validateIO
    (
        "docs-user-guide-how-to-use-cdp-plugin-1",
        "either VolumeClaim or VolumeClaimName must be specified;",
    ),
    (
        "docs-user-guide-how-to-use-cdp-plugin-3",
        "either VolumeClaim or VolumeClaimName must be specified;",
    ),
    // admit_job.go, validateK8sPodNameLength and validateJobName: it has a generateName, which the API
    // server has replaced by a name when the webhook is called.
    (
        "docs-user-guide-how-to-use-job-ttl-1",
        "create pod with name -sleeper-0 validate failed [name part must consist of alphanumeric \
         characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
         'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')];create job with name  validate failed [name part \
         must be non-empty name part must consist of alphanumeric characters, '-', '_' or '.', and must \
         start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
         regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')]",
    ),
    // validateResourceRequirements: a request for a GPU without a limit.
    (
        "docs-user-guide-how-to-use-resource-strategy-fit-plugin-2",
        "spec.task[0].template.spec.containers[0].resources.limits: Required value: Limit must be set \
         for non overcommitable resources.",
    ),
    // util.go, validatePolicies
    (
        "example-invalid-jobs-duplicatedpolicyevent-webhook-deny-1",
        "1 error occurred:\n\t* duplicate event PodFailed  across different policy\n\n valid events are \
         [* PodFailed PodEvicted PodPending Unknown TaskCompleted TaskFailed JobUpdated], valid actions \
         are [AbortJob RestartJob RestartTask RestartPod RestartPartition TerminateJob CompleteJob \
         ResumeJob];",
    ),
    // admit_job.go, validateJobCreate
    ("example-invalid-jobs-duplicatedtaskname-webhook-deny-1", "duplicated task name task-1;"),
    (
        "example-invalid-jobs-minavailable-webhook-deny-1",
        "job 'minAvailable' should not be greater than total replicas in tasks;",
    ),
];

#[test]
fn jobs_of_the_corpus_are_denied_for_known_reasons() {
    let denied = BTreeMap::from(DENIED);
    let mut names = BTreeSet::new();
    for (name, job) in &corpus() {
        let Some(name) = name.strip_suffix(".mutated") else { continue };
        assert_eq!(message(job).as_deref(), denied.get(name).copied(), "{name}");
        names.insert(name.to_owned());
    }
    report(names.len(), "Jobs of the corpus with the verdict of Volcano's webhook");
    assert!(DENIED.iter().all(|(name, _)| names.contains(*name)));
}

fn job() -> Value {
    let template = json!({"spec": {"containers": [{"name": "main", "image": "busybox"}]}});
    let task = |name| json!({"name": name, "replicas": 2, "template": template});
    json!({
        "metadata": {"name": "hello", "namespace": "default"},
        "spec": {"minAvailable": 1, "tasks": [task("a"), task("b")]},
    })
}

#[track_caller]
fn assert_denied(pointer: &str, value: &Value, expected: Option<&str>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut job = job();
    job.pointer_mut(parent).unwrap()[key] = value.clone();
    assert_eq!(message(&job).as_deref(), expected, "{pointer}: {value}");
}

/// The checks of `validateJobCreate` in `admit_job.go`, in its order.
#[test]
fn each_check_of_the_job_has_its_message() {
    assert_denied("/spec/bogus", &json!(1), None);
    // `if len(job.Spec.Tasks) == 0`
    assert_denied("/spec/tasks", &json!([]), Some("No task specified in job spec"));
    // `if masterIndex == -1`
    let missing = "The specified mpi master task was not found";
    assert_denied("/spec/plugins", &json!({"mpi": ["--worker=b"]}), Some(missing));
    assert_denied("/spec/plugins", &json!({"mpi": ["--master=b"]}), None);
    // `validateNetworkTopology(job.Spec.NetworkTopology)`
    let both = "must not specify 'highestTierAllowed' and 'highestTierName' in networkTopology \
                simultaneously";
    let topology = json!({"highestTierAllowed": 1, "highestTierName": "rack"});
    assert_denied("/spec/networkTopology", &topology, Some(both));
    // `if *task.MinAvailable > task.Replicas`
    let above = "'minAvailable' is greater than 'replicas' in task: a, job: hello;";
    assert_denied("/spec/tasks/0/minAvailable", &json!(3), Some(above));
    assert_denied("/spec/tasks/0/minAvailable", &json!(2), None);
    // `if _, found := taskNames[task.Name]; found`
    assert_denied("/spec/tasks/1/name", &json!("a"), Some("duplicated task name a;"));
    // `validateTaskTopoPolicy`
    let cpus = "the cpu request isn't an integer in spec.task[0] container[0].";
    assert_denied("/spec/tasks/0/topologyPolicy", &json!("restricted"), Some(cpus));
    assert_denied("/spec/tasks/0/topologyPolicy", &json!("none"), None);
    // `validatePartitionPolicy`
    let policy = json!({"totalPartitions": 3, "partitionSize": 1, "networkTopology": topology});
    let partition = format!(
        "'Replicas' are not equal to TotalPartitions*PartitionSize in task: a, job: hello{both}"
    );
    assert_denied("/spec/tasks/0/partitionPolicy", &policy, Some(&partition));
    // `if totalReplicas < job.Spec.MinAvailable`: the sum is an int32.
    let total = "job 'minAvailable' should not be greater than total replicas in tasks;";
    assert_denied("/spec/minAvailable", &json!(5), Some(total));
    assert_denied("/spec/minAvailable", &json!(4), None);
    assert_denied("/spec/tasks/0/replicas", &json!(i32::MAX), Some(total));
    // `plugins.GetPluginBuilder(name)`
    let unknown = "unable to find job plugin: bar; unable to find job plugin: foo;";
    assert_denied("/spec/plugins", &json!({"foo": [], "svc": [], "bar": []}), Some(unknown));
    // `if !isDag`
    let circle =
        "job has dependencies between tasks, but doesn't form a directed acyclic graph(DAG);";
    for (names, expected) in
        [(json!(["b"]), None), (json!(["a"]), Some(circle)), (json!(["b", "b"]), Some(circle))]
    {
        assert_denied("/spec/tasks/0/dependsOn", &json!({"name": names}), expected);
    }
}

/// The checks of `validateIO` in util.go.
#[test]
fn each_check_of_volumes_has_its_message() {
    let claim = json!({"mountPath": "/a", "volumeClaim": {}});
    let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let conflict = "conflict: If you want to use an existing PVC, just specify VolumeClaimName.If you \
         want to create a new PVC, you do not need to specify VolumeClaimName";
    for (volumes, expected) in [
        (json!([claim]), None),
        (json!([{}]), Some("mountPath is required;")),
        (json!([claim, claim]), Some("duplicated mountPath: /a;")),
        (
            json!([{"mountPath": "/a"}]),
            Some("either VolumeClaim or VolumeClaimName must be specified;"),
        ),
        (json!([{"mountPath": "/a", "volumeClaim": {}, "volumeClaimName": "c"}]), Some(conflict)),
        (
            json!([{"mountPath": "/a", "volumeClaimName": "C"}]),
            Some(&*format!("invalid VolumeClaimName C : [{rule}]")),
        ),
    ] {
        assert_denied("/spec/volumes", &volumes, expected);
    }
}

/// The checks of `validatePolicies` in util.go.
#[test]
fn each_check_of_policies_has_its_message() {
    let event = |event: &str| json!({"event": event, "action": "RestartJob"});
    let exit = |code: i32| json!({"exitCode": code});
    for (policies, errors) in [
        (json!([event("*")]), &[][..]),
        (
            json!([{"event": "*", "exitCode": 1}]),
            &["must not specify event and exitCode simultaneously"],
        ),
        (json!([{"action": "AbortJob"}]), &["either event and exitCode should be specified"]),
        (
            json!([event("OutOfSync")]),
            &["spec.policies: Invalid value: \"OutOfSync\": invalid policy event"],
        ),
        (
            json!([{"events": ["PodFailed"], "action": "SyncJob"}]),
            &["spec.policies: Invalid value: \"SyncJob\": invalid policy action"],
        ),
        (
            json!([event("*"), {"events": ["PodFailed", "*"], "action": "AbortJob"}]),
            &[
                "duplicate event *  across different policy",
                "if there's * here, no other policy should be here",
            ],
        ),
        (json!([exit(0)]), &["0 is not a valid error code"]),
        (json!([exit(1), exit(2), exit(1)]), &["duplicate exitCode 1"]),
    ] {
        let mut job = job();
        job["spec"]["policies"] = policies.clone();
        let message = message(&job).unwrap_or_default();
        let count = if errors.len() == 1 { "1 error" } else { "2 errors" };
        let points: Vec<String> = errors.iter().map(|error| format!("\n\t* {error}")).collect();
        let expected = match errors {
            [] => String::new(),
            _ => format!("{count} occurred:{}\n\n valid events are [* ", points.concat()),
        };
        assert!(message.starts_with(&expected), "{policies}: {message}");
        assert_eq!(message.is_empty(), errors.is_empty(), "{policies}: {message}");
    }
}

#[test]
fn a_denial_is_the_answer_of_an_api_server() {
    let mut job = job();
    job["spec"]["tasks"] = json!([]);
    let denial: CreationDenial = volcano_creation_denial(&job).unwrap();
    assert_eq!(denial.webhook(), "validatejob.volcano.sh");
    let status = Status::from(denial);
    // webhook/errors/statuserror.go, ToStatusErr
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "admission webhook \"validatejob.volcano.sh\" denied the request: \
                    No task specified in job spec",
        "code": 400,
    });
    assert_eq!(serde_json::to_value(status).unwrap(), expected);
}

/// evanphx/json-patch cannot add `/spec/queue` to a Job without a `spec`.
#[test]
fn a_job_without_a_spec_cannot_be_patched() {
    for job in [json!({}), json!({"spec": null})] {
        let status = volcano_defaults(&job).unwrap_err();
        assert_eq!(status.code, 500);
        assert_eq!(
            status.message,
            "Internal error occurred: add operation does not apply: doc is missing path: \
             \"/spec/queue\": missing value"
        );
    }
}

/// A patch of the tasks has them as Go writes them; without one, they keep their text.
#[test]
fn complete_tasks_keep_their_text() {
    let mut job = job();
    let task = &mut job["spec"]["tasks"][0];
    task["maxRetry"] = 3.into();
    task["minAvailable"] = 1.into();
    task["unknown"] = json!("kept");
    task["template"]["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": 1}});
    job["spec"]["tasks"] = json!([task.clone()]);
    let filled_in = volcano_defaults(&job).unwrap();
    assert_eq!(filled_in["spec"]["tasks"], job["spec"]["tasks"]);

    job["spec"]["tasks"][0]["maxRetry"] = 0.into();
    let filled_in = volcano_defaults(&job).unwrap();
    let task = &filled_in["spec"]["tasks"][0];
    assert_eq!(task["maxRetry"], 3);
    assert_eq!(task["unknown"], Value::Null);
    let limits = &task["template"]["spec"]["containers"][0]["resources"]["limits"];
    assert_eq!(*limits, json!({"cpu": "1"}));
}
