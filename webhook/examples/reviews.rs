//! Prints the reviews that `scripts/load` sends, one per line. Most are of Jobs with few tasks.
//! With the argument `answers`, prints the library's answer to each review instead.

#![expect(clippy::print_stdout, reason = "it prints")]

use serde_json::{Value, json};
use volcano_job_update::admission::Webhook;
use volcano_job_update::{UpdatePolicy, Validator};

/// The number of reviews for each number of tasks: pairs of tasks and reviews.
const SIZES: [(usize, usize); 3] = [(2, 180), (100, 18), (1000, 2)];

fn main() {
    let webhook = Webhook::new(Validator::new(UpdatePolicy::admission()));
    let wants_answers = std::env::args().nth(1).as_deref() == Some("answers");
    for (tasks, count) in SIZES {
        for turn in 0..count {
            let review = review(tasks, turn).to_string();
            if wants_answers {
                let answer = webhook.validate(review.as_bytes());
                println!("{}", String::from_utf8_lossy(&answer.body()));
            } else {
                println!("{review}");
            }
        }
    }
}

/// Four of five updates are allowed. The others change an immutable field, or raise minAvailable
/// above the replicas.
fn review(tasks: usize, turn: usize) -> Value {
    let existing = job(tasks);
    let mut replacement = existing.clone();
    let (pointer, value) = match turn % 10 {
        0..4 => ("/spec/tasks/1/replicas", json!(2)),
        4..6 => ("/metadata/labels/turn", json!("another")),
        6..8 => ("/spec/tasks/0/template/spec/containers/0/image", json!("example.com/main:2")),
        8 => ("/spec/queue", json!("production")),
        _ => ("/spec/tasks/1/minAvailable", json!(2)),
    };
    if let Some(field) = replacement.pointer_mut(pointer) {
        *field = value;
    }
    let kind = json!({"group": "batch.volcano.sh", "version": "v1alpha1", "kind": "Job"});
    let resource = json!({"group": "batch.volcano.sh", "version": "v1alpha1", "resource": "jobs"});
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": format!("3bdba739-a3b3-11e9-8865-{tasks:06}{turn:06}"),
        "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
        "name": "hello", "namespace": "research", "operation": "UPDATE", "dryRun": false,
        "userInfo": {"username": "somebody", "groups": ["system:authenticated"]},
        "object": replacement, "oldObject": existing,
        "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"},
    }})
}

fn job(tasks: usize) -> Value {
    json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "hello", "namespace": "research", "labels": {"turn": "one"},
            "uid": "7c1f9f43-1c33-4f0e-9a55-0c8f6f0f7b11", "resourceVersion": "125597961"},
        "spec": {"queue": "research", "schedulerName": "volcano", "maxRetry": 3, "minAvailable": 1,
            "plugins": {"env": [], "ssh": [], "svc": []},
            "tasks": (0..tasks).map(task).collect::<Vec<_>>()},
        "status": {"state": {"phase": "Running"}, "running": tasks},
    })
}

fn task(position: usize) -> Value {
    let container = json!({
        "name": "main", "image": "example.com/main:1", "workingDir": "/home",
        "command": ["/bin/sh", "-c", "mkdir -p /var/run/sshd; /usr/sbin/sshd;\nmpiexec --host $HOSTS run\n"],
        "env": [{"name": "POSITION", "value": position.to_string()}, {"name": "MODE", "value": "batch"}],
        "ports": [{"containerPort": 22, "name": "mpijob-port", "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "250m", "memory": "1Gi"}, "requests": {"cpu": "250m", "memory": "1Gi"}},
    });
    json!({
        "name": format!("task-{position}"), "replicas": 1, "minAvailable": 1, "maxRetry": 3,
        "policies": [{"action": "CompleteJob", "event": "TaskCompleted"}],
        "template": {"spec": {"restartPolicy": "OnFailure", "containers": [container],
            "imagePullSecrets": [{"name": "default-secret"}]}},
    })
}
