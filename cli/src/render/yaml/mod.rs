//! A Job as lines of YAML in block style with sorted keys, as kubectl prints it.

mod scalar;

use std::mem;
use std::rc::Rc;

use serde_json::{Map, Value};
use volcano_job_update::{FieldPath, Segment};

use self::scalar::{Text, text_of};
use super::public::public_text;
use super::words::shown;

/// How a Job is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) show_values: bool,
    /// Whether long keys and values are shortened; the lines are no YAML then.
    pub(super) is_shortened: bool,
}

/// What stands for a value that is not shown.
pub(super) const HIDDEN: &str = "…";

/// A line of a Job.
#[derive(Debug)]
pub(super) struct Line<'v> {
    /// In columns.
    indentation: usize,
    text: String,
    /// The value that the line hides.
    hidden: Option<&'v Value>,
    path: PathNode,
}

/// What two lines that are the same have in common.
pub(super) type LineKey<'l> = (usize, &'l str, Option<&'l Value>);

impl Line<'_> {
    pub(super) fn indentation(&self) -> usize {
        self.indentation
    }

    /// The line without its indentation.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The path of the field of the line.
    pub(super) fn path(&self) -> FieldPath {
        self.path.to_path()
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden.is_some()
    }

    /// Lines with the same key are the same line, with the same value even if it is hidden.
    pub(super) fn key(&self) -> LineKey<'_> {
        (self.indentation, &self.text, self.hidden)
    }
}

/// A path that shares its front with the paths of other lines.
#[derive(Clone, Debug, Default)]
struct PathNode(Option<Rc<(PathNode, Segment)>>);

impl PathNode {
    fn join(&self, segment: impl Into<Segment>) -> Self {
        Self(Some(Rc::new((self.clone(), segment.into()))))
    }

    fn to_path(&self) -> FieldPath {
        let mut segments = Vec::new();
        let mut node = self;
        while let Some((parent, segment)) = node.0.as_deref() {
            segments.push(segment.clone());
            node = parent;
        }
        segments.into_iter().rev().collect()
    }
}

/// The lines of a Job.
pub(super) fn lines(job: &Value, style: Style) -> Vec<Line<'_>> {
    let mut writer = Writer { style, dashes: String::new(), lines: Vec::new() };
    writer.value(job, 0, &PathNode::default());
    writer.lines
}

/// The columns by which the fields of an object are indented.
const STEP: usize = 2;

/// The length from which on YAML has no simple key, in characters.
const SIMPLE_KEY: usize = 1000;

struct Writer<'v> {
    style: Style,
    /// The beginning of the next line: a `- ` for each list whose element begins there.
    dashes: String,
    lines: Vec<Line<'v>>,
}

impl<'v> Writer<'v> {
    fn value(&mut self, value: &'v Value, indentation: usize, path: &PathNode) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.object(fields, indentation, path),
            Value::Array(items) if !items.is_empty() => self.list(items, indentation, path),
            _ => self.scalar(String::new(), value, indentation, path),
        }
    }

    fn object(&mut self, fields: &'v Map<String, Value>, indentation: usize, path: &PathNode) {
        let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
        fields.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in fields {
            let path = path.join(key.as_str());
            let start = self.key(key, indentation, &path);
            match value {
                Value::Object(fields) if !fields.is_empty() => {
                    self.push(&start, None, indentation, &path);
                    self.object(fields, indentation + STEP, &path);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.push(&start, None, indentation, &path);
                    self.list(items, indentation, &path);
                }
                _ => self.scalar(start + " ", value, indentation, &path),
            }
        }
    }

    /// The key with its colon. A long one gets a line of its own, of which the colon is the next.
    fn key(&mut self, key: &str, indentation: usize, path: &PathNode) -> String {
        let key = if self.is_shortened() { shown(key) } else { key.to_owned() };
        let text = scalar::flow(&key);
        if text.chars().count() <= SIMPLE_KEY {
            return text + ":";
        }
        self.push(&format!("? {text}"), None, indentation, path);
        ":".to_owned()
    }

    fn is_shortened(&self) -> bool {
        self.style.is_shortened || !self.style.show_values
    }

    fn list(&mut self, items: &'v [Value], indentation: usize, path: &PathNode) {
        for (position, item) in items.iter().enumerate() {
            self.dashes.push_str("- ");
            self.value(item, indentation + STEP, &path.join(position));
        }
    }

    /// A value without fields or elements, behind what its line begins with.
    fn scalar(&mut self, start: String, value: &'v Value, indentation: usize, path: &PathNode) {
        let is_public = || public_text(&path.to_path(), value).is_some();
        if !self.style.show_values && is_secret(value) && !is_public() {
            return self.push(&(start + HIDDEN), Some(value), indentation, path);
        }
        match text_of(value) {
            Text::Flow(text) => {
                let text = if self.style.is_shortened { shown(&text) } else { text };
                self.push(&(start + &text), None, indentation, path);
            }
            Text::Block { header, content } => {
                let step = if start.is_empty() { 0 } else { STEP };
                self.push(&(start + header), None, indentation, path);
                for line in content {
                    let text = if self.style.is_shortened { shown(line) } else { line.to_owned() };
                    self.push(&text, None, indentation + step, path);
                }
            }
        }
    }

    fn push(&mut self, text: &str, hidden: Option<&'v Value>, indentation: usize, path: &PathNode) {
        let dashes = mem::take(&mut self.dashes);
        let indentation = if text.is_empty() { 0 } else { indentation - dashes.len() };
        self.lines.push(Line { indentation, text: dashes + text, hidden, path: path.clone() });
    }
}

