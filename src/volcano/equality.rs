//! The equality of two specs in Volcano's webhook:
//! [`apiequality.Semantic.DeepEqual`](https://github.com/kubernetes/apimachinery/blob/master/pkg/api/equality/semantic.go)
//! of the decoded Jobs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::types::{Fields, GoKind, GoType, TABLE};
use crate::job::{Document, Node, Shape};
use crate::path::{FieldPath, PathNode, Side};
use crate::scalar::duration::parse_duration;
use crate::scalar::quantity::Quantity;
use crate::scalar::time::parse_time;
use crate::schema::Structural;

/// The maximum number of differences that are returned.
const MAX_DIFFERENCES: usize = 1000;

/// The paths at which two decoded Jobs differ in `spec`, in fields that the webhook compares. A field
/// that is absent has the default of the schema, if there is a schema.
pub(super) fn differences(
    existing: Node<'_>,
    replacement: Node<'_>,
    schema: Option<&Structural>,
) -> Vec<FieldPath> {
    let mut found = Found(Vec::new());
    if let Some(spec) = TABLE.job_field("spec") {
        let schema = schema.and_then(|schema| schema.declared_child("spec"));
        let (a, b) = (existing.get("spec"), replacement.get("spec"));
        found.value(&PathNode::root().key("spec"), a, b, (spec, schema));
    }
    found.0
}

/// The paths at which values differ.
struct Found(Vec<FieldPath>);

type Value<'v> = Option<Node<'v>>;

/// The Go type of a value, and the schema that has its defaults.
type Type<'s> = (&'s GoType, Option<&'s Structural>);

impl Found {
    fn differs(&mut self, at: &PathNode<'_>) {
        if self.0.len() < MAX_DIFFERENCES {
            self.0.push(at.to_path(Side::Replacement));
        }
    }

    fn differs_if(&mut self, differs: bool, at: &PathNode<'_>) {
        if differs {
            self.differs(at);
        }
    }

    /// Compares two values; `None` and `null` are Go's zero value.
    fn value(&mut self, at: &PathNode<'_>, a: Value<'_>, b: Value<'_>, (go, schema): Type<'_>) {
        let [a, b] = [a, b].map(|value| value.filter(|value| !value.is_null()));
        if a.map(Node::text) == b.map(Node::text) {
            return;
        }
        match &go.kind {
            GoKind::Pointer(pointee) => match (a, b) {
                (Some(_), Some(_)) => self.value(at, a, b, (pointee, schema)),
                _ => self.differs(at),
            },
            GoKind::Slice(element) => {
                self.lists(at, a, b, (element, schema.map(Structural::items)));
            }
            GoKind::Map(values) => {
                self.maps(at, a, b, (values, schema.and_then(Structural::additional_properties)));
            }
            GoKind::Struct(fields) => {
                self.structs(at, a, b, (&go.name, TABLE.fields(*fields), schema));
            }
            GoKind::Bool => self.differs_if(text(a, "false") != text(b, "false"), at),
            GoKind::Integer(_) => self.differs_if(integer(a) != integer(b), at),
            GoKind::String => self.differs_if(string(a) != string(b), at),
            GoKind::IntOrString => {
                let is_string =
                    |value: Value<'_>| value.is_some_and(|one| one.shape() == Shape::String);
                let differs = match (is_string(a), is_string(b)) {
                    (true, true) => string(a) != string(b),
                    (false, false) => integer(a) != integer(b),
                    _ => true,
                };
                self.differs_if(differs, at);
            }
            GoKind::Quantity => self.differs_if(quantity(a) != quantity(b), at),
            GoKind::Duration => {
                self.differs_if(parsed(a, parse_duration) != parsed(b, parse_duration), at);
            }
            GoKind::Time => self.differs_if(parsed(a, parse_time) != parsed(b, parse_time), at),
            GoKind::Raw => self.differs_if(text(a, "") != text(b, ""), at),
        }
    }

