//! The text at the place of a field has the value of the field, however the text is written.

#![expect(clippy::expect_used, clippy::string_slice, reason = "a panic fails the test")]

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use volcano_job_update::{FieldPath, Segment};
use volcano_job_update_programs::{Manifest, Position, parse_manifest, parse_manifests};

#[test]
fn the_text_at_a_place_has_the_value_of_the_field() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut values = vec![multilingual()];
    for folder in ["tests/jobs", "examples/jobs"] {
        for file in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("UTF-8");
            check(&text);
            values.push(parse_manifest(text.as_bytes()).expect("YAML"));
        }
    }
    for value in values {
        check(&value.to_string());
        check(&serde_json::to_string_pretty(&value).expect("JSON"));
        for style in 0..STYLES {
            let text = write_yaml(&value, style);
            assert_eq!(parse_manifest(text.as_bytes()).as_ref(), Ok(&value), "{text}");
            check(&text);
            check(&text.replace('\n', "\r\n"));
            check(&format!("\u{feff}# ä\n{text}"));
            check(&format!("a: ä\n---\n# c\n{text}# d\n...\n---\n# e\n"));
        }
    }
}

#[test]
fn anchors_and_merges_keep_the_value_of_a_field() {
    check(
        "x: &x\n  image: a # c\n  env: &env\n  - name: A\n    value: |\n      ä\n      b\n  - {name: B}\nz: &z {image: b, <<: *x, m: 1}\n\
         spec:\n  tasks:\n  - <<: [*x, *z]\n    env: *env\n  - *x\n  - <<: *z\n    env: [*z, *x]\n",
    );
}

/// For each path, the expected text of the key and of the value, and the number of missing steps.
#[track_caller]
fn check_places(text: &str, expected: &[(&str, &str, &str, usize)]) {
    let manifests = parse_manifests(text.as_bytes(), 1000).expect("it is UTF-8");
    let manifests: Vec<_> = manifests.map(|manifest| manifest.expect("it is YAML")).collect();
    let manifest = manifests.last().expect("a document");
    let paths: Vec<FieldPath> =
        expected.iter().map(|(path, ..)| path.parse().expect("a path")).collect();
    let places = manifest.places(&paths.iter().collect::<Vec<_>>());
    for (place, (path, key, value, missing)) in places.iter().zip(expected) {
        let found_key = place.key.clone().map_or("", |key| &text[key]);
        let found = (found_key, &text[place.value.clone()], place.missing);
        assert_eq!(found, (*key, *value, *missing), "{path}");
    }
}

#[test]
fn block_style() {
    let tasks = "- replicas: 1\n  # c\n  name: \"a\"\n- {name: 'ü', replicas: }";
    let text =
        format!("# c\nspec: # c\n  tasks: # c\n  {}\n\n# end\n", tasks.replace('\n', "\n  "));
    let tasks = tasks.replace('\n', "\n  ");
    check_places(
        &text,
        &[
            ("", "", &format!("spec: # c\n  tasks: # c\n  {tasks}"), 0),
            ("spec", "spec", &format!("tasks: # c\n  {tasks}"), 0),
            ("spec.tasks", "tasks", &tasks, 0),
            ("spec.tasks[0]", "", "replicas: 1\n    # c\n    name: \"a\"", 0),
            ("spec.tasks[0].name", "name", "\"a\"", 0),
            ("spec.tasks[1]", "", "{name: 'ü', replicas: }", 0),
            ("spec.tasks[1].name", "name", "'ü'", 0),
            ("spec.tasks[1].replicas", "replicas", "", 0),
            ("spec.tasks[1].minAvailable.x", "", "{name: 'ü', replicas: }", 2),
            ("spec.tasks[2]", "tasks", &tasks, 1),
            ("spec.tasks[0].name.x", "name", "\"a\"", 1),
        ],
    );
}