/// A value as YAML; `None` if it takes several lines.
pub(super) fn on_one_line(value: &Value) -> Option<String> {
    match text_of(value) {
        Text::Flow(text) => Some(text),
        Text::Block { .. } => None,
    }
}

/// Whether a value says more than that there is one.
fn is_secret(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use volcano_job_update_programs::parse_manifest;

    use super::*;

    const ALL: Style = Style { show_values: true, is_shortened: false };
    const PUBLIC: Style = Style { show_values: false, is_shortened: false };

    fn yaml(value: &Value, style: Style) -> String {
        let text = |line: &Line<'_>| format!("{}{}\n", " ".repeat(line.indentation), line.text);
        lines(value, style).iter().map(text).collect()
    }

    #[test]
    fn jobs_are_written_as_kubectl_prints_them() {
        let job = json!({"kind": "Job", "spec": {"tasks": [
            {"replicas": 2, "name": "a", "template": {"spec": {"containers": [{
                "command": ["sh", "-c", "set -e\nmake all\n"], "args": [], "env": [["x", ["y"]], {}],
            }]}}},
        ], "queue": null}});
        let expected = "\
kind: Job
spec:
  queue: null
  tasks:
  - name: a
    replicas: 2
    template:
      spec:
        containers:
        - args: []
          command:
          - sh
          - -c
          - |
            set -e
            make all
          env:
          - - x
            - - \"y\"
          - {}
";
        assert_eq!(yaml(&job, ALL), expected);
        let masked = yaml(&job, PUBLIC);
        assert!(masked.contains("kind: …\n") && masked.contains("- name: …\n"), "{masked}");
        assert!(masked.contains("replicas: 2\n") && masked.contains("args: []\n"), "{masked}");
        assert!(masked.contains("          - …\n          - …\n          - …\n"), "{masked}");
    }

    #[test]
    fn each_line_has_the_path_of_its_field() {
        let job = json!({"spec": {"tasks": [{"name": "a\nb"}, [true]]}});
        let paths: Vec<String> =
            lines(&job, ALL).iter().map(|line| line.path().to_string()).collect();
        let name = "spec.tasks[0].name";
        assert_eq!(paths, ["spec", "spec.tasks", name, name, name, "spec.tasks[1][0]"]);
    }

    const ODD: &[&str] = &[
        "",
        " ",
        "a ",
        " a",
        "~",
        "null",
        "yes",
        "No",
        "y",
        "on",
        "TRUE",
        "010",
        "0o17",
        "0x1f",
        "1e3",
        "1.5",
        ".5",
        "+1",
        "-1",
        "1_000",
        "12:30:45",
        "2020-01-01",
        "8Gi",
        "100m",
        "1.2.3",
        ": ",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "- a",
        "-",
        "--",
        "---",
        "...",
        "-c",
        "? a",
        "?a",
        "!a",
        "&a",
        "*a",
        "%a",
        "@a",
        "`a`",
        "'a'",
        "\"a\"",
        "[a",
        "{a}",
        "a, b",
        "|",
        ">",
        "<<",
        "=",
        ".inf",
        ".nan",
        "inf",
        "a\\b",
        "é",
        "日本",
        "😀",
        "\u{feff}a",
        "\u{e0001}",
        "\u{202e}a",
        "a\u{85}b",
        "a\u{2028}b",
        "\t",
        "a\tb",
        "\n",
        "a\n",
        "a\n\n",
        "a\nb",
        "\na",
        " a\nb",
        "a\n b\n",
        "a\n\nb\n",
        "a\n  \nb",
        "a\n ",
        "a\r\nb",
        "a\tb\nc",
        "a\n---\nb",
        "a\n# b",
        "\u{1b}[31m",
        "0b1",
        "-0b1",
        "1e",
        "e1",
        "..",
        "a'b",
        "/bin/sh",
        "{{ .Values.x }}",
        "a:b",
        "http://a:1/",
        "$(A)",
        "x=1",
    ];

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let long = "k".repeat(2000);
        for text in ODD.iter().copied().chain([&*long]) {
            for value in
                [json!({ text: text, "after": [text, [text], {text: text}] }), json!([text])]
            {
                let yaml = yaml(&value, ALL);
                let read = parse_manifest(yaml.as_bytes());
                assert_eq!(read.as_ref().ok(), Some(&value), "{text:?} {yaml}");
            }
        }
        for value in [json!(1), json!(-7), json!(1.5), json!(1e100), json!(u64::MAX), json!(0.1)] {
            let read = parse_manifest(yaml(&json!({ "a": value }), ALL).as_bytes());
            assert_eq!(read.ok(), Some(json!({ "a": value })));
        }
    }

    #[test]
    fn the_example_jobs_are_read_as_they_are() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/jobs");
        let files = std::fs::read_dir(directory).expect("the examples are there");
        for file in files {
            let text = std::fs::read(file.expect("a file").path()).expect("a file");
            let job: Value = serde_json::from_slice(&text).expect("a Job");
            let yaml = yaml(&job, ALL);
            assert_eq!(parse_manifest(yaml.as_bytes()).ok(), Some(job), "{yaml}");
        }
    }

    #[test]
    fn long_texts_can_be_shortened() {
        let long = "x".repeat(100_000);
        let job = json!({ &*long: &*long });
        for (show_values, is_shortened) in [(false, true), (true, true), (false, false)] {
            let yaml = yaml(&job, Style { show_values, is_shortened });
            assert!(yaml.len() < 1000, "{} bytes", yaml.len());
        }
    }
}
