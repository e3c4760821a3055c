//! `cargo xtask test`: everything that is tested, with what it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use testkit::Failure;
use testkit::services::{self, Durability, POSTGRES_URL, REDIS_URL};
use tokio::process::Command;

use crate::services::Both;
use crate::steps::Steps;
use crate::workspace;

const BROWSER_TESTS: &str = "crates/api/tests/browser";

/// The environment that the tests share.
#[derive(Debug, Clone, Default)]
struct Environment(Vec<(&'static str, String)>);

impl Environment {
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(workspace::root()).envs(self.0.iter().map(|(name, value)| (name, value)));
        command
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(workspace::cargo().get_program());
        command.args(arguments);
        command
    }

    fn node_test(&self, files: &[PathBuf], serially: bool) -> Command {
        let mut command = self.command("node");
        command.args(["--test", "--test-reporter=spec"]);
        if serially {
            command.arg("--test-concurrency=1");
        }
        let root = workspace::root();
        command.args(files.iter().map(|file| file.strip_prefix(&root).unwrap_or(file)));
        command
    }
}

pub(crate) async fn run(filter: &[String]) -> Result<ExitCode, Failure> {
    let mut steps = Steps::default();
    let mut environment = Environment::default();
    // Held until the end: dropping it ends the servers we started.
    let Some(services) = steps.note("services", Both::temporary(Durability::Fast)) else {
        return Ok(steps.finish());
    };
    let whose = |ours| if ours { "started for this run" } else { "given by the environment" };
    println!("xtask: PostgreSQL: {}", whose(services.own_postgres.is_some()));
    println!("xtask: Redis: {}", whose(services.own_redis.is_some()));
    environment.0.push((POSTGRES_URL, services.postgres.url()));
    environment.0.push((REDIS_URL, services.redis.url()));
    environment.0.push(("SWP_TEST_BINARY", workspace::binary(false).to_string_lossy().into_owned()));

    let built = steps.run("build", environment.cargo(&workspace::BUILD)).await;
    steps.run("rust tests", environment.cargo(&rust_tests(filter))).await;
    if filter.is_empty() && !steps.interrupted() {
        steps.run("doctests", environment.cargo(&["test", "--doc", "--workspace"])).await;
        for feature in ["postgres", "sqlite"] {
            let name = format!("persistence with {feature} alone");
            let arguments = ["check", "-p", "shallweplay-persistence", "--no-default-features", "--features", feature];
            steps.run(&name, environment.cargo(&arguments)).await;
        }
        javascript(&mut steps, &mut environment, built).await;
    }
    drop(services);
    Ok(steps.finish())
}

/// Cargo's arguments for the Rust tests.
fn rust_tests(filter: &[String]) -> Vec<&str> {
    let nextest = services::on_path(&["cargo-nextest"]).is_some();
    let mut arguments = if nextest {
        vec!["nextest", "run", "--workspace"]
    } else {
        println!("xtask: cargo-nextest is not installed; cargo test does it");
        // Libraries, binaries, integration tests: doctests have their own step.
        vec!["test", "--workspace", "--all-targets", "--no-fail-fast"]
    };
    match filter {
        [] => {}
        [one] if !nextest => arguments.push(one),
        several => {
            arguments.push("--");
            arguments.extend(several.iter().map(String::as_str));
        }
    }
    arguments
}

async fn javascript(steps: &mut Steps, environment: &mut Environment, built: bool) {
    if steps.interrupted() {
        return;
    }
    let unit = test_files(&workspace::root().join("crates/api/assets"));
    let browser = test_files(&workspace::root().join(BROWSER_TESTS));
    if steps.note("node", services::program(&["node"], "nodejs")).is_none() {
        return;
    }
    if found(steps, "javascript tests", &unit) {
        steps.run("javascript tests", environment.node_test(&unit, false)).await;
    }
    if !found(steps, "browser tests", &browser) {
        return;
    }
    let Some(chromium) = steps.note("chromium", chromium()) else { return };
    println!("xtask: Chromium: {}", chromium.display());
    environment.0.push(("CHROMIUM", chromium.to_string_lossy().into_owned()));
    if !installed(steps, environment).await {
        return;
    }
    if built {
        steps.run("browser tests", environment.node_test(&browser, true)).await;
        conformance(steps, environment).await;
    } else {
        let why = Failure::new("not run: they need the binary, which does not build");
        steps.note::<()>("browser tests", Err(why));
    }
}

/// The protocols' own cases, against a binary that echoes. It is built last: the others want the service itself.
async fn conformance(steps: &mut Steps, environment: &Environment) {
    let mut arguments = workspace::BUILD.to_vec();
    arguments.extend(["--features", "conformance"]);
    if !steps.interrupted() && steps.run("build with conformance", environment.cargo(&arguments)).await {
        let cases = workspace::root().join(BROWSER_TESTS).join("protocols.conformance.mjs");
        steps.run("conformance", environment.node_test(&[cases], true)).await;
        // Whoever starts the binary next wants the service.
        steps.run("build", environment.cargo(&workspace::BUILD)).await;
    }
}

/// Tests that have vanished have not passed.
fn found(steps: &mut Steps, name: &str, files: &[PathBuf]) -> bool {
    if files.is_empty() {
        steps.note::<()>(name, Err(Failure::new("there are none to run")));
    }
    !files.is_empty()
}

fn chromium() -> Result<PathBuf, Failure> {
    match std::env::var_os("CHROMIUM").filter(|value| !value.is_empty()) {
        Some(given) if Path::new(&given).is_file() => Ok(given.into()),
        Some(given) => Err(Failure::new(format!("CHROMIUM names {}, which is no file.", given.display()))),
        None => services::program(&["chromium", "chromium-browser", "google-chrome"], "chromium"),
    }
}

/// The browser tests' node packages, as their lock file says. Chromium is
/// Debian's: none is downloaded.
async fn installed(steps: &mut Steps, environment: &Environment) -> bool {
    let directory = workspace::root().join(BROWSER_TESTS);
    if !directory.join("package.json").is_file() {
        return true;
    }
    // npm writes this file when it has finished.
    let (locked, done) = (directory.join("package-lock.json"), directory.join("node_modules/.package-lock.json"));
    let time = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if time(&done).is_some() && time(&done) >= time(&locked) {
        return true;
    }
    if steps.note("npm", services::program(&["npm"], "npm")).is_none() {
        return false;
    }
    let mut command = environment.command("npm");
    command
        .current_dir(&directory)
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .arg(if locked.is_file() { "ci" } else { "install" })
        .args(["--no-audit", "--no-fund"]);
    steps.run("node packages", command).await
}

/// All `*.test.mjs` and `*.test.js` below a directory, in order.
fn test_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() {
            if name != "node_modules" {
                found.extend(test_files(&path));
            }
        } else if name.ends_with(".test.mjs") || name.ends_with(".test.js") {
            found.push(path);
        }
    }
    found.sort();
    found
}
