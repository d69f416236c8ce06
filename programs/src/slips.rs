//! Usual mistakes in files, and what to do about each.

use std::fmt;
use std::ops::Range;

use volcano_job_update::internals::Position;

use crate::yaml::{Manifest, Syntax, read_syntax};

/// A usual mistake, which explains why a text cannot be read better than the error of the parser.
/// `Display` is one line: what it is and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    kind: Kind,
    /// The byte offset and the position.
    place: Option<(usize, Position)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Utf16,
    Empty,
    OnlyComments,
    Conflict,
    HelmTemplate,
    JinjaTemplate,
    Tab,
}

impl Slip {
    /// The mistake in a text, JSON or YAML, that cannot be read or has no value.
    #[must_use]
    pub fn in_unreadable(text: &[u8]) -> Option<Self> {
        if is_utf16(text) {
            return Some(Self { kind: Kind::Utf16, place: None });
        }
        let text = str::from_utf8(text).ok()?;
        if let Some(kind) = emptiness(text) {
            return Some(Self { kind, place: None });
        }
        if let Some((at, _)) = lines(text).find(|(_, line)| is_conflict_marker(line)) {
            return Some(Self::at(Kind::Conflict, text, at));
        }
        let syntax = with_quotes_at_end(text, read_syntax(text));
        template_outside_of_quotes(text, &syntax).or_else(|| tab(text, &syntax))
    }

    /// The mistake in a document that can be read: a template in a scalar without quotes.
    #[must_use]
    pub fn in_manifest(manifest: &Manifest<'_>) -> Option<Self> {
        let text = manifest.text();
        manifest.plain_scalars().find_map(|scalar| {
            let (at, kind) = templates(text, scalar).next()?;
            Some(Self::at(kind, text, at))
        })
    }

    /// The byte offset in the text.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.place.map(|(offset, _)| offset)
    }

    /// The line and column in the text.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.place.map(|(_, position)| position)
    }

    fn at(kind: Kind, text: &str, offset: usize) -> Self {
        Self { kind, place: Some((offset, Position::of(text.as_bytes(), offset))) }
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, .. }) = self.position() {
            write!(f, "line {line} ")?;
        }
        f.write_str(match self.kind {
            Kind::Utf16 => "the text is UTF-16: save it as UTF-8",
            Kind::Empty => {
                "the text is empty: check the name of the file, or the command that writes it"
            }
            Kind::OnlyComments => {
                "the text has only comments: check the name of the file, or the command that writes it"
            }
            Kind::Conflict => "has a marker of a merge conflict: resolve the conflict first",
            Kind::HelmTemplate => {
                "has an unrendered template `{{`: render it first, for example with helm template"
            }
            Kind::JinjaTemplate => "has an unrendered template `{%`: render it first",
            Kind::Tab => "is indented with a tab: indent it with spaces",
        })
    }
}

/// Whether a text has a byte order mark of UTF-16, or as many zero bytes as English text in UTF-16.
fn is_utf16(text: &[u8]) -> bool {
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let (units, _) = text.get(..256).unwrap_or(text).as_chunks::<2>();
    let (mut low, mut high) = (0, 0);
    for [first, second] in units {
        low += usize::from(*first == 0);
        high += usize::from(*second == 0);
    }
    low.min(high) == 0 && low.max(high) * 2 > units.len()
}

/// Whether a text has no value, or only comments.
fn emptiness(text: &str) -> Option<Kind> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut kind = Kind::Empty;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            kind = Kind::OnlyComments;
        } else if !matches!(line, "" | "---" | "...") {
            return None;
        }
    }
    Some(kind)
}

/// The lines of a text, with their offsets.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\r', '\n']))
    })
}

