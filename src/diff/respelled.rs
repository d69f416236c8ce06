//! Compares a value with a text that may have another order of keys, without an index of the text.
//!
//! A client's body is often the stored Job with its keys in another order and without its defaults. To find
//! that out costs less than the walk.

use super::values::{is_like_absent, present, slot_of};
use crate::job::{Lookup, Node, Shape, Text, known};
use crate::schema::{ANY, Identity, Kind, Structural};

/// Whether a well-formed text without white space around it is the same value, with each number and
/// string written in the same way. The keys can have another order, and what is like an absent value can be
/// absent.
///
/// `false` does not mean that the values differ: `2.0` is the same number as `2`.
pub(super) fn is_respelled<'d>(schema: &Structural, value: Node<'d>, text: &'d str) -> bool {
    (value.is_object() || value.is_list())
        && differ_in_keys(value.text(), text)
        && Comparison { members: Vec::new() }.value(schema, value, text).is_some()
}

/// Whether the first difference between two texts seems to be in a key, which need not be so. If only a
/// value was changed, the comparison would be in vain.
fn differ_in_keys(a: &str, b: &str) -> bool {
    const CHUNK: usize = 64;
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same_chunks = a.chunks(CHUNK).zip(b.chunks(CHUNK)).take_while(|(a, b)| a == b);
    let (start, rest) = a.split_at(a.len().min(same_chunks.count() * CHUNK));
    let rest_of_b = b.iter().skip(start.len());
    let same_bytes = rest.iter().zip(rest_of_b).take_while(|(a, b)| a == b).count();
    let mut back = a.iter().take(start.len() + same_bytes).rev().skip_while(|byte| **byte != b'"');
    let before_quote = back.find(|byte| !matches!(byte, b'"' | b' ' | b'\n' | b'\r' | b'\t'));
    matches!(before_quote, None | Some(b'{' | b','))
}

/// Each function compares a value with that with which a text begins, and returns what follows there;
/// `None` if the two are not the same.
struct Comparison<'d> {
    /// The members of the objects around a value, see [`Lookup`].
    members: Vec<(Text<'d>, Node<'d>)>,
}

