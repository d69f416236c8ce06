//! CSV as Go's [`encoding/csv`](https://pkg.go.dev/encoding/csv) reads it, which refuses quotes that
//! other readers take as they are.

use std::fmt;

/// Where and why a text is no CSV. `Display` is Go's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) struct CsvError {
    /// The line on which the record begins.
    start_line: usize,
    line: usize,
    /// In bytes, from 1.
    column: usize,
    why: &'static str,
}

const BARE_QUOTE: &str = r#"bare " in non-quoted-field"#;
const QUOTE: &str = r#"extraneous or missing " in quoted-field"#;

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start_line, line, column, why } = self;
        if start_line != line {
            write!(f, "record on line {start_line}; ")?;
        }
        write!(f, "parse error on line {line}, column {column}: {why}")
    }
}

/// Reads all records. Empty lines are skipped.
pub(super) fn read(text: &str) -> Result<Vec<Vec<String>>, CsvError> {
    let text = text.replace("\r\n", "\n");
    let text = text.strip_suffix('\r').unwrap_or(&text);
    let mut reader = Reader { text, at: 0, start: 0 };
    let mut records = Vec::new();
    while let Some(record) = reader.record()? {
        records.push(record);
    }
    Ok(records)
}

struct Reader<'t> {
    text: &'t str,
    /// How much is read, in bytes.
    at: usize,
    /// Where the record begins.
    start: usize,
}

/// What is behind a field.
enum End {
    Field,
    Record,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn record(&mut self) -> Result<Option<Vec<String>>, CsvError> {
        while self.skip("\n") {}
        if self.rest().is_empty() {
            return Ok(None);
        }
        self.start = self.at;
        let mut record = Vec::new();
        loop {
            let field = if self.skip("\"") { self.quoted()? } else { self.plain()? };
            record.push(field);
            if matches!(self.end(), End::Record) {
                return Ok(Some(record));
            }
        }
    }

    fn end(&mut self) -> End {
        if self.skip(",") {
            return End::Field;
        }
        self.skip("\n");
        End::Record
    }

    fn plain(&mut self) -> Result<String, CsvError> {
        let field = self.rest().split([',', '\n']).next().unwrap_or_default();
        if let Some(quote) = field.find('"') {
            return Err(self.error(self.at + quote, BARE_QUOTE));
        }
        self.at += field.len();
        Ok(field.to_owned())
    }

    /// Reads a field behind its first quote. It may have commas and line feeds.
    fn quoted(&mut self) -> Result<String, CsvError> {
        let mut field = String::new();
        while let Some((text, behind)) = self.rest().split_once('"') {
            field.push_str(text);
            self.at += text.len() + 1;
            match behind.chars().next() {
                Some('"') => {
                    field.push('"');
                    self.at += 1;
                }
                None | Some(',' | '\n') => return Ok(field),
                Some(_) => return Err(self.error(self.at - 1, QUOTE)),
            }
        }
        let mut error = self.error(self.text.len() - 1, QUOTE);
        error.column += 1;
        Err(error)
    }

    /// An error at a byte.
    fn error(&self, offset: usize, why: &'static str) -> CsvError {
        let before = self.text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |feed| feed + 1);
        CsvError {
            start_line: self.line(self.start),
            line: self.line(offset),
            column: offset - line_start + 1,
            why,
        }
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.bytes().take(offset);
        before.filter(|byte| *byte == b'\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program with Go's `encoding/csv` (Go 1.26, `FieldsPerRecord: -1`) printed for each text.
    #[test]
    fn texts_are_read_as_in_go() {
        for line in include_str!("../../tests/access/csv.jsonl").lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect("a line is a case");
            let text = case["text"].as_str().expect("a case has a text");
            let read = match read(text) {
                Ok(records) => serde_json::json!({"text": text, "records": records}),
                Err(error) => serde_json::json!({"text": text, "error": error.to_string()}),
            };
            assert_eq!(read, case);
        }
    }
}
