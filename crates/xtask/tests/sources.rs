//! House rules that no lint knows, over the text of our Rust files.

use std::fs;
use std::path::{Path, PathBuf};

/// Adapter crates, which only the api's `wiring` may name.
const ADAPTERS: [&str; 3] = ["persistence", "cache", "integrations"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 4] = ["common", "utils", "helpers", "types"];

/// A longer file wants to be two.
const LINES: usize = 450;

/// One sentence for each rule that the file at `path` (from the workspace's
/// root, with `/`) breaks.
fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > LINES {
        found.push(format!("{path} has {lines} lines: split it, {LINES} are the limit."));
    }
    let stem = Path::new(path).with_extension("");
    if stem.iter().any(|part| EMPTY_NAMES.iter().any(|name| part == *name)) {
        found.push(format!("{path}: common, utils, helpers and types say nothing; name what is inside."));
    }
    let wiring = ["crates/api/src/wiring/", "crates/api/src/wiring.rs"];
    let edge = path.starts_with("crates/api/src/") && !wiring.iter().any(|dir| path.starts_with(dir));
    for (number, line) in text.lines().enumerate() {
        let at = format!("{path}:{}", number + 1);
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        if code.starts_with("#[allow(") || code.starts_with("#![allow(") {
            found.push(format!("{at}: #[expect(…, reason = \"…\")] instead of #[allow]."));
        }
        if (code.starts_with("#[expect(") || code.starts_with("#![expect(")) && !has_reason(text, number) {
            found.push(format!("{at}: #[expect] says its reason."));
        }
        if code.starts_with("#[ignore") {
            found.push(format!("{at}: a test that is ignored tests nothing."));
        }
        if edge && let Some(adapter) = ADAPTERS.iter().find(|name| names_crate(code, name)) {
            found.push(format!("{at}: only crates/api/src/wiring may name {adapter}."));
        }
    }
    found
}

/// Whether the attribute that begins in this line has a reason before its end.
fn has_reason(text: &str, number: usize) -> bool {
    let rest: Vec<&str> = text.lines().skip(number).collect();
    let end = rest.iter().position(|line| line.trim_end().ends_with(']')).unwrap_or(0);
    rest[..=end].iter().any(|line| line.contains("reason ="))
}

/// Whether a line of code starts a path at the crate `name` (`cache::…`), but
/// not at a module of that name (`crate::cache::…`).
fn names_crate(code: &str, name: &str) -> bool {
    let imported = ["use ", "pub use ", "extern crate ", "pub(crate) use "].iter().any(|start| {
        code.strip_prefix(start)
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with([';', ' ']))
    });
    imported
        || code.match_indices(&format!("{name}::")).any(|(at, _)| {
            let before = &code[..at];
            // `::cache::` with nothing before it is the crate as well.
            let before = before
                .strip_suffix("::")
                .filter(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>'))
                .unwrap_or(before);
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
        })
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a readable directory").flatten();
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                files.extend(rust_files(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace's root");
    let mut found = Vec::new();
    let files = rust_files(&root.join("crates"));
    assert!(files.len() > 20, "the sources were not found");
    for file in files {
        let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        found.extend(violations(&path, &fs::read_to_string(&file).expect("UTF-8")));
    }
    found.sort();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn planted_faults_are_found() {
    let edge = "crates/api/src/rest/me.rs";
    let cases = [
        (edge, "use persistence::postgres::Store;", "only crates/api/src/wiring"),
        (edge, "    let cache = ::cache::redis::connect();", "only crates/api/src/wiring"),
        (edge, "use cache as fast;", "only crates/api/src/wiring"),
        ("crates/api/src/main.rs", "fn main() { persistence::migrate(); }", "only crates/api/src/wiring"),
        ("crates/games/src/lib.rs", "#[allow(dead_code)]", "instead of #[allow]"),
        ("crates/games/src/lib.rs", "#[expect(dead_code)]", "says its reason"),
        ("crates/games/src/lib.rs", "#[ignore]", "tests nothing"),
        ("crates/games/src/utils.rs", "", "say nothing"),
        ("crates/api/src/helpers/mod.rs", "", "say nothing"),
    ];
    for (path, text, words) in cases {
        let found = violations(path, text);
        assert!(found.iter().any(|sentence| sentence.contains(words)), "{path} {text:?} gave {found:?}");
    }
    let long = "\n".repeat(LINES + 1);
    assert_eq!(violations("crates/games/src/lib.rs", &long).len(), 1);
}

#[test]
fn what_is_right_is_left_alone() {
    let edge = "crates/api/src/rest/me.rs";
    let cases = [
        (edge, "use crate::cache::Status;"),
        (edge, "// persistence::Store is wired elsewhere"),
        (edge, "use kernel::cache::Cache;"),
        (edge, "let fresh = http_cache::Control::none();"),
        ("crates/api/src/wiring/stores.rs", "use persistence::sqlite;"),
        ("crates/cache/src/lib.rs", "#[expect(\n    dead_code,\n    reason = \"why\"\n)]"),
    ];
    for (path, text) in cases {
        assert_eq!(violations(path, text), Vec::<String>::new(), "{text}");
    }
}
