//! Modules of the library import only from modules before them in the flow.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a source file that is not as expected fails the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The flow (DESIGN.md). A module may import itself and those before it.
const ORDER: [&str; 11] = [
    "path",
    "scalar",
    "job",
    "schema",
    "diff",
    "policy",
    "validate",
    "status",
    "report",
    "admission",
    "strategy",
];

/// Imports against the order that still exist: file, imported module.
const KNOWN_VIOLATIONS: [(&str, &str); 4] = [
    ("path/pattern.rs", "FieldPath"),
    ("path/pattern.rs", "Segment"),
    ("strategy/denied.rs", "ViolationCode"),
    ("strategy/mod.rs", "ViolationCode"),
];

#[test]
fn modules_import_only_from_modules_before_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    let mut known = BTreeSet::from(KNOWN_VIOLATIONS);
    for file in rust_files(&src) {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap();
        // lib.rs and internals.rs may import anything.
        let Some(module) = name.split(['/', '.']).next().filter(|module| ORDER.contains(module))
        else {
            assert!(
                ["lib.rs", "internals.rs"].contains(&name),
                "src/{name} is in no module of the flow"
            );
            continue;
        };
        for (line, import) in
            imports(&fs::read_to_string(&file).unwrap(), name.ends_with("/mod.rs"))
        {
            if is_allowed(module, &import) {
                continue;
            }
            let is_known = |(file, module): &(&str, &str)| *file == name && *module == import;
            if let Some(one) = KNOWN_VIOLATIONS.iter().find(|one| is_known(one)) {
                known.remove(one);
            } else {
                violations.push(format!("src/{name}:{line}: {module} imports {import}"));
            }
        }
    }
    assert!(violations.is_empty(), "against the flow:\n{}", violations.join("\n"));
    assert!(known.is_empty(), "no longer needed in KNOWN_VIOLATIONS: {known:?}");
}

fn is_allowed(module: &str, import: &str) -> bool {
    let position = |name: &str| ORDER.iter().position(|module| *module == name);
    match (position(module), position(import)) {
        (Some(module), Some(import)) => import <= module,
        // A name at the root hides which module it comes from.
        _ => false,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Each path that begins at the root of the crate: its line, and the name after `crate::`.
fn imports(source: &str, is_module_root: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(source.lines()) {
        let code = line.split("//").next().unwrap();
        let mut paths: Vec<&str> = code.split("crate::").skip(1).collect();
        paths.extend(code.split("super::super::").skip(1));
        if is_module_root {
            paths.extend(code.strip_prefix("use super::"));
        }
        for path in paths {
            assert!(!path.starts_with('{'), "one `use` per module, please: {line}");
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
            found.push((number, path[..end].to_owned()));
        }
    }
    found
}

#[test]
fn imports_are_found_with_their_lines() {
    let source = "use crate::job::Job; // see crate::status\nuse super::policy;\n    super::super::diff::a(crate::Job)\n";
    let expected = [(1, "job"), (2, "policy"), (3, "Job"), (3, "diff")];
    let expected = expected.map(|(line, name)| (line, name.to_owned()));
    assert_eq!(imports(source, true), expected);
}
