//! The errors of decoding a Job into Go's types, as Volcano's webhook does.
//!
//! The decoder is that of [sigs.k8s.io/json](https://github.com/kubernetes-sigs/json): keys match only
//! in the right case, unknown fields are ignored, and `null` leaves a value at zero.

use super::Denial;
use super::reason::Reason;
use super::types::{Fields, GoKind, GoType, TABLE};
use crate::job::{JsonType, Node, Shape};
use crate::path::{FieldPath, Segment};
use crate::scalar::duration::parse_duration;
use crate::scalar::quantity::Quantity;
use crate::scalar::time::parse_time;

/// The first value in a Job that its Go type cannot hold. Go looks at apiVersion and kind first, but
/// takes any.
///
/// `sound` is a Job without such a value: what has the same text in it is not decoded again.
pub(super) fn decode_error(job: Node<'_>, sound: Option<Node<'_>>) -> Option<Denial> {
    if let Some(error) = type_meta_error(job) {
        return Some(error);
    }
    let mut decoder = Decoder { path: Vec::new(), fields: Vec::new(), parent: "" };
    let reason = decoder.value(job, sound, &TABLE.job).err()?;
    let path = decoder.path.into_iter().rev().collect::<FieldPath>();
    Some(Denial::decode(path, reason))
}

fn type_meta_error(job: Node<'_>) -> Option<Denial> {
    for (key, value) in job.members() {
        let key = key.to_str();
        if !matches!(&*key, "apiVersion" | "kind") || value.is_null() {
            continue;
        }
        let error = match value.to_str() {
            None => {
                let found = json_type(value.shape()).go_name();
                format!(
                    "couldn't get version/kind; json parse error: json: cannot unmarshal {found} \
                     into Go struct field .{key} of type string"
                )
                .into()
            }
            Some(version) if &*key == "apiVersion" && version.matches('/').count() > 1 => {
                Reason::with_value("unexpected GroupVersion string", format!(": {version}"), "")
            }
            Some(_) => continue,
        };
        let path = std::iter::once(Segment::Key((&*key).into())).collect();
        return Some(Denial::decode(path, error));
    }
    None
}

struct Decoder<'t> {
    /// After an error, the steps to the value at fault, the last one first.
    path: Vec<Segment>,
    /// The names of the struct fields in that place. Go names neither positions nor keys of maps.
    fields: Vec<&'t str>,
    /// The Go name of the struct that is decoded.
    parent: &'t str,
}

impl<'t> Decoder<'t> {
    fn value(
        &mut self,
        value: Node<'_>,
        sound: Option<Node<'_>>,
        go: &'t GoType,
    ) -> Result<(), Reason> {
        if sound.is_some_and(|sound| sound.text() == value.text()) {
            return Ok(());
        }
        match (&go.kind, value.shape()) {
            (GoKind::Quantity, _) => Self::quantity(value),
            (GoKind::Duration, _) => self.duration(value),
            (GoKind::IntOrString, Shape::Number) => self.integer(value, 32, "int32"),
            (GoKind::Raw, _) | (_, Shape::Null) => Ok(()),
            (GoKind::Pointer(pointee), _) => self.value(value, sound, pointee),
            (GoKind::Time, Shape::String) => Self::time(value),
            (GoKind::Bool, Shape::Bool) | (GoKind::String | GoKind::IntOrString, Shape::String) => {
                Ok(())
            }
            (GoKind::Integer(bits), Shape::Number) => self.integer(value, *bits, &go.name),
            (GoKind::Slice(element), Shape::List) => {
                let mut sound = sound.into_iter().flat_map(Node::elements);
                value.elements().enumerate().try_for_each(|(position, value)| {
                    let result = self.value(value, sound.next(), element);
                    result.inspect_err(|_| self.path.push(Segment::Index(position)))
                })
            }
            (GoKind::Map(values), Shape::Object) => value.members().try_for_each(|(key, value)| {
                let result = self.value(value, None, values);
                result.inspect_err(|_| self.path.push(Segment::Key((&*key.to_str()).into())))
            }),
            (GoKind::Struct(fields), Shape::Object) => {
                self.structure(value, sound, &go.name, TABLE.fields(*fields))
            }
            (GoKind::Time | GoKind::IntOrString, shape) => {
                Err(self.mismatch(json_type(shape).go_name(), "", "string"))
            }
            (_, shape) => Err(self.mismatch(json_type(shape).go_name(), "", &go.name)),
        }
    }

