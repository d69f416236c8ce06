//! Sets of fields, as `managedFields` records who owns what.
//!
//! The format is [FieldsV1], the operations are those of
//! [fieldpath](https://github.com/kubernetes-sigs/structured-merge-diff/tree/master/fieldpath).
//!
//! [FieldsV1]: https://kubernetes.io/docs/reference/using-api/server-side-apply/#managedfields

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Number, Value};

use crate::go;

/// A step from a value to one below it. The order is that of an API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathElement {
    /// A field of an object.
    Field(String),
    /// The element of a list that has these key fields, which are sorted by name.
    Key(Vec<(String, Scalar)>),
    /// The element of a set.
    Value(Scalar),
    /// The element at a position, which no API server has written for long.
    Index(usize),
}

/// A value that identifies an element of a list.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    /// A number: `1` and `1.0` are the same.
    Number(Number),
    String(String),
    Bool(bool),
    /// Any other value, with its JSON.
    Other(String, Value),
}

/// The path of a field from the root.
pub(super) type Path = Vec<PathElement>;

/// A set of fields. That a field is in the set says nothing about the fields below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    pub(super) members: BTreeSet<PathElement>,
    /// The fields with members below them. None of these sets is empty.
    pub(super) children: BTreeMap<PathElement, FieldSet>,
}

impl Scalar {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::String(text.clone()),
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Self::Other(go::text_of(value), value.clone())
            }
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::String(_) => 1,
            Self::Bool(_) => 2,
            Self::Other(..) => 3,
        }
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => by_value(a, b),
            (Self::String(a), Self::String(b)) | (Self::Other(a, _), Self::Other(b, _)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn by_value(a: &Number, b: &Number) -> Ordering {
    match (a.as_i64(), b.as_i64(), a.as_f64(), b.as_f64()) {
        (Some(a), Some(b), ..) => a.cmp(&b),
        // JSON has no NaN. Adding zero makes -0 the same as 0.
        (_, _, Some(a), Some(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        // With arbitrary precision a number can be beyond the range of a double.
        _ => a.to_string().cmp(&b.to_string()),
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar {}

impl FieldSet {
    /// Reads a set in the format `FieldsV1`. A key of a kind that is not known is left out. `left` is how
    /// many sets may still be read.
    ///
    /// # Errors
    ///
    /// A key that is no path element: `f`, `x`, `k:{`. There are too many sets.
    pub(super) fn parse(fields: &Map<String, Value>, left: &mut usize) -> Result<Self, String> {
        *left = left.checked_sub(1).ok_or("there are too many fields")?;
        let mut set = Self::default();
        for (key, below) in fields {
            if key == "." {
                continue;
            }
            let Some(element) = PathElement::parse(key)? else { continue };
            let Value::Object(below) = below else {
                return Err(format!("{} has no object", go::quote(key)));
            };
            let child = Self::parse(below, left)?;
            if child.is_empty() || below.contains_key(".") {
                set.members.insert(element.clone());
            }
            set.insert_child(element, child);
        }
        Ok(set)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.is_empty()
    }

    /// Adds a field. The root is not a field.
    pub(super) fn insert(&mut self, path: &[PathElement]) {
        let Some((last, leading)) = path.split_last() else { return };
        let parent = leading
            .iter()
            .fold(self, |set, element| set.children.entry(element.clone()).or_default());
        parent.members.insert(last.clone());
    }

    pub(super) fn contains(&self, path: &[PathElement]) -> bool {
        let Some((last, leading)) = path.split_last() else { return false };
        let parent = leading.iter().try_fold(self, |set, element| set.children.get(element));
        parent.is_some_and(|parent| parent.members.contains(last))
    }

    /// Adds all fields of another set.
    pub(super) fn union(&mut self, other: &Self) {
        self.members.extend(other.members.iter().cloned());
        for (element, below) in &other.children {
            self.children.entry(element.clone()).or_default().union(below);
        }
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut common = Self {
            members: self.members.intersection(&other.members).cloned().collect(),
            children: BTreeMap::new(),
        };
        for (element, below) in &self.children {
            if let Some(other) = other.children.get(element) {
                common.insert_child(element.clone(), below.intersection(other));
            }
        }
        common
    }

    /// The fields that are not in another set.
    pub(super) fn difference(&self, other: &Self) -> Self {
        let mut rest = Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: BTreeMap::new(),
        };
        for (element, below) in &self.children {
            let below = match other.children.get(element) {
                Some(other) => below.difference(other),
                None => below.clone(),
            };
            rest.insert_child(element.clone(), below);
        }
        rest
    }

    /// Removes a field of the root and all that is below it.
    pub(super) fn remove_field(&mut self, name: &str) {
        let element = PathElement::Field(name.to_owned());
        self.members.remove(&element);
        self.children.remove(&element);
    }

    /// The paths of all fields: those of an object first, then those below it.
    pub(super) fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.add_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn add_paths(&self, prefix: &mut Path, paths: &mut Vec<Path>) {
        for element in &self.members {
            paths.push(prefix.iter().chain([element]).cloned().collect());
        }
        for (element, below) in &self.children {
            prefix.push(element.clone());
            below.add_paths(prefix, paths);
            prefix.pop();
        }
    }

    /// Sets what is below an element, unless that is nothing.
    pub(super) fn insert_child(&mut self, element: PathElement, below: Self) {
        if !below.is_empty() {
            self.children.insert(element, below);
        }
    }
}

impl PathElement {
    pub(super) fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    /// Reads `f:name`, `k:{"uid":"7"}`, `v:"x"` or `i:0`; `None` for another kind.
    fn parse(text: &str) -> Result<Option<Self>, String> {
        let missing_colon = || format!("missing colon: {text}");
        let (kind, content) = text.split_once(':').ok_or_else(missing_colon)?;
        if kind.len() != 1 {
            return Err(missing_colon());
        }
        let invalid = |error: serde_json::Error| error.to_string();
        Ok(Some(match kind {
            "f" => Self::Field(content.to_owned()),
            "v" => Self::Value(Scalar::of(&serde_json::from_str(content).map_err(invalid)?)),
            "k" => {
                let fields: BTreeMap<String, Value> =
                    serde_json::from_str(content).map_err(invalid)?;
                let fields = fields.into_iter().map(|(name, value)| (name, Scalar::of(&value)));
                Self::Key(fields.collect())
            }
            "i" => Self::Index(content.parse().map_err(|error| format!("{error}: {content}"))?),
            _ => return Ok(None),
        }))
    }
}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_str("[")?;
                for (position, (name, value)) in fields.iter().enumerate() {
                    let comma = if position > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={value}")?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&go::number_in_error(number)),
            Self::String(text) => f.write_str(&go::quote(text)),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Other(_, value) => f.write_str(&shown(value)),
        }
    }
}

/// A value in a path, as an API server writes it.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
            fields.sort_unstable();
            fields.concat()
        }
        Value::Null => "null".to_owned(),
        scalar => Scalar::of(scalar).to_string(),
    }
}

/// A path as an API server writes it: `.metadata.ownerReferences[uid="7"]`.
pub(super) fn path_text(path: &[PathElement]) -> String {
    path.iter().map(ToString::to_string).collect()
}
