//! Converts a document to JSON: maps, merge keys and aliases.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::error::YamlError;
use super::nodes::{Content, Document, Id, check_depth};
use super::scalars::{Scalar, is_merge, resolve};

/// What it means that a map has a key twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplicates {
    LastCounts,
    AreErrors,
}

/// The value of a document as JSON.
pub(super) fn document_value(
    document: &Document<'_>,
    duplicates: Duplicates,
) -> Result<Value, YamlError> {
    let mut converter =
        Converter { document, duplicates, open: Vec::new(), depth: 0, values: 0, by_alias: 0 };
    converter.value(Document::ROOT)
}

struct Converter<'d> {
    document: &'d Document<'d>,
    duplicates: Duplicates,
    /// The aliases around the current value.
    open: Vec<Id>,
    /// The number of maps, lists and aliases around the current value. Aliases can nest deeper than the
    /// text.
    depth: usize,
    /// How many values were converted, and how many of them within aliases.
    values: u32,
    by_alias: u32,
}

/// A map while it is converted. A key also has its type: `1` and `"1"` are two keys in YAML, and the
/// same one in JSON.
type Members = HashMap<String, (std::mem::Discriminant<Scalar>, Value)>;

impl Converter<'_> {
    fn value(&mut self, id: Id) -> Result<Value, YamlError> {
        self.nested(id, |this| this.value_here(id))
    }

    fn value_here(&mut self, id: Id) -> Result<Value, YamlError> {
        let node = self.document.node(id);
        match &node.content {
            Content::Scalar { text, is_plain } => resolve(node.tag.as_deref(), text, *is_plain)
                .and_then(Scalar::into_json)
                .map_err(|message| self.document.error(id, message)),
            Content::List(elements) => {
                elements.iter().map(|element| self.value(*element)).collect()
            }
            Content::Map(_) => {
                let mut members = Members::new();
                self.add_members(id, &mut members)?;
                let members = members.into_iter().map(|(key, (_, value))| (key, value));
                Ok(Value::Object(members.collect::<Map<_, _>>()))
            }
            Content::Alias(target) => self.in_alias(id, |this| this.value(*target)),
        }
    }

    /// Adds the members of a map in their order: a later one replaces an earlier one, also one that is
    /// merged.
    fn add_members(&mut self, id: Id, members: &mut Members) -> Result<(), YamlError> {
        let node = self.document.node(id);
        let Content::Map(entries) = &node.content else {
            let message = "`<<` needs a map or a list of maps";
            return Err(self.document.error(id, message));
        };
        for (key, value) in entries {
            let key_node = self.document.node(*key);
            match &key_node.content {
                Content::Scalar { text, is_plain }
                    if is_merge(key_node.tag.as_deref(), text, *is_plain) =>
                {
                    self.merge(*value, members)?;
                }
                _ => self.add_member(*key, *value, members)?,
            }
        }
        Ok(())
    }

    fn add_member(&mut self, key: Id, value: Id, members: &mut Members) -> Result<(), YamlError> {
        let scalar = self.key(key)?;
        let kind = std::mem::discriminant(&scalar);
        let name = scalar.into_key().map_err(|message| self.document.error(key, message))?;
        let value = self.value(value)?;
        match members.insert(name.clone(), (kind, value)) {
            Some((replaced, _)) if replaced != kind => Err(self.document.error(
                key,
                format_args!(
                    "the key `{name}` is there with another type, and keys of JSON are strings"
                ),
            )),
            Some(_) if self.duplicates == Duplicates::AreErrors => {
                Err(self.document.error(key, format_args!("the key `{name}` is given twice")))
            }
            _ => Ok(()),
        }
    }

    fn key(&mut self, id: Id) -> Result<Scalar, YamlError> {
        self.count(id)?;
        let node = self.document.node(id);
        match &node.content {
            Content::Scalar { text, is_plain } => resolve(node.tag.as_deref(), text, *is_plain)
                .map_err(|message| self.document.error(id, message)),
            Content::Alias(target) => self.in_alias(id, |this| this.key(*target)),
            Content::List(_) | Content::Map(_) => {
                Err(self.document.error(id, "a list or a map cannot be a key"))
            }
        }
    }

    /// Merges a map, or several: the first one of a list counts most.
    fn merge(&mut self, id: Id, members: &mut Members) -> Result<(), YamlError> {
        match &self.document.node(id).content {
            Content::List(maps) => {
                for map in maps.iter().rev() {
                    self.merge_map(*map, members)?;
                }
                Ok(())
            }
            _ => self.merge_map(id, members),
        }
    }

    fn merge_map(&mut self, id: Id, members: &mut Members) -> Result<(), YamlError> {
        self.nested(id, |this| match &this.document.node(id).content {
            Content::Alias(target) => this.in_alias(id, |this| {
                this.count(*target)?;
                this.add_members(*target, members)
            }),
            _ => this.add_members(id, members),
        })
    }

    /// Counts a value and converts it one level deeper.
    fn nested<T>(
        &mut self,
        id: Id,
        convert: impl FnOnce(&mut Self) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        check_depth(self.document.text(), self.depth, self.document.node(id).range.start)?;
        self.count(id)?;
        self.depth += 1;
        let result = convert(self);
        self.depth -= 1;
        result
    }

    fn in_alias<T>(
        &mut self,
        id: Id,
        convert: impl FnOnce(&mut Self) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        if self.open.contains(&id) {
            return Err(self.document.error(id, "the value contains itself"));
        }
        self.open.push(id);
        let result = convert(self);
        self.open.pop();
        result
    }

    /// Counts a value. Few aliases can stand for very many values, so their share is limited as in
    /// go-yaml.
    fn count(&mut self, id: Id) -> Result<(), YamlError> {
        self.values += 1;
        self.by_alias += u32::from(!self.open.is_empty());
        let (values, by_alias) = (f64::from(self.values), f64::from(self.by_alias));
        let allowed = (0.99 - 0.89 * (values - 400_000.0) / 3_600_000.0).clamp(0.1, 0.99);
        if self.by_alias > 100 && self.values > 1000 && by_alias / values > allowed {
            return Err(self.document.error(id, "too many values come from aliases"));
        }
        Ok(())
    }
}
