//! The form in which an API server stores a value, written from a text in another form: keys sorted, no
//! white space, Go's escapes, no `null` where the schema allows none, defaults filled in.

use std::borrow::Cow;

use serde_json::Value;
use volcano_job_update::internals::{Document, Node, Shape, Structural};

use crate::go;

/// The encoding that an API server stores for a well-formed JSON text. `None` if only the parsed value
/// shows it: the text has an unknown field, a duplicate key, a number in another form than Go's, or an
/// object that is not pruned.
pub(crate) fn respell(schema: &Structural, text: &str) -> Option<String> {
    let document = Document::of_text(text)?;
    let out = String::with_capacity(text.len());
    let mut writer = Writer { out, members: Vec::with_capacity(USUAL_MEMBERS) };
    writer.value(schema, document.root())?;
    Some(writer.out)
}

/// The number of members around a value of a Job that is seldom exceeded.
const USUAL_MEMBERS: usize = 32;

/// Writes values. The methods return `None` for what cannot be written.
struct Writer<'d> {
    out: String,
    /// The members that are left to write of the current object, and of those around it. The next one is
    /// the last.
    members: Vec<(Cow<'d, str>, Member<'d>)>,
}

enum Member<'d> {
    Sent(&'d Structural, Node<'d>),
    Default(&'d Value),
}

impl<'d> Writer<'d> {
    fn value(&mut self, schema: &'d Structural, node: Node<'d>) -> Option<()> {
        match node.shape() {
            Shape::Object => return self.object(schema, node),
            Shape::List => return self.list(schema.items(), node),
            Shape::Number => {
                go::is_number_text(node.text()).then_some(())?;
                self.out.push_str(node.text());
            }
            // The caller has checked that null may be stored here.
            Shape::Null | Shape::Bool => self.out.push_str(node.text()),
            Shape::String => go::write_string(&mut self.out, &node.to_str()?),
        }
        Some(())
    }

    fn object(&mut self, schema: &'d Structural, node: Node<'d>) -> Option<()> {
        let around = self.members.len();
        self.add_members(schema, node)?;
        let (_, own) = self.members.split_at_mut(around);
        own.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        self.out.push('{');
        let mut position = 0;
        while self.members.len() > around
            && let Some((key, member)) = self.members.pop()
        {
            go::write_key(&mut self.out, position, &key);
            position += 1;
            match member {
                Member::Sent(schema, node) => self.value(schema, node)?,
                Member::Default(value) => go::write_json(&mut self.out, value),
            }
        }
        self.out.push('}');
        Some(())
    }

    /// Adds the members that are stored of an object.
    fn add_members(&mut self, schema: &'d Structural, node: Node<'d>) -> Option<()> {
        if schema.preserve_unknown || schema.embedded {
            return None;
        }
        let around = self.members.len();
        for (key, value) in node.members() {
            let key = key.to_str();
            let schema = schema.declared_child(&key)?;
            if schema.nullable || !value.is_null() {
                self.members.push((key, Member::Sent(schema, value)));
            }
        }
        for (name, default) in schema.defaults() {
            let is_absent = self.members.iter().skip(around).all(|(key, _)| key != name);
            if is_absent {
                self.members.push((name.into(), Member::Default(default)));
            }
        }
        Some(())
    }

    fn list(&mut self, items: &'d Structural, node: Node<'d>) -> Option<()> {
        self.out.push('[');
        for (position, element) in node.elements().enumerate() {
            if element.is_null() && items.default.is_some() {
                return None;
            }
            if position > 0 {
                self.out.push(',');
            }
            self.value(items, element)?;
        }
        self.out.push(']');
        Some(())
    }
}