impl<'d> Comparison<'d> {
    fn value(&mut self, schema: &Structural, value: Node<'d>, text: &'d str) -> Option<&'d str> {
        if let Some(same) = known::same(value.text(), text) {
            return Some(known::split(text, same.len()).1);
        }
        let is_set = matches!(schema.kind, Kind::List { identity: Identity::Set, .. });
        match value.shape() {
            Shape::Object => self.object(schema, value, text),
            // The elements of a set are compared as they are.
            Shape::List if !is_set => self.list(schema.items(), value, text),
            Shape::List | Shape::String | Shape::Number | Shape::Bool | Shape::Null => None,
        }
    }

    fn object(&mut self, schema: &Structural, object: Node<'d>, text: &'d str) -> Option<&'d str> {
        if !text.starts_with('{') {
            return None;
        }
        let mut members = Lookup::new(object.members());
        let mut rest = text;
        while let Some(item) = known::item(rest) {
            let next = members.next_if(&mut self.members, |(key, _)| key.begins(item));
            let ((key, value), behind) = if let Some(member) = next {
                (member, known::split(item, member.0.length()).1)
            } else {
                let (key, behind) = Text::read(item);
                // A key that occurs twice in the text is found once.
                (members.find(&key.valid()?, &mut self.members)?, behind)
            };
            let is_scalar = !value.is_object() && !value.is_list();
            let child = if is_scalar { &ANY } else { slot_of(schema, &key.to_str(), |_| false).0 };
            rest = self.value(child, value, known::behind_colon(behind))?;
        }
        let is_like_absent = |(key, value): (Text<'d>, Node<'d>)| {
            let (child, slot) = slot_of(schema, &key.to_str(), |_| false);
            present(Some(value), child, slot).is_none_or(|value| is_like_absent(value, child))
        };
        let are_same = members.finish_if_all(&mut self.members, is_like_absent);
        are_same.then(|| known::behind_bracket(rest))
    }

    fn list(&mut self, items: &Structural, list: Node<'d>, text: &'d str) -> Option<&'d str> {
        if !text.starts_with('[') {
            return None;
        }
        let mut elements = list.elements();
        let mut rest = text;
        while let Some(item) = known::item(rest) {
            rest = self.value(items, elements.next()?, item)?;
        }
        elements.next().is_none().then(|| known::behind_bracket(rest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::job::Document;

    fn is_respelled(value: &str, text: &str) -> bool {
        is_respelled_by(&ANY, value, text)
    }

    fn is_respelled_by(schema: &Structural, value: &str, text: &str) -> bool {
        let value = Document::of_text(value).unwrap();
        Comparison { members: Vec::new() }.value(schema, value.root(), text).is_some()
    }

    #[test]
    fn order_of_keys_and_white_space_do_not_matter() {
        let value = r#"{"a":[1,{"b":"x","c":{}}],"d":{"e":null,"f":true,"g":-1.5e3},"h":[]}"#;
        for text in [
            value,
            r#"{"h":[],"d":{"g":-1.5e3,"f":true,"e":null},"a":[1,{"c":{},"b":"x"}]}"#,
            r#"{"d":{"f":true,"e":null,"g":-1.5e3},"h":[],"a":[1,{"b":"x","c":{}}]}"#,
            "{ \"h\" :\t[ ]\n, \"a\": [ 1 , {\"b\" : \"x\" ,\"c\":{ }\r}], \"d\":{\"e\":null,\"f\":true,\"g\":-1.5e3 }}",
            r#"{"\u0068":[],"a":[1,{"c":{},"b":"x"}],"d":{"e":null,"f":true,"g":-1.5e3}}"#,
        ] {
            assert!(is_respelled(value, text), "{text}");
        }
    }

    #[test]
    fn other_values_are_not_the_same() {
        for (value, text) in [
            (r#"{"a":1}"#, r#"{"a":10}"#),
            (r#"{"a":10}"#, r#"{"a":1}"#),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":1}"#, "{}"),
            ("{}", r#"{"a":1}"#),
            (r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
            (r#"{"a":1,"b":2}"#, r#"{"b":1,"a":2}"#),
            ("[1,2]", "[1]"),
            ("[1]", "[1,2]"),
            ("[1,2]", "[2,1]"),
            ("[]", "{}"),
            ("{}", "[]"),
            (r#"{"a":{"b":[1,{"c":2}]}}"#, r#"{"a":{"b":[1,{"c":3}]}}"#),
        ] {
            assert!(!is_respelled(value, text), "{value} {text}");
        }
    }

    #[test]
    fn what_is_like_an_absent_value_can_be_absent() {
        let openapi = serde_json::json!({
            "type": "object",
            "properties": {
                "protocol": {"type": "string", "default": "TCP"},
                "names": {"type": "array", "items": {"type": "string"}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "keys": {
                    "type": "array",
                    "x-kubernetes-list-type": "set",
                    "items": {"type": "object", "properties": {"a": {"default": 1}}},
                },
            },
        });
        let schema = Structural::of(&openapi);
        for (value, text, expected) in [
            (r#"{"protocol":"TCP"}"#, "{}", true),
            (r#"{"names":[],"protocol":"TCP","labels":{}}"#, r#"{"labels":{}}"#, true),
            (r#"{"unknown":null}"#, "{}", true),
            (r#"{"protocol":"UDP"}"#, "{}", false),
            (r#"{"names":["a"]}"#, "{}", false),
            (r#"{"unknown":[]}"#, "{}", false),
            (r#"{"labels":{"a":""}}"#, r#"{"labels":{}}"#, false),
            (r#"{"keys":[{"a":1}]}"#, r#"{"keys":[{"a":1}]}"#, true),
            (r#"{"keys":[{"a":1}]}"#, r#"{"keys":[{}]}"#, false),
        ] {
            assert_eq!(is_respelled_by(&schema, value, text), expected, "{text}");
        }
    }

    /// The key is that of another member, or it has a lone surrogate.
    #[test]
    fn a_text_that_has_no_value_is_not_the_same() {
        for others in [0, 1, 15, 40] {
            let members = |keys: [&str; 2]| {
                let others = (0..others).map(|i| format!("\"{i}\":0"));
                let members = others.chain(keys.map(|key| format!("\"{key}\":1")));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            };
            let value = members(["a", "b"]);
            assert!(is_respelled(&value, &members(["b", "a"])));
            for keys in [["a", "a"], ["b", "b"], ["b", "\\u0062"], ["b", "\\ud800"]] {
                assert!(!is_respelled(&value, &members(keys)), "{keys:?} behind {others}");
            }
        }
    }

    #[test]
    fn a_changed_value_is_not_a_respelling() {
        for (a, b, expected) in [
            (r#"{"a":1}"#, r#"{"a":2}"#, false),
            (r#"{"a":"x"}"#, r#"{"a":"y"}"#, false),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, true),
            (r#"{"a":1,"bc":2,"bd":3}"#, r#"{"a":1,"bd":3,"bc":2}"#, true),
            ("{\n \"a\": 1,\n \"b\": 2}", "{\n \"a\": 1,\n \"c\": 2}", true),
            ("{\n \"a\": 1,\n \"b\": 2}", "{\n \"a\": 1,\n \"b\": 3}", false),
        ] {
            let pad = "\"k\":[0],".repeat(40);
            assert_eq!(differ_in_keys(a, b), expected, "{a} {b}");
            let padded = |text: &str| text.replacen('{', &format!("{{{pad}"), 1);
            assert_eq!(differ_in_keys(&padded(a), &padded(b)), expected, "{a} {b}");
        }
    }

    /// All pairs of objects of two members, of a few keys and values.
    #[test]
    fn the_same_value_is_equal() {
        let values = ["1", "[1,{}]", "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"];
        let members =
            ["a", "b", "c"].iter().flat_map(|key| values.map(|value| format!("\"{key}\":{value}")));
        let members: Vec<String> = members.collect();
        let objects =
            members.iter().flat_map(|a| members.iter().map(move |b| format!("{{{a},{b}}}")));
        let objects: Vec<String> = objects.collect();
        let is_checked = |text: &&String| Document::of_text(text).is_some();
        for old in objects.iter().filter(is_checked) {
            for new in &objects {
                let values: [Value; 2] = [old, new].map(|text| serde_json::from_str(text).unwrap());
                let is_equal = is_checked(&new) && values[0] == values[1];
                assert_eq!(is_respelled(old, new), is_equal, "{old} {new}");
            }
        }
    }
}
