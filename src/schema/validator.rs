//! The compiled validator of a field.

use jsonschema::Validator;

use super::instance::Instance;

/// How a changed value is validated.
#[derive(Debug)]
pub(super) enum Validation {
    /// Not separately: the value contains, or is part of, fields that have validators.
    None,
    /// As one value.
    Field(Box<FieldValidator>),
    /// As one value, and only if it is written on its own: the status, which other updates ignore.
    Subresource(Box<FieldValidator>),
    /// Field by field: a task.
    Task,
}

#[derive(Debug)]
pub(super) struct FieldValidator {
    pub(super) json_schema: Validator<Instance>,
    /// Whether duplicate elements of sets and keyed lists are violations.
    pub(super) unique_elements: bool,
}
