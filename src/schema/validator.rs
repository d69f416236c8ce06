//! The compiled validator of a field.

use jsonschema::Validator;

/// How a changed value is validated.
#[derive(Debug)]
pub(super) enum Validation {
    /// Not by itself: it is below or above a field that is.
    None,
    /// As one value.
    Field(Box<FieldValidator>),
    /// Field by field: a task.
    Task,
}

#[derive(Debug)]
pub(super) struct FieldValidator {
    pub(super) json_schema: Validator,
    /// Whether no set or keyed list may have an element twice.
    pub(super) unique_elements: bool,
}