fn is_conflict_marker(line: &str) -> bool {
    ["<<<<<<<", ">>>>>>>"].iter().any(|marker| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// The templates in a part of a text.
fn templates(text: &str, part: Range<usize>) -> impl Iterator<Item = (usize, Kind)> {
    let start = part.start;
    let part = text.get(part).unwrap_or_default();
    part.match_indices('{').filter_map(move |(at, _)| {
        let kind = match part.as_bytes().get(at + 1) {
            Some(b'{') => Kind::HelmTemplate,
            Some(b'%') => Kind::JinjaTemplate,
            _ => return None,
        };
        Some((start + at, kind))
    })
}

/// The first template that is not in quotes, in a block scalar, in a comment, or behind the line of the
/// error.
fn template_outside_of_quotes(text: &str, syntax: &Syntax) -> Option<Slip> {
    let end = match syntax.error {
        Some((offset, _)) => text.get(offset..)?.find('\n').map_or(text.len(), |at| offset + at),
        None => text.len(),
    };
    let is_quoted = |at: usize| {
        let before = syntax.quoted.partition_point(|range| range.start <= at);
        before
            .checked_sub(1)
            .and_then(|last| syntax.quoted.get(last))
            .is_some_and(|last| at < last.end)
    };
    let comment = |start: usize, line: &str| {
        let mut marks = line.match_indices('#').filter(|(at, _)| {
            let before = line.get(..*at).unwrap_or_default();
            before.is_empty() || before.ends_with([' ', '\t'])
        });
        let mark = marks.find(|(at, _)| !is_quoted(start + at));
        start + mark.map_or(line.len(), |(at, _)| at)
    };
    let (at, kind) = lines(text.get(..end)?).find_map(|(start, line)| {
        let mut templates = templates(text, start..comment(start, line));
        templates.find(|(at, _)| !is_quoted(*at))
    })?;
    Some(Slip::at(kind, text, at))
}

/// Adds the strings in quotes that the parser had not read when it found the error.
fn with_quotes_at_end(text: &str, mut syntax: Syntax) -> Syntax {
    let rest = text.get(syntax.end..).unwrap_or_default();
    let mut before = ' ';
    let mut characters = rest.char_indices();
    while let Some((start, quote)) = characters.next() {
        if matches!(quote, '"' | '\'') && matches!(before, ' ' | '\t' | '[' | '{' | ',' | ':') {
            let mut is_escaped = false;
            let end = characters.find(|(_, c)| {
                let is_end = *c == quote && !is_escaped;
                is_escaped = quote == '"' && *c == '\\' && !is_escaped;
                is_end
            });
            let Some((end, _)) = end else { break };
            syntax.quoted.push(syntax.end + start..syntax.end + end + 1);
        }
        before = quote;
    }
    syntax
}

/// The line that is indented with a tab, if that is the error. JSON may have tabs.
fn tab(text: &str, syntax: &Syntax) -> Option<Slip> {
    let (offset, message) = syntax.error.as_ref()?;
    if text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let is_about_tabs = message.contains("tab");
    let before = text.get(..*offset)?;
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    // The parser may find the error at the end of the line before.
    let mut near = lines(text.get(line..)?).take(if is_about_tabs { usize::MAX } else { 2 });
    let (at, _) = near.find(|(_, line)| {
        let behind = line.trim_start_matches([' ', '\t']);
        !behind.is_empty() && line.strip_suffix(behind).is_some_and(|indent| indent.contains('\t'))
    })?;
    Some(Slip::at(Kind::Tab, text, line + at))
}

#[cfg(test)]
mod tests {
    use super::Slip;
    use crate::yaml::{parse_manifest, parse_manifests};

    #[track_caller]
    fn unreadable(text: &[u8]) -> Option<String> {
        Slip::in_unreadable(text).map(|slip| slip.to_string())
    }

    const HELM: &str =
        "has an unrendered template `{{`: render it first, for example with helm template";

    #[test]
    fn templates_are_not_rendered() {
        let jinja = "line 1 has an unrendered template `{%`: render it first";
        let line = |line: usize| Some(format!("line {line} {HELM}"));
        for (text, expected) in [
            ("a: 1\nmetadata:\n  name: {{ .Release.Name }}\n", line(3)),
            ("a: b\n{{ .Values.key }}: 1\n", line(2)),
            ("{{- if .Values.job.enabled }}\napiVersion: v1\n{{- end }}\n", line(1)),
            ("# {{ c }}\nspec: # {{ d }}\n  {{- toYaml .Values.spec | nindent 2 }}\n", line(3)),
            ("a: \"{{ b }} # {{ c }}\"\nd: '{{ e }}'\nf: |\n  {{ g }}\nh: {{ i }}\n", line(5)),
            ("{\"a\": {{ toJson .Values.a }}}", line(1)),
            ("image: repo:{{ .Values.tag }}\nargs: {{ .Values.args }}\n", line(1)),
            ("{% if gpu %}\na: 1\n{% endif %}\n", Some(jinja.to_owned())),
            ("{% if gpu %}\r\na: {{ b }}\r\n", Some(jinja.to_owned())),
            ("a: \"{{ b }}\"\nc: [\n", None),
            ("a: [b}\nc: \"{{ d }}\"\n", None),
            ("{\"a\": \"{{ b }}\", \"c\": }}", None),
            ("{\"a\": \"\\\"{{ b }}\", 'c': '{{'}}", None),
            ("{\"a\": \"{{ b }}\", \"c\": {{ d }}}", line(1)),
            ("a: {{ .b | default \"{{\" }}\n", line(1)),
            ("{\"a\": \"b\"", None),
        ] {
            assert!(parse_manifest(text.as_bytes()).is_err(), "{text}");
            assert_eq!(unreadable(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn templates_in_a_manifest_are_those_without_quotes() {
        for (text, expected) in [
            ("a: 1\nimage: repo/ü:{{ .Values.tag }}\n", Some((format!("line 2 {HELM}"), 20))),
            ("a-{{ .x }}: 1\n", Some((format!("line 1 {HELM}"), 2))),
            ("x: {{}: 1}\n---\na: b{{\n", Some((format!("line 3 {HELM}"), 19))),
            ("a: \"{{ b }}\"\nc: '{% d %}'\ne: |\n  {{ f }}\ng: >\n  {{ h }}\n# {{ i }}\n", None),
            ("{\"a\": {}, \"b\": {\"c\": \"{{\"}}", None),
            ("command: \"echo {{workflow.name}}\" # {{ x }}\n", None),
        ] {
            let manifests = parse_manifests(text.as_bytes(), 1000).expect("it is UTF-8");
            let manifest = manifests.last().expect("a document").expect("it is YAML");
            let found = Slip::in_manifest(&manifest);
            let found = found.map(|slip| (slip.to_string(), slip.offset().expect("a place")));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn text_is_utf16() {
        let text = "{\"kind\": \"Job\", \"metadata\": {\"name\": \"ü日本\"}}\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let message = Some("the text is UTF-16: save it as UTF-8".to_owned());
        for text in [
            &[&[0xff, 0xfe], &*little].concat(),
            &[&[0xfe, 0xff], &*big].concat(),
            &little,
            &big,
            &[0xff, 0xfe].to_vec(),
        ] {
            assert_eq!(unreadable(text), message, "{text:?}");
        }
        for text in [&b"a: \xff"[..], b"\0", b"a\0b\0\0c", b"a: \0: 1"] {
            assert_eq!(unreadable(text), None, "{text:?}");
        }
    }

    #[test]
    fn text_is_empty() {
        let advice = "check the name of the file, or the command that writes it";
        for (text, what) in [
            ("", "is empty"),
            (" \n\t\n", "is empty"),
            ("\u{feff}", "is empty"),
            ("---\n...\n", "is empty"),
            ("# Source: chart/templates/job.yaml\n", "has only comments"),
            ("---\r\n  # a\r\n\r\n---\r\n", "has only comments"),
        ] {
            let expected = format!("the text {what}: {advice}");
            assert_eq!(unreadable(text.as_bytes()), Some(expected), "{text:?}");
        }
        assert_eq!(unreadable(b"~"), None);
    }

    #[test]
    fn merge_conflict_is_not_resolved() {
        let message = |line| {
            Some(format!(
                "line {line} has a marker of a merge conflict: resolve the conflict first"
            ))
        };
        let conflict = "<<<<<<< HEAD\n  replicas: 1\n=======\n  replicas: 2\n>>>>>>> feature\n";
        for (text, line) in [
            (format!("spec:\n{conflict}"), 2),
            (format!("{{\n{conflict}}}\n"), 2),
            (format!("a: {{{{ x }}}}\n{conflict}").replace('\n', "\r\n"), 2),
        ] {
            assert_eq!(unreadable(text.as_bytes()), message(line), "{text}");
        }
        assert_eq!(unreadable(b"a: |\n  <<<<<<< HEAD\nb: [\n"), None);
        assert_eq!(unreadable(b"<<: [\n"), None);
    }

    #[test]
    fn lines_are_indented_with_tabs() {
        for (text, line) in [
            ("spec:\n\ttasks: []\n", 2),
            ("spec:\n  queue: a\n\ttasks: []\n", 3),
            ("spec:\n  tasks:\n  - name: a\n  \treplicas: 1\n", 4),
            ("spec:\n  tasks:\n\t- name: a\n", 3),
            ("a: 1\n\tb: 2\n", 2),
        ] {
            let expected = format!("line {line} is indented with a tab: indent it with spaces");
            assert_eq!(unreadable(text.as_bytes()), Some(expected), "{text:?}");
        }
        for text in ["{\n\t\"a\": tru]\n}", "a: |\n  \tb\nc: [\n"] {
            assert_eq!(unreadable(text.as_bytes()), None, "{text:?}");
        }
    }
}
