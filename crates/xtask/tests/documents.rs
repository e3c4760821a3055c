//! What the documents say against what is there: settings, files, tests, decisions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace's root").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Our Markdown files, from the root, with `/`.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned(), "deploy/README.md".to_owned()];
    for folder in ["docs", "docs/adr"] {
        let entries = fs::read_dir(root().join(folder)).expect("a readable folder").flatten();
        let names = entries.map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()));
        found.extend(names.filter(|name| name.ends_with(".md")));
    }
    found.sort();
    found
}

/// Settings as `config.rs` declares them, by variable: their defaults as the page should show them. Reads the blocks
/// `section! { Name { field: Type = default, … } }` as text, one field a line.
fn declared(source: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for block in source.split("\nsection! {\n").skip(1) {
        let mut lines = block.lines().take_while(|line| *line != "}").map(str::trim);
        let name = lines.find_map(|line| line.strip_suffix(" {")).expect("a section has a name");
        let fields = lines.filter(|line| !line.starts_with("//")).filter_map(|line| {
            let (field, rest) = line.split_once(": ")?;
            let (_, default) = rest.split_once(" = ")?;
            Some((field, default.strip_suffix(',')?))
        });
        sections.insert(name, fields.collect());
    }
    let all = sections.get("Sections").expect("the section of sections is there");
    let mut settings = BTreeMap::new();
    for (section, default) in all {
        let kind = default.strip_suffix("::default()").expect("a section is its own default");
        for (field, default) in &sections[kind] {
            let variable = format!("SWP__{}__{}", section.to_uppercase(), field.to_uppercase());
            settings.insert(variable, shown(default));
        }
    }
    settings
}

/// A default as it stands in the page: `–` for nothing.
fn shown(default: &str) -> String {
    match default {
        "String::new()" | "Hidden::default()" | "None" => "–".to_owned(),
        number if number.starts_with(|c: char| c.is_ascii_digit()) => format!("`{}`", number.replace('_', "")),
        text => format!("`{}`", text.trim_end_matches(".to_owned()").trim_matches('"')),
    }
}

/// The page's rows, by variable: their default.
fn documented(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `SWP__"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        (format!("SWP__{}", cells[0].trim_end_matches('`')), cells[1].to_owned())
    })
    .collect()
}

#[test]
fn the_configuration_page_lists_exactly_the_settings() {
    let declared = declared(&read("crates/api/src/wiring/config.rs"));
    assert!(declared.len() > 20, "the settings were not found: {declared:?}");
    let page = read("docs/configuration.md");
    assert_eq!(documented(&page), declared);
    let rows = page.lines().filter(|line| line.starts_with("| `SWP__")).count();
    assert_eq!(rows, declared.len(), "a setting has two rows");
}

#[test]
fn settings_are_read_as_they_are_written() {
    let source = "\nsection! {\n    /// The server.\n    Http {\n        /// Port: a number.\n        port: u16 = 8_080,\n        \
                  host: String = \"::\".to_owned(),\n        key: Hidden = Hidden::default(),\n    }\n}\n\nsection! {\n    \
                  Sections {\n        http: Http = Http::default(),\n    }\n}\n";
    let expected = [("SWP__HTTP__HOST", "`::`"), ("SWP__HTTP__KEY", "–"), ("SWP__HTTP__PORT", "`8080`")];
    assert_eq!(declared(source), expected.map(|(name, default)| (name.to_owned(), default.to_owned())).into());
    assert_eq!(documented("| `SWP__HTTP__PORT` | `8080` | – | Port |\n").len(), 1);
}

/// Link targets in a Markdown text, code blocks left out.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split(')').next())).collect()
}

/// Paths of this repository that a text names in backticks; what has a placeholder or a pattern in it is none.
fn named_paths(text: &str) -> Vec<&str> {
    let quoted = text.split("```").step_by(2).flat_map(|part| part.split('`').skip(1).step_by(2));
    let ours = ["crates/", "docs/", "deploy/", "migrations/", ".ci/"];
    quoted
        .filter(|path| ours.iter().any(|folder| path.starts_with(folder)))
        .filter(|path| !path.contains(['*', '<', '{', '…', ' ']) && !path.contains("NNNN"))
        .collect()
}

#[test]
fn links_and_paths_lead_somewhere() {
    let mut missing = Vec::new();
    for document in documents() {
        let (text, place) = (read(&document), root().join(&document));
        let folder = place.parent().expect("a file has a folder");
        for link in links(&text) {
            let file = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || link.starts_with("mailto:");
            if !outside && !file.is_empty() && !folder.join(file).exists() {
                missing.push(format!("{document} links to {link}, which is not there."));
            }
        }
        for path in named_paths(&text) {
            if !root().join(path).exists() {
                missing.push(format!("{document} names {path}, which is not there."));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn links_and_paths_are_found_in_text() {
    let text = "[a](b.md#c) `crates/api` `crates/<name>/src`\n```sh\n[x](y) `docs/z`\n```\n[d](https://e)";
    assert_eq!(links(text), ["b.md#c", "https://e"]);
    assert_eq!(named_paths(text), ["crates/api"]);
}

/// Rows `| what holds | ``test``, ``test`` in ``file``; ``test`` in ``file`` |`: every test with its file.
fn proofs(page: &str) -> Vec<(&str, &str)> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains(" in `crates/"));
    let groups = rows.flat_map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default().split("; "));
    groups
        .flat_map(|group| {
            let quoted: Vec<&str> = group.split('`').skip(1).step_by(2).collect();
            let file = quoted.last().copied().unwrap_or_default();
            quoted[..quoted.len().saturating_sub(1)].iter().map(move |test| (*test, file)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_tests_that_hold_the_invariants_exist() {
    let page = read("docs/architecture.md");
    let proofs = proofs(&page);
    assert!(proofs.len() > 30, "the invariants were not found: {proofs:?}");
    let absent: Vec<String> = proofs
        .into_iter()
        .filter(|(test, file)| !read(file).contains(&format!("fn {test}(")))
        .map(|(test, file)| format!("{test} is not in {file}."))
        .collect();
    assert!(absent.is_empty(), "\n{}", absent.join("\n"));
}

#[test]
fn every_decision_is_in_the_index() {
    let index = read("docs/adr/README.md");
    let decisions: Vec<String> =
        documents().into_iter().filter_map(|path| Some(path.strip_prefix("docs/adr/0")?.to_owned())).collect();
    assert!(decisions.len() >= 8, "the decisions were not found");
    for decision in decisions {
        assert!(index.contains(&format!("](0{decision})")), "docs/adr/README.md doesn't list 0{decision}");
    }
}

#[test]
fn lines_can_be_read_side_by_side() {
    for document in documents() {
        let text = read(&document);
        let long = text.lines().position(|line| line.chars().count() > 120 && !line.starts_with('|'));
        assert_eq!(long.map(|line| line + 1), None, "{document} has a line longer than 120 characters");
    }
}
