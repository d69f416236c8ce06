//! Valid Jobs.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::place::{get, list, number, put, total_replicas};
use crate::job::resource::{API_VERSION, KIND};

/// The fields of an object: the name of each, and its value or `None` if it is absent.
type Fields = Vec<(&'static str, BoxedStrategy<Option<Value>>)>;

pub(super) fn job() -> BoxedStrategy<Value> {
    let fields = vec![
        required("apiVersion", Just(API_VERSION)),
        required("kind", Just(KIND)),
        required("metadata", metadata()),
        required("spec", spec()),
        optional("status", Just(json!({"state": {"phase": "Running"}, "running": 1}))),
    ];
    object(fields)
}

/// The pod template of a task.
pub(super) fn template() -> BoxedStrategy<Value> {
    let metadata =
        object(vec![optional("labels", labels()), optional("annotations", annotations())]);
    object(vec![optional("metadata", metadata), required("spec", pod())])
}

/// A task without a name.
pub(super) fn task() -> BoxedStrategy<Value> {
    let fields = vec![
        optional("dependsOn", Just(json!({"iteration": "any"}))),
        optional("maxRetry", 1..9),
        optional("partitionPolicy", partition_policy()),
        optional("policies", policies()),
        required("replicas", 0..6),
        required("template", template()),
        optional("topologyPolicy", select(vec!["none", "best-effort", "single-numa-node"])),
    ];
    (object(fields), option::of(any::<u8>()))
        .prop_map(|(mut task, min_available)| {
            if get(&task, "partitionPolicy").is_some() {
                let partitions = number(&task, "partitionPolicy.totalPartitions");
                let size = number(&task, "partitionPolicy.partitionSize");
                put(&mut task, "replicas", Some((partitions * size).into()));
            }
            let replicas = number(&task, "replicas");
            put(&mut task, "minAvailable", min_available.map(|choice| up_to(replicas, choice)));
            task
        })
        .boxed()
}

fn metadata() -> BoxedStrategy<Value> {
    let owner = |uid| json!({"apiVersion": "v1", "kind": "Queue", "name": "q", "uid": uid});
    let owners = list_of(["5", "6"].map(|uid| Just(owner(uid)).boxed()));
    object(vec![
        optional("annotations", annotations()),
        optional("creationTimestamp", Just("2024-05-01T10:00:00Z")),
        optional("finalizers", names("example.com/")),
        optional("generateName", Just("train-")),
        optional("generation", 1..9),
        optional("labels", labels()),
        required("name", "[a-z]{1,8}"),
        optional("namespace", select(vec!["default", "research"])),
        optional("ownerReferences", owners),
        optional("resourceVersion", "[1-9][0-9]{0,5}"),
        optional("uid", "[0-9a-f]{8}"),
    ])
}

fn spec() -> BoxedStrategy<Value> {
    let topology = object(vec![
        optional("highestTierAllowed", 1..4),
        optional("mode", select(vec!["hard", "soft"])),
    ]);
    let fields = vec![
        optional("maxRetry", 1..9),
        optional("minSuccess", 1..3),
        optional("networkTopology", topology),
        optional("plugins", plugins()),
        optional("policies", policies()),
        optional("priorityClassName", select(vec!["high", "low"])),
        optional("queue", select(vec!["default", "research"])),
        optional("runningEstimate", duration()),
        optional("schedulerName", Just("volcano")),
        optional("ttlSecondsAfterFinished", 0..300),
        optional("volumes", volumes()),
    ];
    let name = select(vec!["master", "worker", "ps"]);
    let tasks = vec((task(), option::weighted(0.9, name)), 1..6);
    (object(fields), tasks, option::of(any::<u8>()))
        .prop_map(|(mut spec, tasks, min_available)| {
            put(&mut spec, "tasks", Some(tasks.into_iter().enumerate().map(named).collect()));
            let total = total_replicas(&json!({"spec": &spec}));
            put(&mut spec, "minAvailable", min_available.map(|choice| up_to(total, choice)));
            spec
        })
        .boxed()
}

/// The task with its name, if any. The position makes the name unique.
fn named((position, (mut task, name)): (usize, (Value, Option<&str>))) -> Value {
    put(&mut task, "name", name.map(|name| format!("{name}-{position}").into()));
    task
}

fn partition_policy() -> BoxedStrategy<Value> {
    object(vec![
        required("totalPartitions", 1..4),
        required("partitionSize", 1..4),
        optional("minPartitions", 0..2),
    ])
}

fn plugins() -> BoxedStrategy<Value> {
    let arguments = vec(select(vec!["--port=22", "--no-root"]), 0..3);
    object(vec![
        optional("env", arguments.clone()),
        optional("pytorch", arguments.clone()),
        optional("ssh", arguments.clone()),
        optional("svc", arguments),
    ])
}

/// Lifecycle policies, at most one for each event.
fn policies() -> BoxedStrategy<Value> {
    let action = || required("action", select(vec!["RestartJob", "CompleteJob", "AbortJob"]));
    let timeout = || optional("timeout", duration());
    let one = object(vec![
        action(),
        required("event", select(vec!["PodFailed", "PodEvicted"])),
        timeout(),
    ]);
    let several = object(vec![action(), required("events", Just(["TaskCompleted", "TaskFailed"]))]);
    let code = object(vec![action(), required("exitCode", 1..256), timeout()]);
    list_of([one, several, code])
}

/// The volumes of the Job.
fn volumes() -> BoxedStrategy<Value> {
    let requests = object(vec![required("storage", memory())]);
    let claim = object(vec![
        optional("accessModes", Just(["ReadWriteOnce"])),
        required("resources", object(vec![required("requests", requests)])),
        optional("storageClassName", Just("fast")),
    ]);
    let named = object(vec![
        required("mountPath", Just("/data")),
        required("volumeClaimName", Just("data")),
    ]);
    let claimed = object(vec![
        required("mountPath", Just("/scratch")),
        required("volumeClaim", claim),
        optional("volumeClaimName", Just("scratch-0")),
    ]);
    list_of([named, claimed])
}

fn pod() -> BoxedStrategy<Value> {
    let fields = vec![
        required("containers", vec(container(), 1..3)),
        optional("imagePullSecrets", Just(json!([{"name": "registry"}]))),
        optional("initContainers", vec(container(), 1..2)),
        optional("nodeSelector", labels()),
        optional("priorityClassName", Just("high")),
        optional("restartPolicy", select(vec!["Never", "OnFailure"])),
        optional("securityContext", object(vec![optional("runAsUser", 0..2000)])),
        optional("terminationGracePeriodSeconds", 0..90),
        optional("tolerations", tolerations()),
        optional("volumes", pod_volumes()),
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

/// A container without a name.
fn container() -> BoxedStrategy<Value> {
    let requests = object(vec![
        optional("cpu", (1..10).prop_map(|n| format!("{n}00m"))),
        optional("memory", memory()),
    ]);
    let limits = object(vec![
        optional(
            "cpu",
            prop_oneof![
                (1..9_u8).prop_map(Value::from),
                (1..9_u8).prop_map(|n| json!(n.to_string()))
            ],
        ),
        optional("memory", (1..64).prop_map(|n| format!("{n}Gi"))),
        optional("nvidia.com/gpu", 1..9),
    ]);
    object(vec![
        optional("args", vec(text(), 0..3)),
        optional("command", Just(["/bin/sh", "-c", "exec train <&- && echo \"done\""])),
        optional("env", env()),
        required("image", select(vec!["example.com/train:1", "busybox"])),
        optional("imagePullPolicy", Just("IfNotPresent")),
        optional("ports", ports()),
        optional(
            "resources",
            object(vec![optional("limits", limits), optional("requests", requests)]),
        ),
        optional("workingDir", Just("/home")),
    ])
}

fn env() -> BoxedStrategy<Value> {
    let plain = object(vec![required("name", Just("MODE")), optional("value", text())]);
    let secret = json!({"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}});
    list_of([plain, Just(secret).boxed()])
}

fn ports() -> BoxedStrategy<Value> {
    let protocol = || optional("protocol", select(vec!["TCP", "UDP"]));
    let ssh = object(vec![
        required("containerPort", Just(22)),
        optional("name", Just("ssh")),
        protocol(),
    ]);
    let http = object(vec![required("containerPort", Just(8080)), protocol()]);
    list_of([ssh, http])
}

fn tolerations() -> BoxedStrategy<Value> {
    let tainted = object(vec![
        required("key", Just("gpu")),
        required("operator", Just("Exists")),
        optional("effect", Just("NoExecute")),
        optional("tolerationSeconds", 0..90),
    ]);
    list_of([Just(json!({"operator": "Exists"})).boxed(), tainted])
}

fn pod_volumes() -> BoxedStrategy<Value> {
    let directory =
        object(vec![optional("medium", Just("Memory")), optional("sizeLimit", memory())]);
    let directory = object(vec![required("name", Just("cache")), required("emptyDir", directory)]);
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

/// Text with characters that JSON or Go's encoder escapes.
fn text() -> impl Strategy<Value = String> {
    let pieces =
        select(vec!["a", "1Gi", "60m", "<", "\"", "\\", "/", "\n", "\t", "ä", "\u{1f30b}"]);
    vec(pieces, 0..5).prop_map(|pieces| pieces.concat())
}

fn memory() -> impl Strategy<Value = String> {
    (1..9_u32, 0..3_u32).prop_map(|(n, halvings)| format!("{}Mi", (n << 9) >> halvings))
}

fn duration() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..90).prop_map(|n| format!("{n}s")),
        (1..90).prop_map(|n| format!("{n}m")),
        (1..9, 0..60).prop_map(|(h, m)| format!("{h}h{m}m")),
    ]
}

/// A number from 0 to `most`, which `choice` selects.
fn up_to(most: i64, choice: u8) -> Value {
    (i64::from(choice) % (most + 1)).into()
}

/// Some of these elements, in this order.
fn list_of<const N: usize>(elements: [BoxedStrategy<Value>; N]) -> BoxedStrategy<Value> {
    let elements: Vec<_> = elements.into_iter().map(option::of).collect();
    elements.prop_map(|elements| elements.into_iter().flatten().collect()).boxed()
}

fn required<T: Into<Value> + std::fmt::Debug + 'static>(
    name: &'static str,
    value: impl Strategy<Value = T> + 'static,
) -> (&'static str, BoxedStrategy<Option<Value>>) {
    (name, value.prop_map(|value| Some(value.into())).boxed())
}

fn optional<T: Into<Value> + std::fmt::Debug + 'static>(
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
