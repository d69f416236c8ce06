//! Compiles the validators: the schema of each field is translated to JSON Schema.

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Retrieve, ValidationOptions, Validator};
use serde_json::{Map, Value};

use super::instance::Instance;
use super::structural::{Kind, Structural};
use super::validator::{FieldValidator, Validation};

impl Structural {
    /// Compiles one validator each for `metadata.<field>`, `spec.<field>`,
    /// `spec.tasks[i].<field>` and `status`.
    ///
    /// # Errors
    ///
    /// A part of the schema is not a valid JSON Schema (`minimum: "1"`). Returns the message of
    /// the crate `jsonschema`.
    pub(super) fn compile_validators(&mut self) -> Result<(), String> {
        for (name, field) in self.fields_mut() {
            match name {
                "metadata" => field.compile_metadata()?,
                "spec" => field.compile_spec()?,
                "status" => {
                    field.validation = Validation::Subresource(field.validator(true)?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Does not require unique elements, because an API server accepts duplicate finalizers and
    /// owners.
    fn compile_metadata(&mut self) -> Result<(), String> {
        self.fields_mut().try_for_each(|(_, field)| field.compile(false))
    }

    fn compile_spec(&mut self) -> Result<(), String> {
        for (name, field) in self.fields_mut() {
            match (name, &mut field.kind) {
                ("tasks", Kind::List { items: task, .. }) => {
                    task.fields_mut().try_for_each(|(_, field)| field.compile(true))?;
                    task.validation = Validation::Task;
                }
                ("tasks", _) => {}
                _ => field.compile(true)?,
            }
        }
        Ok(())
    }

    fn compile(&mut self, unique_elements: bool) -> Result<(), String> {
        self.validation = Validation::Field(self.validator(unique_elements)?);
        Ok(())
    }

    fn validator(&self, unique_elements: bool) -> Result<Box<FieldValidator>, String> {
        let json_schema = options().build(&self.to_json_schema());
        let json_schema = json_schema.map_err(|error| error.to_string())?;
        Ok(Box::new(FieldValidator { json_schema, unique_elements }))
    }

    fn fields_mut(&mut self) -> impl Iterator<Item = (&str, &mut Self)> {
        let fields = match &mut self.kind {
            Kind::Struct(fields) => Some(fields.iter_mut()),
            _ => None,
        };
        fields.into_iter().flatten()
    }

    /// Translates this schema to JSON Schema. The result accepts the same values, and also sets and
    /// keyed lists with duplicate elements.
    fn to_json_schema(&self) -> Value {
        let mut json_schema = self.own_json_schema();
        match &self.kind {
            Kind::Struct(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, field)| (name.to_string(), field.to_json_schema()));
                json_schema.insert("properties".into(), fields.collect());
            }
            Kind::Map(values) => {
                json_schema.insert("additionalProperties".into(), values.to_json_schema());
            }
            Kind::List { items, .. } => {
                json_schema.insert("items".into(), items.to_json_schema());
            }
            Kind::Quantity | Kind::Duration | Kind::Scalar | Kind::Any => {}
        }
        Value::Object(json_schema)
    }

    /// Translates what the schema says about the value itself, but not about what is below it.
    fn own_json_schema(&self) -> Map<String, Value> {
        let keyword = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
        let mut json_schema: Map<String, Value> =
            self.value_validations.iter().map(keyword).collect();
        // JSON Schema has no formats for integers.
        match self.format() {
            Some("int32") => limit(&mut json_schema, i32::MIN.into(), i32::MAX.into()),
            Some("int64") => limit(&mut json_schema, i64::MIN, i64::MAX),
            _ => {}
        }
        json_schema
    }

    /// The validator of the value itself; `None` if nothing restricts it.
    #[expect(clippy::expect_used, reason = "the whole schema was compiled when it was read")]
    pub(super) fn own_validator(&self) -> Option<&Validator<Instance>> {
        let compile = || {
            let json_schema = Value::Object(self.own_json_schema());
            options().build(&json_schema).expect("a part of a valid schema")
        };
        (!self.value_validations.is_empty()).then(|| self.own_validator.get_or_init(compile))
    }
}

fn limit(json_schema: &mut Map<String, Value>, least: i64, most: i64) {
    json_schema.remove("format");
    json_schema.entry("minimum").or_insert(least.into());
    json_schema.entry("maximum").or_insert(most.into());
}

fn options() -> ValidationOptions<'static, Arc<dyn Retrieve>, Instance> {
    jsonschema::options_for()
        // The meta-schema of this draft is one small document, and every schema is validated
        // against it.
        .with_draft(Draft::Draft7)
        // Matches in linear time, with the syntax of Go's regular expressions.
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
}
