//! Field selectors, as
//! [pkg/fields](https://github.com/kubernetes/apimachinery/blob/master/pkg/fields/selector.go) reads them.

use crate::store::Key;

/// The conditions of a field selector, all of which must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldSelector(Vec<Term>);

#[derive(Clone, Debug)]
struct Term {
    field: String,
    value: String,
    is_equal: bool,
}

impl FieldSelector {
    /// # Errors
    ///
    /// A term has no operator, or a value has a character that must be escaped.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = split_terms(text);
        terms.sort_unstable();
        let mut selector = Vec::new();
        for term in terms.into_iter().filter(|term| !term.is_empty()) {
            let (field, is_equal, value) = split_term(term)
                .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{term}'"))?;
            let value = unescape(value)?;
            if !field.is_empty() || !value.is_empty() {
                selector.push(Term { field: field.to_owned(), value, is_equal });
            }
        }
        Ok(Self(selector))
    }

    /// Whether objects of a custom resource can be selected by the fields.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_supported =
            |term: &&Term| matches!(&*term.field, "metadata.name" | "metadata.namespace");
        match self.0.iter().find(|term| !is_supported(term)) {
            Some(term) => Err(format!("field label not supported: {}", term.field)),
            None => Ok(()),
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn matches(&self, key: &Key) -> bool {
        self.0.iter().all(|term| {
            let value = if term.field == "metadata.name" { &key.name } else { &key.namespace };
            (**value == *term.value) == term.is_equal
        })
    }
}

/// Splits at commas without a backslash before them. Backslashes are kept.
fn split_terms(text: &str) -> Vec<&str> {
    let mut is_escaped = false;
    let is_comma = |char: char| {
        let was_escaped = is_escaped;
        is_escaped = char == '\\' && !was_escaped;
        char == ',' && !was_escaped
    };
    text.split(is_comma).collect()
}

/// Splits at the first operator.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let (at, _) = term.char_indices().find(|(at, _)| {
        let (_, rest) = term.split_at(*at);
        rest.starts_with("!=") || rest.starts_with('=')
    })?;
    let (field, rest) = term.split_at(at);
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, false, value));
    }
    Some((field, true, rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?))
}

fn unescape(value: &str) -> Result<String, String> {
    let invalid = |sequence: String| {
        Err(format!("invalid field selector: invalid escape sequence: {sequence}"))
    };
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ',' | '=')) => text.push(escaped),
                Some(other) => return invalid(format!("\\{other}")),
                None => return invalid("\\".into()),
            },
            // Go prints a character as its number.
            ',' | '=' => {
                let number = u32::from(char);
                return Err(format!(
                    "invalid field selector: unescaped character in value: {number}"
                ));
            }
            _ => text.push(char),
        }
    }
    Ok(text)
}