    fn structure(
        &mut self,
        value: Node<'_>,
        sound: Option<Node<'_>>,
        name: &'t str,
        fields: &'t Fields,
    ) -> Result<(), Reason> {
        // `v1alpha1.Job` is `Job` in errors.
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
        let outer = std::mem::replace(&mut self.parent, name);
        // Mostly, both Jobs have the same keys in the same order.
        let mut sound = sound.into_iter().flat_map(Node::members);
        for (key, value) in value.members() {
            let same_place = sound.next().filter(|(other, _)| *other == key);
            let key = key.to_str();
            if let Some((_, name, go)) = fields.find(&key) {
                self.fields.push(name);
                let result = self.value(value, same_place.map(|(_, value)| value), go);
                result.inspect_err(|_| self.path.push(Segment::Key((&*key).into())))?;
                self.fields.pop();
            }
        }
        self.parent = outer;
        Ok(())
    }

    fn integer(&self, value: Node<'_>, bits: u32, go: &str) -> Result<(), Reason> {
        let text = value.text();
        let fits = match bits {
            32 => text.parse::<i32>().is_ok(),
            _ => text.parse::<i64>().is_ok(),
        };
        if fits { Ok(()) } else { Err(self.mismatch("number", &format!(" {text}"), go)) }
    }

    fn quantity(value: Node<'_>) -> Result<(), Reason> {
        let is_quantity = match value.shape() {
            Shape::Null => true,
            Shape::String => value.to_str().is_some_and(|text| Quantity::parse(&text).is_some()),
            Shape::Number => Quantity::parse(value.text()).is_some(),
            Shape::Bool | Shape::List | Shape::Object => false,
        };
        let message = "quantities must match the regular expression \
                       '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        if is_quantity { Ok(()) } else { Err(message.into()) }
    }

    /// A `Duration` is behind a pointer everywhere, so `null` does not get here.
    fn duration(&self, value: Node<'_>) -> Result<(), Reason> {
        let Some(text) = value.to_str() else {
            return Err(self.mismatch(json_type(value.shape()).go_name(), "", "string"));
        };
        match parse_duration(&text) {
            Some(_) => Ok(()),
            // Go quotes the text, which may be a secret.
            None => Err("time: invalid duration".into()),
        }
    }

    fn time(value: Node<'_>) -> Result<(), Reason> {
        match value.to_str().and_then(|text| parse_time(&text)) {
            Some(_) => Ok(()),
            None => Err("parsing time: not a time of RFC 3339".into()),
        }
    }

    /// `found` is the JSON type, behind which Go writes `value`.
    fn mismatch(&self, found: &str, value: &str, go: &str) -> Reason {
        let place = if self.fields.is_empty() {
            format!(" into Go value of type {go}")
        } else {
            let (parent, field) = (self.parent, self.fields.join("."));
            format!(" into Go struct field {parent}.{field} of type {go}")
        };
        Reason::with_value(format!("json: cannot unmarshal {found}"), value.to_owned(), place)
    }
}

fn json_type(shape: Shape) -> JsonType {
    match shape {
        Shape::Null => JsonType::Null,
        Shape::Bool => JsonType::Boolean,
        Shape::Number => JsonType::Number,
        Shape::String => JsonType::String,
        Shape::List => JsonType::Array,
        Shape::Object => JsonType::Object,
    }
}
