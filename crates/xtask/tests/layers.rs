//! Arrows that never are: which crate may not depend on which, over what cargo
//! itself resolved. `docs/architecture.md` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Rules and nothing else: no runtime, no store, no protocol, and not one
/// another. Those that are not written yet stand here already.
const DOMAINS: [&str; 8] =
    ["players", "friends", "matchmaking", "games", "standings", "achievements", "social", "recommendations"];

/// What domains point away from, whole families by their first word.
const OUTSIDE: [&str; 6] = ["tokio", "diesel", "actix", "redis", "deadpool", "reqwest"];

/// The session machine knows neither HTTP nor a store.
const OUTSIDE_OF_REALTIME: [&str; 6] = ["actix", "diesel", "redis", "deadpool", "reqwest", "hyper"];

/// They implement the domains' ports and don't know each other.
const ADAPTERS: [&str; 4] = ["persistence", "cache", "integrations", "realtime"];

/// Refused wherever they come from; `deny.toml` says the same.
const NOWHERE: [&str; 4] = ["openssl-sys", "actix-governor", "rsa", "pq-sys"];

const PREFIX: &str = "shallweplay-";

/// Who depends on whom: normal dependencies of every package that is built,
/// and the development ones of ours.
#[derive(Debug, Default)]
struct Graph {
    normal: BTreeMap<String, BTreeSet<String>>,
    development: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn from_metadata(metadata: &Value) -> Self {
        let list = |value: &'static str, of: &Value| of[value].as_array().cloned().unwrap_or_default();
        let name_of = |id: &Value| {
            let packages = metadata["packages"].as_array();
            let package = packages.and_then(|all| all.iter().find(|package| package["id"] == *id));
            package.and_then(|package| package["name"].as_str()).unwrap_or_default().to_owned()
        };
        let mut graph = Self::default();
        for node in list("nodes", &metadata["resolve"]) {
            let name = name_of(&node["id"]);
            for dependency in list("deps", &node) {
                let to = name_of(&dependency["pkg"]);
                for kind in list("dep_kinds", &dependency) {
                    let arrows = match kind["kind"].as_str() {
                        None => &mut graph.normal,
                        Some("dev") => &mut graph.development,
                        Some(_) => continue,
                    };
                    arrows.entry(name.clone()).or_default().insert(to.clone());
                }
            }
        }
        graph
    }

    /// Everything reached over normal arrows, with the way there.
    fn reached(&self, from: &str) -> BTreeMap<String, String> {
        let mut ways = BTreeMap::new();
        let mut open = vec![(from.to_owned(), from.to_owned())];
        while let Some((name, way)) = open.pop() {
            for next in self.normal.get(&name).into_iter().flatten() {
                if !ways.contains_key(next) {
                    let way = format!("{way} → {next}");
                    ways.insert(next.clone(), way.clone());
                    open.push((next.clone(), way));
                }
            }
        }
        ways
    }

    fn ours(&self) -> BTreeSet<&str> {
        let both = self.normal.keys().chain(self.development.keys());
        both.chain(self.normal.values().flatten()).filter_map(|name| name.strip_prefix(PREFIX)).collect()
    }
}

