//! Plausible Jobs.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::place::{get, list, number, put, total_replicas};

/// The fields of an object: each with its name, and what it holds if it is there.
type Fields = Vec<(&'static str, BoxedStrategy<Option<Value>>)>;

pub(super) fn job() -> BoxedStrategy<Value> {
    let fields = vec![
        always("apiVersion", Just("batch.volcano.sh/v1alpha1")),
        always("kind", Just("Job")),
        always("metadata", metadata()),
        always("spec", spec()),
        perhaps("status", Just(json!({"state": {"phase": "Running"}, "running": 1}))),
    ];
    object(fields)
}

/// The template of the pods of a task.
pub(super) fn template() -> BoxedStrategy<Value> {
    let metadata = object(vec![perhaps("labels", labels()), perhaps("annotations", annotations())]);
    object(vec![perhaps("metadata", metadata), always("spec", pod())])
}

/// A task that goes by its position.
pub(super) fn task() -> BoxedStrategy<Value> {
    let fields = vec![
        perhaps("dependsOn", Just(json!({"iteration": "any"}))),
        perhaps("maxRetry", 1..9),
        perhaps("partitionPolicy", partition_policy()),
        perhaps("policies", policies()),
        always("replicas", 0..6),
        always("template", template()),
        perhaps("topologyPolicy", select(vec!["none", "best-effort", "single-numa-node"])),
    ];
    (object(fields), option::of(any::<u8>()))
        .prop_map(|(mut task, least)| {
            if get(&task, "partitionPolicy").is_some() {
                let partitions = number(&task, "partitionPolicy.totalPartitions");
                let size = number(&task, "partitionPolicy.partitionSize");
                put(&mut task, "replicas", Some(partitions.saturating_mul(size).into()));
            }
            let replicas = number(&task, "replicas");
            put(&mut task, "minAvailable", least.map(|share| up_to(replicas, share)));
            task
        })
        .boxed()
}

fn metadata() -> BoxedStrategy<Value> {
    let owner = |uid| json!({"apiVersion": "v1", "kind": "Queue", "name": "q", "uid": uid});
    let owners = list_of(["5", "6"].map(|uid| Just(owner(uid)).boxed()));
    object(vec![
        perhaps("annotations", annotations()),
        perhaps("creationTimestamp", Just("2024-05-01T10:00:00Z")),
        perhaps("finalizers", names("example.com/")),
        perhaps("generateName", Just("train-")),
        perhaps("generation", 1..9),
        perhaps("labels", labels()),
        always("name", "[a-z]{1,8}"),
        perhaps("namespace", select(vec!["default", "research"])),
        perhaps("ownerReferences", owners),
        perhaps("resourceVersion", "[1-9][0-9]{0,5}"),
        perhaps("uid", "[0-9a-f]{8}"),
    ])
}

fn spec() -> BoxedStrategy<Value> {
    let topology = object(vec![
        perhaps("highestTierAllowed", 1..4),
        perhaps("mode", select(vec!["hard", "soft"])),
    ]);
    let fields = vec![
        perhaps("maxRetry", 1..9),
        perhaps("minSuccess", 1..3),
        perhaps("networkTopology", topology),
        perhaps("plugins", plugins()),
        perhaps("policies", policies()),
        perhaps("priorityClassName", select(vec!["high", "low"])),
        perhaps("queue", select(vec!["default", "research"])),
        perhaps("runningEstimate", duration()),
        perhaps("schedulerName", Just("volcano")),
        perhaps("ttlSecondsAfterFinished", 0..300),
        perhaps("volumes", volumes()),
    ];
    let name = select(vec!["master", "worker", "ps"]);
    let tasks = vec((task(), option::weighted(0.9, name)), 1..6);
    (object(fields), tasks, option::of(any::<u8>()))
        .prop_map(|(mut spec, tasks, least)| {
            put(&mut spec, "tasks", Some(tasks.into_iter().enumerate().map(named).collect()));
            let total = total_replicas(&json!({"spec": &spec}));
            put(&mut spec, "minAvailable", least.map(|share| up_to(total, share)));
            spec
        })
        .boxed()
}

/// A task with the name it was given, made unique by its position.
fn named((position, (mut task, name)): (usize, (Value, Option<&str>))) -> Value {
    put(&mut task, "name", name.map(|name| format!("{name}-{position}").into()));
    task
}

fn partition_policy() -> BoxedStrategy<Value> {
    object(vec![
        always("totalPartitions", 1..4),
        always("partitionSize", 1..4),
        perhaps("minPartitions", 0..2),
    ])
}

fn plugins() -> BoxedStrategy<Value> {
    let arguments = vec(select(vec!["--port=22", "--no-root"]), 0..3);
    object(vec![
        perhaps("env", arguments.clone()),
        perhaps("pytorch", arguments.clone()),
        perhaps("ssh", arguments.clone()),
        perhaps("svc", arguments),
    ])
}

/// What to do when something happens, with at most one policy for each event.
fn policies() -> BoxedStrategy<Value> {
    let action = || always("action", select(vec!["RestartJob", "CompleteJob", "AbortJob"]));
    let timeout = || perhaps("timeout", duration());
    let one =
        object(vec![action(), always("event", select(vec!["PodFailed", "PodEvicted"])), timeout()]);
    let several = object(vec![action(), always("events", Just(["TaskCompleted", "TaskFailed"]))]);
    let code = object(vec![action(), always("exitCode", 1..256), timeout()]);
    list_of([one, several, code])
}

/// The volumes of the Job.
fn volumes() -> BoxedStrategy<Value> {
    let requests = object(vec![always("storage", memory())]);
    let claim = object(vec![
        perhaps("accessModes", Just(["ReadWriteOnce"])),
        always("resources", object(vec![always("requests", requests)])),
        perhaps("storageClassName", Just("fast")),
    ]);
    let named =
        object(vec![always("mountPath", Just("/data")), always("volumeClaimName", Just("data"))]);
    let claimed = object(vec![
        always("mountPath", Just("/scratch")),
        always("volumeClaim", claim),
        perhaps("volumeClaimName", Just("scratch-0")),
    ]);
    list_of([named, claimed])
}

fn pod() -> BoxedStrategy<Value> {
    let fields = vec![
        always("containers", vec(container(), 1..3)),
        perhaps("imagePullSecrets", Just(json!([{"name": "registry"}]))),
        perhaps("initContainers", vec(container(), 1..2)),
        perhaps("nodeSelector", labels()),
        perhaps("priorityClassName", Just("high")),
        perhaps("restartPolicy", select(vec!["Never", "OnFailure"])),
        perhaps("securityContext", object(vec![perhaps("runAsUser", 0..2000)])),
        perhaps("terminationGracePeriodSeconds", 0..90),
        perhaps("tolerations", tolerations()),
        perhaps("volumes", pod_volumes()),
    ];
    object(fields)
        .prop_map(|mut pod| {
            let mounts: Value = list(&pod, "volumes").iter().filter_map(mount).collect();
            for (kind, name) in [("initContainers", "prepare"), ("containers", "main")] {
                for position in 0..list(&pod, kind).len() {
                    let path = format!("{kind}[{position}]");
                    put(
                        &mut pod,
                        &format!("{path}.name"),
                        Some(format!("{name}-{position}").into()),
                    );
                    let mounts = Some(mounts.clone()).filter(|mounts| *mounts != json!([]));
                    put(&mut pod, &format!("{path}.volumeMounts"), mounts);
                }
            }
            pod
        })
        .boxed()
}

fn mount(volume: &Value) -> Option<Value> {
    let name = get(volume, "name")?.as_str()?;
    Some(json!({"name": name, "mountPath": format!("/mnt/{name}")}))
}

/// A container that has no name yet.
fn container() -> BoxedStrategy<Value> {
    let requests = object(vec![
        perhaps("cpu", (1..10).prop_map(|n| format!("{n}00m"))),
        perhaps("memory", memory()),
    ]);
    let limits = object(vec![
        perhaps(
            "cpu",
            prop_oneof![
                (1..9_u8).prop_map(Value::from),
                (1..9_u8).prop_map(|n| json!(n.to_string()))
            ],
        ),
        perhaps("memory", (1..64).prop_map(|n| format!("{n}Gi"))),
        perhaps("nvidia.com/gpu", 1..9),
    ]);
    object(vec![
        perhaps("args", vec(text(), 0..3)),
        perhaps("command", Just(["/bin/sh", "-c", "exec train <&- && echo \"done\""])),
        perhaps("env", env()),
        always("image", select(vec!["example.com/train:1", "busybox"])),
        perhaps("imagePullPolicy", Just("IfNotPresent")),
        perhaps("ports", ports()),
        perhaps(
            "resources",
            object(vec![perhaps("limits", limits), perhaps("requests", requests)]),
        ),
        perhaps("workingDir", Just("/home")),
    ])
}

fn env() -> BoxedStrategy<Value> {
    let plain = object(vec![always("name", Just("MODE")), perhaps("value", text())]);
    let secret = json!({"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}});
    list_of([plain, Just(secret).boxed()])
}

fn ports() -> BoxedStrategy<Value> {
    let protocol = || perhaps("protocol", select(vec!["TCP", "UDP"]));
    let ssh =
        object(vec![always("containerPort", Just(22)), perhaps("name", Just("ssh")), protocol()]);
    let http = object(vec![always("containerPort", Just(8080)), protocol()]);
    list_of([ssh, http])
}

fn tolerations() -> BoxedStrategy<Value> {
    let tainted = object(vec![
        always("key", Just("gpu")),
        always("operator", Just("Exists")),
        perhaps("effect", Just("NoExecute")),
        perhaps("tolerationSeconds", 0..90),
    ]);
    list_of([Just(json!({"operator": "Exists"})).boxed(), tainted])
}

fn pod_volumes() -> BoxedStrategy<Value> {
    let directory = object(vec![perhaps("medium", Just("Memory")), perhaps("sizeLimit", memory())]);
    let directory = object(vec![always("name", Just("cache")), always("emptyDir", directory)]);
    let config = json!({"name": "config", "configMap": {"name": "c", "defaultMode": 420}});
    list_of([directory, Just(config).boxed()])
}

fn labels() -> impl Strategy<Value = Value> {
    btree_map("([a-z]{1,4}\\.io/)?[a-z]{1,4}", "([a-z0-9]{1,6})?", 0..3).prop_map(|map| json!(map))
}

fn annotations() -> impl Strategy<Value = Value> {
    btree_map("[a-z]{1,4}", text(), 0..3).prop_map(|map| json!(map))
}

fn names(prefix: &'static str) -> impl Strategy<Value = Value> {
    let name = move |name| json!(format!("{prefix}{name}"));
    proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3)
        .prop_map(move |chosen| chosen.into_iter().map(name).collect())
}

/// Text with what needs escaping, or might.
fn text() -> impl Strategy<Value = String> {
    let pieces =
        select(vec!["a", "1Gi", "60m", "<", "\"", "\\", "/", "\n", "\t", "ä", "\u{1f30b}"]);
    vec(pieces, 0..5).prop_map(|pieces| pieces.concat())
}

fn memory() -> impl Strategy<Value = String> {
    (1..9_u32, 0..3_u32)
        .prop_map(|(n, halvings)| format!("{}Mi", (n << 9).checked_shr(halvings).unwrap_or(n)))
}

fn duration() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..90).prop_map(|n| format!("{n}s")),
        (1..90).prop_map(|n| format!("{n}m")),
        (1..9, 0..60).prop_map(|(h, m)| format!("{h}h{m}m")),
    ]
}