#[test]
fn scalars_of_several_lines() {
    let text = "a: |-\n\n   ü\n   # no comment\n\nb: &x !!str >+ # c\n  x\n\n\nc: plain\n  text\n# c\nd: 'q\n\n  r'\ne: |\nf: !!str\ng: &y\nh:\ni: # c\n";
    check_places(
        text,
        &[
            ("a", "a", "|-\n\n   ü\n   # no comment", 0),
            ("b", "b", "!!str >+ # c\n  x", 0),
            ("c", "c", "plain\n  text", 0),
            ("d", "d", "'q\n\n  r'", 0),
            ("e", "e", "|", 0),
            ("f", "f", "!!str", 0),
            ("g", "g", "", 0),
            ("h", "h", "", 0),
            ("i", "i", "", 0),
        ],
    );
    check_places(
        "- |\n  a\n- >\n  b\n-\n- |\n",
        &[
            ("[0]", "", "|\n  a", 0),
            ("[1]", "", ">\n  b", 0),
            ("[2]", "", "", 0),
            ("[3]", "", "|", 0),
        ],
    );
    check_places("--- |\n a\n", &[("", "", "|\n a", 0)]);
    check_places("\u{feff}|\n a|\n", &[("", "", "|\n a|", 0)]);
    check_places(
        "? a\n? b\n:\n? |\n  c\n: |\n  d\n",
        &[("a", "a", "", 0), ("b", "b", "", 0), ("[\"c\\n\"]", "|\n  c", "|\n  d", 0)],
    );
}

#[test]
fn aliases_and_merges_lead_to_what_is_written() {
    let text = "base: &base\n  cpu: 1\n  mem: &m {x: 2}\nmore: &more {cpu: 3, gpu: 4}\na:\n  <<: [*base, *more]\n  own: *m\nb:\n  <<: *base\n  cpu: 5\nc:\n  cpu: 6\n  <<: {cpu: 7}\n*name : x\n";
    let text = &format!("n: &name k\n{text}");
    check_places(
        text,
        &[
            ("a.cpu", "cpu", "1", 0),
            ("a.gpu", "gpu", "4", 0),
            ("a.mem.x", "x", "2", 0),
            ("a.own", "own", "{x: 2}", 0),
            ("a.own.y", "own", "{x: 2}", 1),
            ("b.cpu", "cpu", "5", 0),
            ("b.mem", "mem", "{x: 2}", 0),
            ("c.cpu", "cpu", "7", 0),
            ("k", "*name", "x", 0),
        ],
    );
}

#[test]
fn keys_are_those_of_the_value() {
    let text = "on: 1\n010: 2\n\"a\\u0062\" : 3\nd: {x: 1}\nd: {z: [4]}\n";
    check_places(
        text,
        &[
            ("true", "on", "1", 0),
            ("[\"8\"]", "010", "2", 0),
            ("ab", "\"a\\u0062\"", "3", 0),
            ("d.z[0]", "", "4", 0),
            ("d.x", "d", "{z: [4]}", 1),
        ],
    );
}

#[test]
fn places_count_from_the_start_of_the_text() {
    check_places(
        "a: ü\r\n---\r\n# c\r\nb:\r\n  - c: |\r\n      x\r\n      y\r\n  - [e: f, {}]\r\n...\r\n",
        &[
            ("b[0]", "", "c: |\r\n      x\r\n      y", 0),
            ("b[1][0].e", "e", "f", 0),
            ("b[1][0]", "", "e: f", 0),
            ("b[1][1]", "", "{}", 0),
        ],
    );
}

/// Checks each field of the last document of a text.
#[track_caller]
fn check(text: &str) {
    let manifests = parse_manifests(text.as_bytes(), text.len()).expect("UTF-8");
    let manifest = manifests.last().expect("a document").expect("YAML");
    let mut fields = Vec::new();
    list_fields(manifest.value(), &FieldPath::default(), &mut fields);
    let paths: Vec<&FieldPath> = fields.iter().map(|(path, _)| path).collect();
    let document = &text[manifest.range()];
    assert_eq!(parse_manifest(document.as_bytes()).as_ref(), Ok(manifest.value()), "{document}");
    for (place, (path, value)) in manifest.places(&paths).into_iter().zip(&fields) {
        assert_eq!(place.missing, 0, "{path} in {text}");
        assert_eq!(
            value_at(&manifest, text, place.value.clone()).as_ref(),
            Some(*value),
            "{path} in {text}"
        );
        let key = place.key.map(|key| parse_manifest(text[key].as_bytes()).expect("a key"));
        let expected = match path.segments().last() {
            Some(Segment::Key(key)) => Some(Value::from(&**key)),
            Some(Segment::Index(_)) | None => None,
        };
        assert_eq!(key, expected, "{path} in {text}");
    }
    assert_eq!(manifest.places(&[]), []);
}

