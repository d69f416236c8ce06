//! The modules of `src` form a flow: each imports only itself and those before it, and no file of a
//! module imports in a circle.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules in the order in which data goes through them, see DESIGN.md.
const ORDER: [&str; 12] = [
    "path",
    "scalar",
    "job",
    "schema",
    "diff",
    "policy",
    "volcano",
    "validate",
    "status",
    "report",
    "admission",
    "strategy",
];

#[test]
fn modules_import_only_from_modules_before_them() {
    let src = source();
    let mut violations = Vec::new();
    for file in rust_files(&src) {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        // lib.rs and internals.rs may import anything.
        let Some(module) = name.split(['/', '.']).next().filter(|module| ORDER.contains(module))
        else {
            let may_import_anything = ["lib.rs", "internals.rs"].contains(&&*name);
            assert!(may_import_anything, "src/{name} is in no module of the flow");
            continue;
        };
        let is_module_root = name == format!("{module}/mod.rs");
        for (line, import) in imports(&fs::read_to_string(&file).unwrap(), is_module_root) {
            if !is_allowed(module, &import) {
                violations.push(format!("src/{name}:{line}: {module} imports {import}"));
            }
        }
    }
    assert!(violations.is_empty(), "against the flow:\n{}", violations.join("\n"));
}

/// Tests in files of their own (`tests.rs`) are left out.
#[test]
fn files_of_a_module_import_in_no_circle() {
    let mut circles = Vec::new();
    for module in ORDER {
        let folder = source().join(module);
        let mut files = BTreeMap::new();
        for file in rust_files(&folder) {
            let name = file.strip_prefix(&folder).unwrap().with_extension("");
            if file.parent() == Some(&*folder) && name != Path::new("tests") {
                files.insert(name.to_str().unwrap().to_owned(), fs::read_to_string(file).unwrap());
            }
        }
        let found = circle(&sibling_imports(&files));
        circles.extend(found.map(|circle| format!("src/{module}: {circle}")));
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn imports_are_found_with_their_lines() {
    let source = "use crate::job::Job; // see crate::status\nuse super::policy;\n    super::super::diff::a(crate::Job)\n";
    let expected = [(1, "job"), (2, "policy"), (3, "Job"), (3, "diff")];
    let expected = expected.map(|(line, name)| (line, name.to_owned()));
    assert_eq!(imports(source, true), expected);
}

#[test]
fn circles_are_found_behind_the_names_that_a_module_exports_again() {
    let files = |b: &str| {
        let text = [
            ("mod", "mod a;\nmod b;\npub use self::a::A;\nuse self::b::{B, self};\n"),
            ("a", "use super::b::B;\n"),
            ("b", b),
        ];
        text.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
    };
    assert_eq!(circle(&sibling_imports(&files("use std::fmt;\n"))), None);
    let found = circle(&sibling_imports(&files("use super::{\n    A,\n};\n")));
    assert_eq!(found.as_deref(), Some("a -> b -> a"));
    let found = circle(&sibling_imports(&files("use super::Own;\n")));
    assert_eq!(found.as_deref(), Some("b -> mod -> b"));
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
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

/// For each file of a module, the other files that it imports from. What `mod.rs` exports again counts
/// as imported from the file that has it.
fn sibling_imports(files: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut exported = BTreeMap::new();
    for (is_public, path) in files["mod"].as_str().split_inclusive(';').flat_map(use_paths) {
        if let Some((file, name)) =
            path.strip_prefix("self::").and_then(|path| path.split_once("::"))
        {
            // What is imported privately can be used by the files below as well.
            exported.insert(name.to_owned(), (file.to_owned(), is_public));
        }
    }
    let resolve = |path: &str| {
        let first = path.split("::").next().unwrap();
        match exported.get(first) {
            _ if files.contains_key(first) => first.to_owned(),
            Some((file, _)) => file.clone(),
            None => "mod".to_owned(),
        }
    };
    let imports = |(name, text): (&String, &String)| {
        let paths = text.split_inclusive(';').flat_map(use_paths);
        let of_file = paths.filter_map(|(is_public, path)| match &**name {
            // `mod.rs` exports what it does not use.
            "mod" if is_public => None,
            "mod" => path.strip_prefix("self::").map(&resolve),
            _ => path.strip_prefix("super::").map(&resolve),
        });
        (name.clone(), of_file.filter(|import| import != name).collect())
    };
    files.iter().map(imports).collect()
}

/// The single paths of a statement, if it is a `use` at the top level, and whether it is public.
fn use_paths(statement: &str) -> Vec<(bool, String)> {
    let code: String = statement
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    let Some(line) =
        code.trim_end().rsplit_once("\nuse ").map(|(_, tree)| (false, tree)).or_else(|| {
            let public = code.trim_start().starts_with("pub");
            let tree = code.trim().split_once("use ")?;
            let is_use = tree.0.is_empty() || (public && tree.0.trim_end().ends_with(['b', ')']));
            is_use.then_some((public, tree.1))
        })
    else {
        return Vec::new();
    };
    let (is_public, tree) = line;
    let tree: String = tree.trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
    let paths = match tree.split_once('{') {
        None => vec![tree],
        Some((prefix, names)) => names
            .trim_end_matches(['}', ' '])
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty() && *name != "self")
            .map(|name| format!("{prefix}{name}"))
            .collect(),
    };
    paths.into_iter().map(|path| (is_public, path)).collect()
}

/// A circle, such as `b -> c -> b`.
fn circle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    fn visit<'i>(
        file: &'i str,
        imports: &'i BTreeMap<String, BTreeSet<String>>,
        above: &mut Vec<&'i str>,
        done: &mut BTreeSet<&'i str>,
    ) -> Option<String> {
        if let Some(start) = above.iter().position(|name| *name == file) {
            return Some([&above[start..], &[file]].concat().join(" -> "));
        }
        if !done.insert(file) {
            return None;
        }
        above.push(file);
        let found = imports[file].iter().find_map(|next| visit(next, imports, above, done));
        above.pop();
        found
    }
    let mut done = BTreeSet::new();
    imports.keys().find_map(|file| visit(file, imports, &mut Vec::new(), &mut done))
}
