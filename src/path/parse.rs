//! The parser of paths and patterns.

use super::Key;

/// The error for a text that is not a valid [`FieldPath`](crate::FieldPath) or
/// [`FieldPattern`](crate::FieldPattern).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub struct ParsePathError {
    pub(crate) at: usize,
    pub(crate) reason: Reason,
}

impl ParsePathError {
    /// The byte at which the malformed part of the text starts, counted from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("a field name must not be empty")]
    EmptyName,
    #[error("`[` must be closed by `]`")]
    Unclosed,
    #[error("a quoted key must be a JSON string")]
    InvalidQuotedKey,
    #[error("a bracket must be followed by `.`, `[` or the end")]
    TextAfterBracket,
    #[error("`[*]` may stand in a pattern, not in a path")]
    WildcardInPath,
    #[error("a pattern must say `[*]`, as list positions change from one update to the next,")]
    PositionInPattern,
    #[error("no list is that long")]
    PositionTooLarge,
    #[error("a pattern must name a field")]
    EmptyPattern,
}

/// One step of a path or pattern.
#[derive(Debug)]
pub(crate) enum Token {
    Key(Key),
    Index(usize),
    Any,
}

/// The tokens of a path or pattern, each with the byte at which it starts.
pub(crate) fn parse_tokens(text: &str) -> Result<Vec<(usize, Token)>, ParsePathError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let parsed = match rest.strip_prefix('[') {
            Some(inside) => parse_bracket(inside),
            None if tokens.is_empty() => parse_name(rest),
            None => rest.strip_prefix('.').ok_or(Reason::TextAfterBracket).and_then(parse_name),
        };
        let (token, tail) = parsed.map_err(|reason| ParsePathError { at, reason })?;
        tokens.push((at, token));
        rest = tail;
    }
    Ok(tokens)
}

/// Reads a name up to the next separator. Returns the token and the text after it.
fn parse_name(text: &str) -> Result<(Token, &str), Reason> {
    let (name, tail) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    if name.is_empty() { Err(Reason::EmptyName) } else { Ok((Token::Key(name.into()), tail)) }
}

/// Reads a bracket; `inside` is the text after its `[`. Returns the token and the text after `]`.
fn parse_bracket(inside: &str) -> Result<(Token, &str), Reason> {
    let (token, tail) = if inside.starts_with('"') {
        parse_quoted_key(inside)?
    } else {
        parse_bracket_content(inside)?
    };
    if tail.is_empty() || tail.starts_with(['.', '[']) {
        Ok((token, tail))
    } else {
        Err(Reason::TextAfterBracket)
    }
}

fn parse_quoted_key(inside: &str) -> Result<(Token, &str), Reason> {
    let mut strings = serde_json::Deserializer::from_str(inside).into_iter::<String>();
    let Some(Ok(key)) = strings.next() else { return Err(Reason::InvalidQuotedKey) };
    // `byte_offset` is the offset of the byte after the closing quote.
    let (_, tail) = inside.split_at(strings.byte_offset());
    Ok((Token::Key(key.into()), tail.strip_prefix(']').ok_or(Reason::Unclosed)?))
}

fn parse_bracket_content(inside: &str) -> Result<(Token, &str), Reason> {
    let (content, tail) = inside.split_once(']').ok_or(Reason::Unclosed)?;
    let token = match content {
        "" => return Err(Reason::EmptyName),
        "*" => Token::Any,
        digits if is_position(digits) => match digits.parse() {
            Ok(index) => Token::Index(index),
            Err(_) => return Err(Reason::PositionTooLarge),
        },
        key => Token::Key(key.into()),
    };
    Ok((token, tail))
}

/// Whether a text in brackets is a list position.
pub(super) fn is_position(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