/// The value of a part of a text, which may have aliases of what is elsewhere.
fn value_at(manifest: &Manifest<'_>, text: &str, part: std::ops::Range<usize>) -> Option<Value> {
    let Position { column, .. } = Position::of(text.as_bytes(), part.start);
    let indented = format!("{}{}", " ".repeat(column - 1), &text[part]);
    if let Ok(value) = parse_manifest(indented.as_bytes()) {
        return Some(value);
    }
    // The whole document defines the anchors.
    let document = text[manifest.range()].replace('\n', "\n  ");
    let text = format!("- {document}\n-\n  {}\n", indented.replace('\n', "\n  "));
    parse_manifest(text.as_bytes()).ok()?.get(1).cloned()
}

/// All fields of a value, with their paths.
fn list_fields<'v>(value: &'v Value, at: &FieldPath, fields: &mut Vec<(FieldPath, &'v Value)>) {
    fields.push((at.clone(), value));
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| list_fields(value, &at.join(&**key), fields));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| list_fields(value, &at.join(i), fields));
        }
        _ => {}
    }
}

fn multilingual() -> Value {
    serde_json::json!({
        "ä€😀": {"日本": ["ü", "", null, "a\nb\n", "\n x\ny", "😀\n\n"], "empty": [{}, [], [[1], [[null]]]]},
        "text": "line one\nzwei ü\n  three # no comment\n",
        "deep": [[{"a": [{"b": {"c": null}}]}], null, {"x": null, "z": -1.5}],
    })
}

const STYLES: usize = 3;

/// Writes a value in block style: in style 0 with quoted strings and indented lists, in style 1 with
/// literal scalars, comments and lists that are not indented, in style 2 with single quotes, and empty
/// values for `null`.
fn write_yaml(value: &Value, style: usize) -> String {
    let mut text = String::new();
    write_value(&mut text, value, 0, style, false);
    text
}

fn write_value(text: &mut String, value: &Value, indent: usize, style: usize, is_inline: bool) {
    let comment = if style == 1 { " # ü: [" } else { "" };
    let pad = " ".repeat(indent);
    let written = match value {
        Value::Object(map) if !map.is_empty() => {
            if !is_inline && indent > 0 {
                text.push_str(comment);
                text.push('\n');
            }
            for (i, (key, value)) in map.iter().enumerate() {
                let pad = if is_inline && i == 0 { "" } else { &pad };
                let key = if style == 0 { Value::from(&**key).to_string() } else { key.clone() };
                write!(text, "{pad}{key}:").expect("a string");
                let is_flat_list = style != 0 && value.is_array();
                let indent = if is_flat_list { indent } else { indent + 2 };
                if is_flat_list && value != &Value::Array(Vec::new()) {
                    text.push_str(comment);
                    text.push('\n');
                }
                write_value(text, value, indent, style, false);
            }
            return;
        }
        Value::Array(list) if !list.is_empty() => {
            if !is_inline && !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            for (i, value) in list.iter().enumerate() {
                let pad = if is_inline && i == 0 { "" } else { &pad };
                write!(text, "{pad}-").expect("a string");
                if value.is_object() || value.is_array() {
                    text.push(' ');
                    write_value(text, value, indent + 2, style, true);
                } else {
                    write_value(text, value, indent + 2, style, false);
                }
            }
            return;
        }
        Value::String(string) if style == 1 && is_literal(string) => {
            let chomping = if string.ends_with('\n') { "" } else { "-" };
            let pad = format!("\n{pad}");
            format!(
                "|{chomping}{comment}{pad}{}",
                string.trim_end_matches('\n').replace('\n', &pad)
            )
        }
        Value::String(string) if style == 2 && !string.contains('\n') => {
            format!("'{}'", string.replace('\'', "''"))
        }
        Value::Null if style == 2 => String::new(),
        scalar => scalar.to_string(),
    };
    let comment = if written.starts_with('|') { "" } else { comment };
    let space = if is_inline { "" } else { " " };
    writeln!(text, "{space}{written}{comment}").expect("a string");
}

fn is_literal(string: &str) -> bool {
    let lines = string.strip_suffix('\n').unwrap_or(string);
    lines.contains('\n') && !string.starts_with([' ', '\n']) && !lines.ends_with('\n')
}