/// One sentence for each arrow that must not be.
fn violations(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for from in graph.ours() {
        let package = format!("{PREFIX}{from}");
        let domain = DOMAINS.contains(&from);
        for (to, way) in graph.reached(&package) {
            let ours = to.strip_prefix(PREFIX);
            if ours == Some("api") {
                found.push(format!("Nothing depends on api, the edge: {way}."));
            }
            if ours == Some("testkit") && from != "xtask" {
                found.push(format!("testkit is for tests and xtask only: {way}."));
            }
            if ours == Some("xtask") {
                found.push(format!("xtask is a tool, nobody's dependency: {way}."));
            }
            if ours.is_some() && ["kernel", "testkit"].contains(&from) {
                found.push(format!("{from} stands alone: {way}."));
            }
            if domain && ours.is_some_and(|to| to != "kernel") {
                found.push(format!(
                    "A domain depends on none of ours but kernel (declare a port, bridge it in api/src/wiring): {way}."
                ));
            }
            if ADAPTERS.contains(&from) && ours.is_some_and(|to| ADAPTERS.contains(&to)) {
                found.push(format!("Adapters point inward and don't know each other: {way}."));
            }
            if (domain || from == "kernel") && belongs(&to, &OUTSIDE) {
                found.push(format!("Domains and kernel are free of runtimes, stores and protocols: {way}."));
            }
            if from == "realtime" && belongs(&to, &OUTSIDE_OF_REALTIME) {
                found.push(format!("realtime is sans-I/O: {way}."));
            }
            if NOWHERE.contains(&to.as_str()) {
                found.push(format!("{to} is refused altogether: {way}."));
            }
        }
        let in_tests = graph.development.get(&package).into_iter().flatten();
        for to in in_tests.filter_map(|to| to.strip_prefix(PREFIX)) {
            if domain && to != "kernel" && to != from {
                found.push(format!("A domain's tests, too, know none of ours but kernel: {from} → {to}."));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a package is one of these, or one of their families: `diesel`,
/// `diesel_migrations`, `diesel-async`.
fn belongs(package: &str, families: &[&str]) -> bool {
    families
        .iter()
        .any(|family| package.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_'])))
}

#[test]
fn arrows_that_never_are() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let graph = Graph::from_metadata(&metadata);
    assert!(graph.ours().len() >= 10, "our crates were not found: {:?}", graph.ours());
    let found = violations(&graph);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// A graph in words: `"players > kernel"`, and `"players ~ games"` in tests.
fn planted(arrows: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for arrow in arrows {
        let words: Vec<&str> = arrow.split(' ').collect();
        let [from, kind, to] = words[..] else { panic!("{arrow} is no arrow") };
        let all = if kind == ">" { &mut graph.normal } else { &mut graph.development };
        let name = |word: &str| {
            let ours = DOMAINS.contains(&word) || ADAPTERS.contains(&word);
            let ours = ours || ["kernel", "api", "testkit", "xtask"].contains(&word);
            if ours { format!("{PREFIX}{word}") } else { word.to_owned() }
        };
        all.entry(name(from)).or_default().insert(name(to));
    }
    graph
}

#[test]
fn the_house_as_drawn_is_fine() {
    let graph = planted(&[
        "api > persistence",
        "api > cache",
        "api > realtime",
        "api > games",
        "api > actix-web",
        "actix-web > tokio",
        "persistence > games",
        "persistence > diesel",
        "cache > redis",
        "realtime > games",
        "games > kernel",
        "kernel > serde",
        "games ~ tokio",
        "games ~ kernel",
        "persistence ~ testkit",
        "xtask > testkit",
        "testkit > tokio",
    ]);
    assert_eq!(violations(&graph), Vec::<String>::new());
}

#[test]
fn every_planted_arrow_is_found() {
    let cases: [(&[&str], &str); 13] = [
        (&["games > players"], "shallweplay-games → shallweplay-players"),
        (&["friends > helper", "helper > games"], "shallweplay-friends → helper → shallweplay-games"),
        (&["players > tokio"], "free of runtimes"),
        (&["players > wrapper", "wrapper > diesel-async"], "wrapper → diesel-async"),
        (&["social > deadpool-redis"], "free of runtimes"),
        (&["kernel > actix-web"], "free of runtimes"),
        (&["kernel > games"], "kernel stands alone"),
        (&["persistence > api"], "Nothing depends on api"),
        (&["persistence > cache"], "don't know each other"),
        (&["realtime > actix-http"], "sans-I/O"),
        (&["api > testkit"], "testkit is for tests"),
        (&["games ~ players"], "A domain's tests"),
        (&["api > jsonwebtoken", "jsonwebtoken > rsa"], "rsa is refused altogether"),
    ];
    for (arrows, words) in cases {
        let found = violations(&planted(arrows));
        assert!(found.iter().any(|sentence| sentence.contains(words)), "{arrows:?} gave {found:?}");
    }
}

#[test]
fn a_family_is_told_from_a_mere_beginning() {
    assert!(belongs("diesel_migrations", &OUTSIDE));
    assert!(belongs("tokio", &OUTSIDE));
    assert!(!belongs("redistribute", &OUTSIDE));
}
