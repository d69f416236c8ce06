//! Checks that the modules of each program and of this crate do not import each other in cycles.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of a crate by path (`crate`, `crate::generate::policy`), each with the modules that
/// it imports or declares.
type Modules = BTreeMap<String, BTreeSet<String>>;

#[test]
fn program_modules_have_no_cycle() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checked = BTreeSet::new();
    for member in fs::read_dir(workspace).expect("the workspace is a directory") {
        let member = member.expect("the workspace can be listed").path();
        let name = member.file_name().expect("a name").to_string_lossy().into_owned();
        if member.join("src/main.rs").exists() || name == "programs" {
            let cycle = cycle(&modules(&member.join("src")));
            assert_eq!(cycle, None, "{name}: these modules import each other in a cycle");
            checked.insert(name);
        }
    }
    for program in ["cli", "programs", "server", "webhook"] {
        assert!(checked.contains(program), "{program} is not among {checked:?}");
    }
}

#[test]
fn cycle_is_found() {
    let modules = |imports: &[(&str, &[&str])]| -> Modules {
        let own = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        imports.iter().map(|(module, list)| ((*module).to_owned(), own(list))).collect()
    };
    let tree = modules(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
    assert_eq!(cycle(&tree), None);
    let cyclic = modules(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"]), ("d", &[])]);
    assert_eq!(cycle(&cyclic).as_deref(), Some("b -> c -> b"));
}

#[test]
fn imports_are_read() {
    let names = ["crate", "crate::a", "crate::a::b", "crate::c", "crate::d"];
    let known: BTreeSet<String> = names.map(String::from).into();
    let text = "//! use crate::d;\nmod b;\nuse std::fmt;\nuse self::b::B;\nuse crate::{\n    c::{self, C},\n};\n\
                fn f() {\n    // crate::d\n}\n";
    let found: Vec<String> = imports(text, "crate::a", &known).into_iter().collect();
    assert_eq!(found, ["crate::a::b", "crate::c"]);
    let found: Vec<String> =
        imports("fn f() {\n    crate::helper();\n}\n", "crate::a", &known).into_iter().collect();
    assert_eq!(found, ["crate"]);
    let found: Vec<String> =
        imports("pub(crate) use super::{X, b};\n", "crate::a::b", &known).into_iter().collect();
    assert_eq!(found, ["crate::a"], "an import of the module itself is none");
}

/// Finds a cycle, such as `b -> c -> b`.
fn cycle(modules: &Modules) -> Option<String> {
    let mut done = BTreeSet::new();
    modules.keys().find_map(|module| visit(module, modules, &mut Vec::new(), &mut done))
}

/// Depth-first search. `ancestors` is the path from the start to this module.
fn visit<'m>(
    module: &'m str,
    modules: &'m Modules,
    ancestors: &mut Vec<&'m str>,
    done: &mut BTreeSet<&'m str>,
) -> Option<String> {
    if let Some(start) = ancestors.iter().position(|name| *name == module) {
        return Some([&ancestors[start..], &[module]].concat().join(" -> "));
    }
    if !done.insert(module) {
        return None;
    }
    ancestors.push(module);
    let found = modules.get(module)?.iter().find_map(|next| visit(next, modules, ancestors, done));
    ancestors.pop();
    found
}

/// Reads the modules of a crate, except unit tests in separate files (`tests.rs`).
fn modules(source: &Path) -> Modules {
    let mut files = Vec::new();
    list_files(source, &mut files);
    let named: Vec<(String, PathBuf)> =
        files.into_iter().map(|file| (module_name(&file, source), file)).collect();
    let known: BTreeSet<String> = named.iter().map(|(name, _)| name.clone()).collect();
    let read = |file: &PathBuf| fs::read_to_string(file).expect("the source can be read");
    named.iter().map(|(name, file)| (name.clone(), imports(&read(file), name, &known))).collect()
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source is a directory") {
        let path = entry.expect("the source can be listed").path();
        if path.is_dir() {
            list_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
}

/// The module path of a file: `crate::generate` for `generate/mod.rs`.
fn module_name(file: &Path, source: &Path) -> String {
    let file = file.strip_prefix(source).expect("the file is below the source").with_extension("");
    let mut steps: Vec<_> = file.iter().map(|step| step.to_string_lossy().into_owned()).collect();
    if matches!(steps.last().map(String::as_str), Some("mod" | "main" | "lib")) {
        steps.pop();
    }
    steps.insert(0, "crate".into());
    steps.join("::")
}

/// The modules that a file declares, imports with a top-level `use`, or names as `crate::…`.
fn imports(text: &str, module: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let without_comment =
        |line: &str| line.split_once("//").map_or(line, |(code, _)| code).trim_end().to_owned();
    let code = text.lines().map(without_comment).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for item in items(&code) {
        if let Some(child) = item.strip_prefix("mod ").and_then(|name| name.strip_suffix(';')) {
            paths.push(format!("{module}::{child}"));
        } else if let Some(tree) = item.strip_prefix("use ").and_then(|tree| tree.strip_suffix(';'))
        {
            expand(tree, "", &mut paths);
        }
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for (start, _) in code.match_indices("crate::") {
        let path =
            code[start..].split(|c: char| !is_name(c) && c != ':').next().unwrap_or_default();
        // A `{` follows only in a `use`, which is handled above.
        if path.ends_with(is_name) {
            paths.push(path.to_owned());
        }
    }
    paths
        .iter()
        .filter_map(|path| resolve(path, module, known))
        .filter(|found| found != module)
        .collect()
}

/// The top-level `mod` and `use` items, which are not indented, each joined to one line.
fn items(code: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let visibility = ["pub(crate) ", "pub(super) ", "pub "];
        let item = visibility.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
        if item.starts_with("mod ") && item.ends_with(';') {
            items.push(item.to_owned());
        } else if item.starts_with("use ") {
            let mut item = item.to_owned();
            while !item.ends_with(';') {
                item.push_str(lines.next().expect("a use ends with a semicolon").trim());
            }
            items.push(item);
        }
    }
    items
}

/// Adds the paths of a `use` tree: `a::{b, c::{self, d}}` expands to `a::b`, `a::c` and `a::c::d`.
fn expand(tree: &str, prefix: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, inside)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        let path = format!("{prefix}{name}");
        paths.push(path.strip_suffix("::self").unwrap_or(&path).to_owned());
        return;
    };
    let inside = inside.strip_suffix('}').expect("the braces of a use are closed");
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inside[start..at].trim().is_empty() {
                    expand(&inside[start..at], &format!("{prefix}{}", head.trim()), paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The module that a path refers to, or that contains the item. `None` if it is outside the crate.
fn resolve(path: &str, module: &str, known: &BTreeSet<String>) -> Option<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let path = if path == "crate" || path.starts_with("crate::") {
        path.to_owned()
    } else if let Some(rest) = path.strip_prefix("self::") {
        format!("{module}::{rest}")
    } else if let Some(rest) = path.strip_prefix("super::") {
        format!("{parent}::{rest}")
    } else {
        return None;
    };
    let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| &path[..end]).filter(|path| known.contains(*path)).last().map(String::from)
}