    fn lists(&mut self, at: &PathNode<'_>, a: Value<'_>, b: Value<'_>, element: Type<'_>) {
        let (mut a, mut b) =
            (a.into_iter().flat_map(Node::elements), b.into_iter().flat_map(Node::elements));
        if a.clone().count() != b.clone().count() {
            return self.differs(at);
        }
        for position in 0.. {
            match (a.next(), b.next()) {
                (None, None) => return,
                (a, b) => self.value(&at.index(position, position), a, b, element),
            }
        }
    }

    fn maps(&mut self, at: &PathNode<'_>, a: Value<'_>, b: Value<'_>, values: Type<'_>) {
        let (a, b) = (members_of(a), members_of(b));
        for (name, value) in &a {
            match b.get(name) {
                Some(other) => self.value(&at.key(name), Some(*value), Some(*other), values),
                None => self.differs(&at.key(name)),
            }
        }
        for name in b.keys().filter(|name| !a.contains_key(*name)) {
            self.differs(&at.key(name));
        }
    }

    fn structs(
        &mut self,
        at: &PathNode<'_>,
        a: Value<'_>,
        b: Value<'_>,
        (of, fields, schema): (&str, &Fields, Option<&Structural>),
    ) {
        let (a_values, b_values) = (values_of(a, fields), values_of(b, fields));
        for ((name, go), (old, new)) in fields.iter().zip(a_values.into_iter().zip(b_values)) {
            let may_change = match of {
                "v1alpha1.JobSpec" => matches!(name, "minAvailable" | "priorityClassName"),
                "v1alpha1.TaskSpec" => matches!(name, "minAvailable" | "replicas"),
                _ => false,
            };
            if may_change {
                continue;
            }
            // Volcano's controller fills in the name of a claim that it makes.
            let is_filled = |volume: Value<'_>| {
                of == "v1alpha1.VolumeSpec"
                    && name == "volumeClaimName"
                    && volume
                        .and_then(|volume| volume.get("volumeClaim"))
                        .is_some_and(|claim| !claim.is_null())
            };
            let (old, new) = (old.filter(|_| !is_filled(a)), new.filter(|_| !is_filled(b)));
            let schema = schema.and_then(|schema| schema.declared_child(name));
            let [old, new] = [(a, old), (b, new)].map(|(object, value)| {
                value.or_else(|| default(schema?).filter(|_| object.is_some()))
            });
            self.value(&at.key(name), old, new, (go, schema));
        }
    }
}

/// The value that an API server fills in for an absent field.
fn default(schema: &Structural) -> Option<Node<'_>> {
    schema.default.as_ref().and(schema.absent_is.as_ref()).map(Document::root)
}

/// The values of the fields of a struct that are not `null`, in their order.
fn values_of<'v>(object: Value<'v>, fields: &Fields) -> Vec<Value<'v>> {
    let mut values = vec![None; fields.iter().len()];
    let members = object.into_iter().flat_map(Node::members);
    for (key, value) in members.filter(|(_, value)| !value.is_null()) {
        let key = key.to_str();
        let slot = fields.find(&key).and_then(|(position, ..)| values.get_mut(position));
        if let Some(slot) = slot {
            *slot = Some(value);
        }
    }
    values
}

fn members_of(map: Value<'_>) -> BTreeMap<Cow<'_, str>, Node<'_>> {
    let members = map.into_iter().flat_map(Node::members);
    members.map(|(key, value)| (key.to_str(), value)).collect()
}

fn text<'v>(value: Value<'v>, zero: &'static str) -> &'v str {
    value.map_or(zero, Node::text)
}

fn string(value: Value<'_>) -> Cow<'_, str> {
    value.and_then(Node::to_str).unwrap_or_default()
}

/// An integer that was decoded, so it is one.
fn integer(value: Value<'_>) -> Option<i64> {
    value.map_or(Some(0), |value| value.text().parse().ok())
}

/// A quantity that was decoded, so it is one.
fn quantity(value: Value<'_>) -> Option<Quantity> {
    let zero = || Quantity::parse("0");
    value.map_or_else(zero, |value| match value.to_str() {
        Some(text) => Quantity::parse(&text),
        None => Quantity::parse(value.text()),
    })
}

fn parsed<T>(value: Value<'_>, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    parse(&value?.to_str()?)
}
