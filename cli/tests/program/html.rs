//! The output `html`.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::util::{EXISTING, REPLACEMENT, edited, file, job, path, run, stdout};

fn page(arguments: &[&str]) -> String {
    let page = stdout(&run(&[&["check", "-o", "html"], arguments].concat()));
    assert_valid(&page);
    page
}

/// The rules for all pages: no script, no other file, and every link has a target in the page.
fn assert_valid(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    for forbidden in
        ["<script", "<img", "<link", "<iframe", " style=", " onclick", "javascript:", "src="]
    {
        assert!(!page.to_lowercase().contains(forbidden), "{forbidden} in {page}");
    }
    let values = |start: &str| -> Vec<String> {
        let parts = page.split(start).skip(1);
        parts.map(|part| part.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let ids = values(" id=\"");
    let all: HashSet<&String> = ids.iter().collect();
    assert_eq!(all.len(), ids.len(), "ids are unique");
    for link in values(" href=\"") {
        let id = link.strip_prefix('#').expect("a link in the page").to_owned();
        assert!(all.contains(&id), "the target of {link}");
    }
    for label in values(" aria-labelledby=\"").iter().flat_map(|ids| ids.split(' ')) {
        assert!(all.contains(&label.to_owned()), "the label {label}");
    }
}

/// Puts a marker into every string of a value but those of apiVersion and kind.
fn mark(value: &mut Value) {
    match value {
        Value::String(text) => *text = format!("MARKER 1 {text}"),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(fields) => {
            let is_free = |key: &str| !["apiVersion", "kind", "name", "namespace"].contains(&key);
            fields.iter_mut().filter(|(key, _)| is_free(key)).for_each(|(_, value)| mark(value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn a_denied_job() {
    let replacement = edited(|job| job["spec"]["queue"] = json!("research"));
    let page = page(&[&job(EXISTING), path(&replacement)]);
    for part in [
        "<p class=\"outcome\"><strong>denied</strong> by the policy documented: 1 violation</p>",
        "<li class=\"denied\"><strong>1</strong> immutable-field</li>",
        "<span class=\"code\">immutable-field</span> <code class=\"path\">spec.queue</code>",
        "<p class=\"message\">the value was changed: field is immutable</p>",
        "<strong>Help:</strong> restore the value of the existing Job",
        "<a class=\"mark denied\" href=\"#violation-1-1\">immutable-field</a>",
        ">Show in the Jobs</a>",
        "<ins><code>    replicas: 2</code></ins> <span class=\"mark allowed\">allowed</span>",
        "aria-label=\"Show in the Jobs: spec.queue\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn an_allowed_job() {
    let page = page(&[&job(EXISTING), &job(REPLACEMENT)]);
    assert!(page.contains("<title>allowed: "), "{page}");
    assert!(!page.contains(">Violations<") && page.contains("unchanged line"), "{page}");
    let diff = stdout(&run(&["diff", "-o", "html", &job(EXISTING), &job(REPLACEMENT)]));
    assert_valid(&diff);
}

#[test]
fn no_values_unless_asked_for() {
    let text = std::fs::read_to_string(job("rich.json")).expect("the example is there");
    let mut existing: Value = serde_json::from_str(&text).expect("the example is JSON");
    mark(&mut existing);
    let mut replacement = existing.clone();
    mark(&mut replacement);
    replacement["spec"]["newField"] = json!("MARKER");
    let existing = file(".json", &existing.to_string());
    let replacement = file(".json", &replacement.to_string());
    let pair = [path(&existing), path(&replacement)];
    let hidden = page(&pair);
    assert!(!hidden.contains("MARKER"), "{hidden}");
    assert!(hidden.contains("--show-values</code> shows them"), "{hidden}");
    let shown = page(&[&["--show-values"], &pair[..]].concat());
    assert!(shown.contains("MARKER") && !shown.contains("--show-values</code>"), "{shown}");
    let unified = stdout(&run(&[&["diff"], &pair[..]].concat()));
    assert!(!unified.contains("MARKER") && unified.contains("# values are hidden"), "{unified}");
}

#[test]
fn hostile_texts_stay_texts() {
    let hostile = format!("<script>alert(1)</script>\"'&\u{202e}\u{1b}[31m{}", "x".repeat(100_000));
    let replacement = edited(|job| {
        job["metadata"]["name"] = json!(hostile);
        job["metadata"]["labels"] = json!({ &*hostile: &*hostile });
        job["spec"]["tasks"][0][&*hostile] = json!(hostile);
    });
    for options in [&["--show-values"][..], &[]] {
        let page = page(&[options, &[path(&replacement), &job(EXISTING)]].concat());
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;\\u202e"),
            "{page}"
        );
        assert!(!page.contains(['\u{202e}', '\u{1b}']), "{page}");
        assert!(page.len() < 100_000, "{} bytes", page.len());
    }
}

#[test]
fn many_jobs_have_an_index() {
    let directory = tempfile::tempdir().expect("a directory");
    let [live, merged] = ["live", "merged"].map(|name| directory.path().join(name));
    let write = |side: &std::path::Path, name: &str, text: &str| {
        std::fs::create_dir_all(side).expect("a directory");
        std::fs::write(side.join(format!("batch.volcano.sh.v1alpha1.Job.{name}")), text)
            .expect("a file");
    };
    let [old, new] = [EXISTING, REPLACEMENT]
        .map(|name| std::fs::read_to_string(job(name)).expect("the example is there"));
    write(&live, "a.same", &old);
    write(&merged, "a.same", &old);
    write(&live, "a.changed", &old);
    write(
        &merged,
        "a.changed",
        &new.replace("\"replicas\": 2", "\"replicas\": 2, \"minAvailable\": 2"),
    );
    write(&live, "a.new", "");
    write(&merged, "a.new", &new);
    write(&live, "a.broken", "{");
    write(&merged, "a.broken", &new);
    let sides = [live, merged].map(|side| side.display().to_string());
    let page = page(&[&sides[0], &sides[1]]);
    for part in [
        "<h1 class=\"title\">Updates of 4 Jobs</h1>",
        "<input type=\"radio\" name=\"show\" id=\"show-all\" value=\"all\" checked>",
        "id=\"show-error\" value=\"error\"><span>1 error</span>",
        "<tr class=\"is-created allowed\"><th scope=\"row\">a/new</th>",
        "<section id=\"job-1\" class=\"job is-error\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn a_large_job_makes_a_small_page() {
    let env = |value: &str| -> Value {
        (0..20_000)
            .map(
                |number| json!({"name": format!("V{number}"), "value": format!("{value}{number}")}),
            )
            .collect()
    };
    let large = |value: &str| {
        edited(|job| {
            job["spec"]["tasks"][0]["template"]["spec"]["containers"][0]["env"] = env(value);
        })
    };
    let (existing, replacement) = (large("a"), large("b"));
    let page = page(&["--show-values", path(&existing), path(&replacement)]);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains(" more lines</p>"), "says how many are left out");
}
