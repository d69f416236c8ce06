//! Label selectors, as
//! [pkg/labels](https://github.com/kubernetes/apimachinery/blob/master/pkg/labels/selector.go) reads them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::vec::IntoIter;

use volcano_job_update::internals::metadata::{
    MetadataViolationKind, label_value_violations, qualified_name_violations,
};
use volcano_job_update::internals::quote;

use crate::api::members::{member, members, text};

/// What a binary operator can be, in an error.
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// The requirements of a label selector, all of which must be met.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelSelector(Vec<Requirement>);

/// What is required of the label of a key.
#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    condition: Condition,
}

#[derive(Clone, Debug)]
enum Condition {
    Exists,
    Absent,
    In(BTreeSet<String>),
    /// Also met if the label is absent.
    NotIn(BTreeSet<String>),
    Above(i64),
    Below(i64),
}

impl LabelSelector {
    /// # Errors
    ///
    /// The text is no selector, or has a key or value that no label can have.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser::new(text);
        let mut requirements = Vec::new();
        loop {
            match parser.peek() {
                Token::Identifier(_) | Token::Not => {}
                Token::End => return Ok(Self(requirements)),
                other => {
                    let other = other.text();
                    return Err(format!(
                        "found '{other}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
            let requirement = parser.requirement();
            requirements.push(
                requirement.map_err(|error| format!("unable to parse requirement: {error}"))?,
            );
            match parser.next() {
                Token::End => return Ok(Self(requirements)),
                Token::Comma => match parser.peek() {
                    Token::Identifier(_) | Token::Not => {}
                    other => {
                        let other = other.text();
                        return Err(format!("found '{other}', expected: identifier after ','"));
                    }
                },
                other => {
                    let other = other.text();
                    return Err(format!("found '{other}', expected: ',' or 'end of string'"));
                }
            }
        }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the labels of a Job in JSON meet the requirements.
    pub(super) fn matches(&self, job: &str) -> bool {
        let labels = member(job, "metadata").and_then(|metadata| member(metadata, "labels"));
        let labels = labels.map_or_else(Vec::new, members);
        self.0.iter().all(|Requirement { key, condition }| {
            let label = labels.iter().find(|(other, _)| other == key);
            condition.is_met(label.and_then(|(_, value)| text(value)))
        })
    }
}

impl Condition {
    fn is_met(&self, label: Option<Cow<'_, str>>) -> bool {
        match (self, label) {
            (Self::Exists, label) => label.is_some(),
            (Self::Absent, label) => label.is_none(),
            (Self::In(values), Some(label)) => values.contains(&*label),
            (Self::NotIn(values), Some(label)) => !values.contains(&*label),
            (Self::NotIn(_), None) => true,
            (Self::Above(bound), Some(label)) => label.parse().is_ok_and(|n: i64| n > *bound),
            (Self::Below(bound), Some(label)) => label.parse().is_ok_and(|n: i64| n < *bound),
            (Self::In(_) | Self::Above(_) | Self::Below(_), None) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A key, a value, or one of the words `in` and `notin`.
    Identifier(String),
    Comma,
    Open,
    Close,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Above,
    Below,
    End,
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Identifier(text) => text,
            Self::Comma => ",",
            Self::Open => "(",
            Self::Close => ")",
            Self::Not => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Above => ">",
            Self::Below => "<",
            Self::End => "",
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    // Go's lexer takes a zero byte for the end.
    let mut rest = text.split('\0').next().unwrap_or_default();
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let (token, length) = match rest.as_bytes() {
            [] => return tokens,
            [b'=', b'=', ..] => (Token::DoubleEquals, 2),
            [b'!', b'=', ..] => (Token::NotEquals, 2),
            [b'=', ..] => (Token::Equals, 1),
            [b'!', ..] => (Token::Not, 1),
            [b'(', ..] => (Token::Open, 1),
            [b')', ..] => (Token::Close, 1),
            [b',', ..] => (Token::Comma, 1),
            [b'>', ..] => (Token::Above, 1),
            [b'<', ..] => (Token::Below, 1),
            _ => {
                let end = rest.find(|char| "=!(),>< \t\r\n".contains(char));
                let (word, _) = rest.split_at(end.unwrap_or(rest.len()));
                (Token::Identifier(word.to_owned()), word.len())
            }
        };
        tokens.push(token);
        (_, rest) = rest.split_at(length);
    }
}

struct Parser {
    tokens: std::iter::Peekable<IntoIter<Token>>,
}

impl Parser {
    fn new(text: &str) -> Self {
        Self { tokens: tokens(text).into_iter().peekable() }
    }

    fn peek(&mut self) -> &Token {
        self.tokens.peek().unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token::End)
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (key, is_negated) = match self.next() {
            Token::Not => (self.next(), true),
            token => (token, false),
        };
        let Token::Identifier(key) = key else {
            return Err(format!("found '{}', expected: identifier", key.text()));
        };
        let violations = qualified_name_violations(&key);
        if !violations.is_empty() {
            return Err(format!("<nil>: {}", invalid(&key, &violations)));
        }
        if is_negated {
            return Ok(Requirement { key, condition: Condition::Absent });
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(Requirement { key, condition: Condition::Exists });
        }
        let condition = self.condition(&key)?;
        Ok(Requirement { key, condition })
    }

    fn condition(&mut self, key: &str) -> Result<Condition, String> {
        let operator = self.next();
        let values = match &operator {
            Token::Identifier(word) if word == "in" || word == "notin" => self.values()?,
            Token::Equals
            | Token::DoubleEquals
            | Token::NotEquals
            | Token::Above
            | Token::Below => BTreeSet::from([self.value()?]),
            other => return Err(format!("found '{}', expected: {OPERATORS}", other.text())),
        };
        let mut errors = Vec::new();
        let mut bound = || {
            let text = values.first().map_or("", String::as_str);
            let number = text.parse();
            if number.is_err() {
                let rule = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.push(format!("values[0]: Invalid value: {}: {rule}", quote(text)));
            }
            number.unwrap_or_default()
        };
        let condition = match operator {
            Token::Above => Condition::Above(bound()),
            Token::Below => Condition::Below(bound()),
            Token::NotEquals => Condition::NotIn(values.clone()),
            Token::Identifier(word) if word == "notin" => Condition::NotIn(values.clone()),
            _ => Condition::In(values.clone()),
        };
        for (position, value) in values.iter().enumerate() {
            let violations: Vec<_> = label_value_violations(value).collect();
            if !violations.is_empty() {
                let invalid = invalid(value, &violations);
                errors.push(format!("values[{position}][{key}]: {invalid}"));
            }
        }
        match &*errors {
            [] => Ok(condition),
            [error] => Err(error.clone()),
            errors => Err(format!("[{}]", errors.join(", "))),
        }
    }

    /// A value that may be missing, which means an empty one.
    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.next() {
            Token::Identifier(value) => Ok(value),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    /// Values in parentheses.
    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        let open = self.next();
        if open != Token::Open {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        match self.peek() {
            Token::Identifier(_) | Token::Comma => {}
            Token::Close => {
                self.next();
                return Ok(BTreeSet::from([String::new()]));
            }
            other => {
                let other = other.text();
                return Err(format!("found '{other}', expected: ',', ')' or identifier"));
            }
        }
        self.list()
    }

    /// The values up to the closing parenthesis. Where one is missing, it is empty.
    fn list(&mut self) -> Result<BTreeSet<String>, String> {
        let mut values = BTreeSet::new();
        loop {
            match self.next() {
                Token::Identifier(value) => {
                    values.insert(value);
                    match self.peek() {
                        Token::Comma => {}
                        Token::Close => break,
                        other => {
                            let other = other.text();
                            return Err(format!("found '{other}', expected: ',' or ')'"));
                        }
                    }
                }
                Token::Comma => {
                    let is_last = *self.peek() == Token::Close;
                    if values.is_empty() || is_last || *self.peek() == Token::Comma {
                        values.insert(String::new());
                    }
                    if is_last {
                        break;
                    }
                }
                other => {
                    let other = other.text();
                    return Err(format!("found '{other}', expected: ',', or identifier"));
                }
            }
        }
        self.next();
        Ok(values)
    }
}

fn invalid(text: &str, violations: &[MetadataViolationKind]) -> String {
    let rules: Vec<_> = violations.iter().map(ToString::to_string).collect();
    format!("Invalid value: {}: {}", quote(text), rules.join("; "))
}
