//! The pairs of Jobs that the benches measure. benches/README.md describes them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench may fail on its own input"
)]

use serde_json::Value;

/// An existing Job and its replacement, as compact JSON.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The existing Job.
    pub(crate) existing: Vec<u8>,
    /// Its replacement.
    pub(crate) replacement: Vec<u8>,
}

/// Makes a pair of a size: the number of tasks, or of keys.
pub(crate) type Update = fn(usize) -> Pair;

/// The updates that are measured.
pub(crate) const UPDATES: [(&str, Update); 8] = [
    ("replicas", replicas),
    ("scaled", scaled),
    ("template", template),
    ("denied", denied),
    ("respelled", respelled),
    ("equal", equal),
    ("wide", wide),
    ("escaped", escaped),
];

/// The documented update: the last task's replicas go from 1 to 2.
fn replicas(tasks: usize) -> Pair {
    pair(tasks, |job| *last_replicas(job) = 2.into())
}

/// The replicas of every task change.
fn scaled(tasks: usize) -> Pair {
    pair(tasks, |job| {
        for task in job["spec"]["tasks"].as_array_mut().into_iter().flatten() {
            task["replicas"] = 3.into();
        }
    })
}

/// Another image in the template of the last task.
fn template(tasks: usize) -> Pair {
    pair(tasks, |job| {
        let last = job["spec"]["tasks"].as_array_mut().and_then(|tasks| tasks.last_mut());
        last.expect("the Job has a task")["template"]["spec"]["containers"][0]["image"] =
            "example.com/other:2".into();
    })
}

/// `keys` labels, annotations and fields of `spec`, not sorted, without tasks. One label changes.
fn wide(keys: usize) -> Pair {
    let members = |last: &str| {
        // Multiples of a prime that does not divide the count visit each number once.
        let members = (0..keys).map(|i| {
            let value = if i + 1 == keys { last } else { "a" };
            format!("\"key-{}\":\"{value}\"", i * 7919 % keys)
        });
        members.collect::<Vec<_>>().join(",")
    };
    let same = members("a");
    let job = |last: &str| flat_job(&members(last), &same, &same);
    Pair { existing: job("a"), replacement: job("b") }
}

/// `keys` fields of `spec`, every other one with an escape in its key. One label changes.
fn escaped(keys: usize) -> Pair {
    let member = |i| match i % 2 {
        0 => format!(r#""\u0061-{i}":1"#),
        _ => format!(r#""b-{i}":1"#),
    };
    let fields: Vec<String> = (0..keys).map(member).collect();
    let fields = fields.join(",");
    let job = |label: &str| flat_job(&format!(r#""a":"{label}""#), "", &fields);
    Pair { existing: job("a"), replacement: job("b") }
}

/// A Job without tasks, with these labels, annotations and fields of `spec`.
fn flat_job(labels: &str, annotations: &str, spec: &str) -> Vec<u8> {
    format!(
        r#"{{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{{"name":"wide","labels":{{{labels}}},"annotations":{{{annotations}}}}},"spec":{{{spec}}}}}"#
    )
    .into_bytes()
}

/// The documented update, and the queue changes, which is denied.
fn denied(tasks: usize) -> Pair {
    pair(tasks, |job| {
        *last_replicas(job) = 2.into();
        job["spec"]["queue"] = "research".into();
    })
}

/// Nothing changes.
fn equal(tasks: usize) -> Pair {
    pair(tasks, |_| {})
}

/// The documented update, with the keys of every object of the replacement in the opposite order.
fn respelled(tasks: usize) -> Pair {
    let mut pair = replicas(tasks);
    let replacement: Value =
        serde_json::from_slice(&pair.replacement).expect("the replacement is JSON");
    pair.replacement.clear();
    write_reversed(&replacement, &mut pair.replacement);
    pair
}

fn pair(tasks: usize, edit: impl FnOnce(&mut Value)) -> Pair {
    let documented = include_str!("../../tests/jobs/documented-existing.json");
    let mut job: Value = serde_json::from_str(documented).expect("the documented example is JSON");
    let list = job["spec"]["tasks"].as_array_mut().expect("the documented example has tasks");
    let worker = list.pop().expect("the documented example has two tasks");
    for number in list.len()..tasks.saturating_sub(1) {
        let mut task = worker.clone();
        task["name"] = format!("mpiworker-{number}").into();
        list.push(task);
    }
    list.push(worker);
    let existing = job.to_string().into_bytes();
    edit(&mut job);
    Pair { existing, replacement: job.to_string().into_bytes() }
}

fn last_replicas(job: &mut Value) -> &mut Value {
    let tasks = job["spec"]["tasks"].as_array_mut().expect("the Job has tasks");
    &mut tasks.last_mut().expect("the Job has a task")["replicas"]
}

fn write_reversed(value: &Value, text: &mut Vec<u8>) {
    let mut items: Vec<(Option<&String>, &Value)> = match value {
        Value::Object(map) => map.iter().rev().map(|(key, value)| (Some(key), value)).collect(),
        Value::Array(list) => list.iter().map(|value| (None, value)).collect(),
        scalar => return text.extend(scalar.to_string().bytes()),
    };
    let (open, close) = if value.is_object() { (b'{', b'}') } else { (b'[', b']') };
    text.push(open);
    for (position, (key, value)) in items.drain(..).enumerate() {
        if position > 0 {
            text.push(b',');
        }
        if let Some(key) = key {
            text.extend(Value::from(key.as_str()).to_string().bytes());
            text.push(b':');
        }
        write_reversed(value, text);
    }
    text.push(close);
}
