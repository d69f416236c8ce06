//! Reading of paths and patterns.

use super::{Key, is_position};

/// Why a text is no [`FieldPath`] or no [`FieldPattern`](crate::FieldPattern).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub struct ParsePathError {
    pub(crate) at: usize,
    pub(crate) reason: Reason,
}

impl ParsePathError {
    /// The byte of the text, counted from 0, at which the error was noticed.
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
    BadQuote,
    #[error("a bracket must be followed by `.`, `[` or the end")]
    Junk,
    #[error("`[*]` may stand in a pattern, not in a path")]
    Wildcard,
    #[error("a pattern must say `[*]`, as list positions change from one update to the next,")]
    Position,
    #[error("no list is that long")]
    HugePosition,
    #[error("a pattern must name a field")]
    EmptyPattern,
}

/// What stands between the separators of a path or pattern.
#[derive(Debug)]
pub(crate) enum Token {
    Key(Key),
    Index(usize),
    Any,
}

/// The tokens of a path or pattern with the byte at which each starts.
pub(crate) fn parse_tokens(text: &str) -> Result<Vec<(usize, Token)>, ParsePathError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len().saturating_sub(rest.len());
        let fail = |reason| ParsePathError { at, reason };
        let (token, tail) = if let Some(inside) = rest.strip_prefix('[') {
            let (token, tail) = parse_bracket(inside).map_err(fail)?;
            if !(tail.is_empty() || tail.starts_with(['.', '['])) {
                return Err(fail(Reason::Junk));
            }
            (token, tail)
        } else {
            let named =
                if tokens.is_empty() { rest } else { rest.strip_prefix('.').unwrap_or(rest) };
            let end = named.find(['.', '[']).unwrap_or(named.len());
            let (name, tail) = named.split_at_checked(end).unwrap_or((named, ""));
            if name.is_empty() {
                return Err(fail(Reason::EmptyName));
            }
            (Token::Key(name.into()), tail)
        };
        tokens.push((at, token));
        rest = tail;
    }
    Ok(tokens)
}

/// Reads a bracket of which the `[` is gone.
fn parse_bracket(inside: &str) -> Result<(Token, &str), Reason> {
    if inside.starts_with('"') {
        let mut strings = serde_json::Deserializer::from_str(inside).into_iter::<String>();
        let Some(Ok(key)) = strings.next() else { return Err(Reason::BadQuote) };
        let tail = inside.get(strings.byte_offset()..).unwrap_or_default();
        let tail = tail.strip_prefix(']').ok_or(Reason::Unclosed)?;
        return Ok((Token::Key(key.into()), tail));
    }
    let (content, tail) = inside.split_once(']').ok_or(Reason::Unclosed)?;
    let token = match content {
        "" => return Err(Reason::EmptyName),
        "*" => Token::Any,
        digits if is_position(digits) => match digits.parse() {
            Ok(index) => Token::Index(index),
            Err(_) => return Err(Reason::HugePosition),
        },
        key => Token::Key(key.into()),
    };
    Ok((token, tail))
}