/// A number from 0 to `most`.
fn up_to(most: i64, share: u8) -> Value {
    i64::from(share).checked_rem(most.saturating_add(1)).unwrap_or(0).into()
}

/// Some of these elements, in this order.
fn list_of<const N: usize>(elements: [BoxedStrategy<Value>; N]) -> BoxedStrategy<Value> {
    let elements: Vec<_> = elements.into_iter().map(option::of).collect();
    elements.prop_map(|elements| elements.into_iter().flatten().collect()).boxed()
}

fn always<T: Into<Value> + std::fmt::Debug + 'static>(
    name: &'static str,
    value: impl Strategy<Value = T> + 'static,
) -> (&'static str, BoxedStrategy<Option<Value>>) {
    (name, value.prop_map(|value| Some(value.into())).boxed())
}

fn perhaps<T: Into<Value> + std::fmt::Debug + 'static>(
    name: &'static str,
    value: impl Strategy<Value = T> + 'static,
) -> (&'static str, BoxedStrategy<Option<Value>>) {
    (name, option::of(value.prop_map(Into::into)).boxed())
}

fn object(fields: Fields) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let filled = move |values: Vec<Option<Value>>| {
        let given = names.iter().zip(values);
        let given = given.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::Object(given.collect::<Map<_, _>>())
    };
    values.prop_map(filled).boxed()
}
