//! The Go types that Volcano's webhook decodes a Job into: `schemas/go-types.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A Go type. `name` is the Go name, such as `[]v1.Container`.
#[derive(Debug)]
pub(super) struct GoType {
    pub(super) name: Box<str>,
    pub(super) kind: GoKind,
}

#[derive(Debug)]
pub(super) enum GoKind {
    Bool,
    /// A signed integer of this many bits.
    Integer(u32),
    String,
    /// `resource.Quantity`
    Quantity,
    /// `metav1.Duration`
    Duration,
    /// `metav1.Time`
    Time,
    /// `intstr.IntOrString`
    IntOrString,
    /// `metav1.FieldsV1`, which is kept as it is.
    Raw,
    Pointer(Box<GoType>),
    Slice(Box<GoType>),
    Map(Box<GoType>),
    /// A struct, by its position in the [`Table`].
    Struct(usize),
}

/// The fields of a struct, sorted by their names in JSON.
pub(super) struct Fields {
    fields: Vec<(Box<str>, GoType)>,
    /// The fields that Go writes although they are empty.
    written: Box<[Box<str>]>,
}

impl Fields {
    /// The names in JSON and the types.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &GoType)> {
        self.fields.iter().map(|(name, go)| (&**name, go))
    }

    /// The position, the name and the type of a field.
    pub(super) fn find(&self, key: &str) -> Option<(usize, &str, &GoType)> {
        let position = self.fields.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
        self.fields.get(position).map(|(name, go)| (position, &**name, go))
    }

    /// Whether Go writes a field although it is empty: its tag has no `omitempty`, or it is a struct.
    pub(super) fn is_written_empty(&self, key: &str) -> bool {
        self.written.iter().any(|name| **name == *key)
    }
}

/// All structs, and the type of a Job.
pub(super) struct Table {
    structs: Vec<Fields>,
    pub(super) job: GoType,
}

impl Table {
    /// The fields of a [`GoKind::Struct`].
    #[expect(clippy::expect_used, reason = "only types of the table have a position in it")]
    pub(super) fn fields(&self, position: usize) -> &Fields {
        self.structs.get(position).expect("the table has each struct")
    }

    /// The type of a field of a Job.
    pub(super) fn job_field(&self, key: &str) -> Option<&GoType> {
        let GoKind::Struct(job) = self.job.kind else { return None };
        self.fields(job).find(key).map(|(_, _, go)| go)
    }
}

/// `schemas/go-types.json`, made by `scripts/update-go-types`.
#[derive(Deserialize)]
struct File {
    structs: BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>,
    /// The underlying types of named types that are no structs.
    names: BTreeMap<Box<str>, Box<str>>,
    /// The fields of each struct that Go writes although they are empty.
    written: BTreeMap<Box<str>, Box<[Box<str>]>>,
}

#[expect(clippy::expect_used, reason = "the text is part of this crate, and every test reads it")]
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../../schemas/go-types.json"))
        .expect("the file is well-formed");
    let fields_of = |name: &str, fields: &BTreeMap<Box<str>, Box<str>>| Fields {
        fields: fields.iter().map(|(key, name)| (key.clone(), go_type(name, &file))).collect(),
        written: file.written.get(name).cloned().unwrap_or_default(),
    };
    let structs = file.structs.iter().map(|(name, fields)| fields_of(name, fields)).collect();
    Table { structs, job: go_type("v1alpha1.Job", &file) }
});

fn go_type(name: &str, file: &File) -> GoType {
    GoType { name: name.into(), kind: kind_of(name, file) }
}

#[expect(clippy::panic, reason = "a test reads each type")]
fn kind_of(name: &str, file: &File) -> GoKind {
    let boxed = |name| Box::new(go_type(name, file));
    if let Some(pointee) = name.strip_prefix('*') {
        return GoKind::Pointer(boxed(pointee));
    }
    if let Some(element) = name.strip_prefix("[]") {
        return GoKind::Slice(boxed(element));
    }
    if let Some((_, value)) = name.strip_prefix("map[").and_then(|map| map.split_once(']')) {
        return GoKind::Map(boxed(value));
    }
    match name {
        "bool" => GoKind::Bool,
        "int32" => GoKind::Integer(32),
        "int" | "int64" => GoKind::Integer(64),
        "string" => GoKind::String,
        "resource.Quantity" => GoKind::Quantity,
        "v1.Duration" => GoKind::Duration,
        "v1.Time" => GoKind::Time,
        "intstr.IntOrString" => GoKind::IntOrString,
        "v1.FieldsV1" => GoKind::Raw,
        name => match (file.structs.keys().position(|of| **of == *name), file.names.get(name)) {
            (Some(position), _) => GoKind::Struct(position),
            (None, Some(underlying)) => kind_of(underlying, file),
            (None, None) => panic!("unknown Go type {name}"),
        },
    }
}
