//! Extracts the OpenAPI schema of a Job from Volcano's CRD, without descriptions. Run by
//! `scripts/update-schema`.

#![expect(clippy::print_stdout, reason = "the schema is written to standard output")]

use std::error::Error;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: update-schema CRD.json")?;
    let mut crd: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let mut schema = match crd.pointer_mut("/spec/versions") {
        Some(versions) => job_schema(versions).ok_or("the CRD has no schema for v1alpha1")?,
        None => crd,
    };
    if schema.pointer("/properties/spec/properties/tasks").is_none() {
        return Err("this is not the schema of a Volcano Job".into());
    }
    remove_descriptions(&mut schema);
    let mut text = Vec::new();
    schema.serialize(&mut Serializer::with_formatter(
        &mut text,
        PrettyFormatter::with_indent(b" "),
    ))?;
    println!("{}", String::from_utf8(text)?);
    Ok(())
}

fn job_schema(versions: &mut Value) -> Option<Value> {
    let version =
        versions.as_array_mut()?.iter_mut().find(|version| version["name"] == "v1alpha1")?;
    Some(version.pointer_mut("/schema/openAPIV3Schema")?.take())
}

/// Removes the keyword `description`, which is a string. A field with that name is an object and is
/// kept.
fn remove_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.retain(|key, value| key != "description" || !value.is_string());
            map.values_mut().for_each(remove_descriptions);
        }
        Value::Array(list) => list.iter_mut().for_each(remove_descriptions),
        _ => {}
    }
}
