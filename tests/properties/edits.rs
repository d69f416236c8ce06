//! Random edits anywhere in a document, independent of the schema.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use volcano_job_update::strategy::any_job;

/// A Job, and the result of one to three edits of it.
pub(crate) fn edited_job() -> impl Strategy<Value = (Value, Value)> {
    (any_job(), vec(edit(), 1..4)).prop_map(|(job, edits)| {
        let edited = edits.iter().fold(job.clone(), |mut edited, edit| {
            edit.apply(&mut edited);
            edited
        });
        (job, edited)
    })
}

/// Two results of edits of the same Job.
pub(crate) fn edited_pair() -> impl Strategy<Value = (Value, Value)> {
    (edited_job(), vec(edit(), 0..3)).prop_map(|((mut job, edited), edits)| {
        for edit in edits {
            edit.apply(&mut job);
        }
        (job, edited)
    })
}

/// A Job, and the same Job with two neighbours in a list swapped. The list is not a set, and its
/// elements all differ.
pub(crate) fn reordered_job() -> impl Strategy<Value = (Value, Value)> {
    let is_ordered = |list: &[Value]| {
        let is_finalizer = |element: &Value| element.to_string().starts_with("\"example.com/");
        let differ = |i: usize| !list[..i].contains(&list[i]);
        list.len() > 1 && !list.iter().any(is_finalizer) && (0..list.len()).all(differ)
    };
    (any_job(), any::<Index>(), any::<Index>()).prop_filter_map(
        "no list",
        move |(job, at, first)| {
            let mut places = Vec::new();
            let suits = |value: &Value| value.as_array().is_some_and(|list| is_ordered(list));
            collect(&job, String::new(), 20, &suits, &mut places);
            let mut reordered = job.clone();
            let place = places.get(at.index(places.len().max(1)))?;
            let list = reordered.pointer_mut(place)?.as_array_mut()?;
            let first = first.index(list.len() - 1);
            list.swap(first, first + 1);
            Some((job, reordered))
        },
    )
}

/// Any small document.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // These doubles are parsed back exactly.
        any::<i16>().prop_map(|eighths| json!(f64::from(eighths) / 8.0)),
        ".{0,4}".prop_map(Value::from),
        select(SCALARS.to_vec()).prop_map(|text| serde_json::from_str(text).unwrap()),
    ];
    scalar.prop_recursive(6, 48, 6, |inner| {
        let key = prop_oneof![3 => select(KEYS.to_vec()).prop_map(String::from), 1 => ".{0,3}"];
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => proptest::collection::btree_map(key, inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

#[derive(Clone, Debug)]
struct Edit {
    at: Index,
    /// The maximal depth of the edited value.
    depth: usize,
    kind: EditKind,
}

#[derive(Clone, Debug)]
enum EditKind {
    Set(Value),
    Remove,
    /// Adds a field to an object, or an element to a list.
    Add(String, Index, Value),
    Swap(Index, Index),
    Duplicate(Index),
}

const KEYS: [&str; 24] = [
    "metadata",
    "spec",
    "tasks",
    "name",
    "replicas",
    "template",
    "labels",
    "queue",
    "minAvailable",
    "plugins",
    "policies",
    "volumes",
    "finalizers",
    "partitionPolicy",
    "uid",
    "namespace",
    "containers",
    "dependsOn",
    "timeout",
    "mpi",
    "ssh",
    "a",
    "0",
    "x/y~.z]",
];

const SCALARS: [&str; 12] = [
    "0",
    "1",
    "3",
    "-1",
    "1.5",
    "\"\"",
    "\"default\"",
    "\"default0\"",
    "\"60m\"",
    "\"1h\"",
    "\"1Gi\"",
    "null",
];

fn edit() -> impl Strategy<Value = Edit> {
    let value = || {
        prop_oneof![
            4 => select(SCALARS.to_vec()).prop_map(|text| serde_json::from_str(text).unwrap()),
            1 => select(vec![json!([]), json!({}), json!([null]), json!({"a": null})]),
            1 => any_json(),
        ]
    };
    let key = prop_oneof![4 => select(KEYS.to_vec()).prop_map(String::from), 1 => ".{0,3}"];
    let kind = prop_oneof![
        value().prop_map(EditKind::Set),
        Just(EditKind::Remove),
        (key, any::<Index>(), value()).prop_map(|(key, at, value)| EditKind::Add(key, at, value)),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| EditKind::Swap(a, b)),
        any::<Index>().prop_map(EditKind::Duplicate),
    ];
    (any::<Index>(), select(vec![1, 2, 3, 4, 20]), kind).prop_map(|(at, depth, kind)| Edit {
        at,
        depth,
        kind,
    })
}

impl Edit {
    fn apply(&self, document: &mut Value) {
        let mut places = Vec::new();
        collect(document, String::new(), self.depth, &|value| self.kind.suits(value), &mut places);
        if places.is_empty() {
            return;
        }
        let place = self.at.get(&places);
        if matches!(self.kind, EditKind::Remove) {
            remove(document, place);
        } else if let Some(value) = document.pointer_mut(place) {
            self.kind.change(value);
        }
    }
}

impl EditKind {
    fn suits(&self, value: &Value) -> bool {
        match self {
            EditKind::Set(_) | EditKind::Remove => true,
            EditKind::Add(..) => value.is_object() || value.is_array(),
            EditKind::Swap(..) | EditKind::Duplicate(_) => {
                value.as_array().is_some_and(|list| !list.is_empty())
            }
        }
    }

    fn change(&self, value: &mut Value) {
        match (self, value) {
            (EditKind::Set(new), value) => *value = new.clone(),
            (EditKind::Add(key, _, new), Value::Object(map)) => {
                drop(map.insert(key.clone(), new.clone()));
            }
            (EditKind::Add(_, at, new), Value::Array(list)) => {
                list.insert(at.index(list.len() + 1), new.clone());
            }
            (EditKind::Swap(a, b), Value::Array(list)) => {
                let (a, b) = (a.index(list.len()), b.index(list.len()));
                list.swap(a, b);
            }
            (EditKind::Duplicate(at), Value::Array(list)) => list.push(at.get(list).clone()),
            _ => {}
        }
    }
}

/// Collects the pointers of all values that `suits` accepts, down to a depth.
fn collect(
    value: &Value,
    pointer: String,
    depth: usize,
    suits: &dyn Fn(&Value) -> bool,
    places: &mut Vec<String>,
) {
    let below: Vec<(String, &Value)> = match value {
        _ if depth == 0 => Vec::new(),
        Value::Object(map) => {
            let step = |key: &String| key.replace('~', "~0").replace('/', "~1");
            map.iter().map(|(key, value)| (step(key), value)).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (step, value) in below {
        // List positions do not count as depth.
        let cost = usize::from(step.parse::<usize>().is_err());
        collect(value, format!("{pointer}/{step}"), depth - cost, suits, places);
    }
    if !pointer.is_empty() && suits(value) {
        places.push(pointer);
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let (parent, step) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.remove(&step.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(list)) => drop(list.remove(step.parse().unwrap())),
        _ => {}
    }
}
