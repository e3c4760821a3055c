//! The pages that are to be pasted, word for word: what they say to paste is pasted, and what they show must come out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::process::Program;
use tokio::process::Command;

const BINARY: &str = env!("CARGO_BIN_EXE_shallweplay-backend");
/// Where the pages say the server is.
const DOCUMENTED: &str = "localhost:8080";
/// How they run the binary.
const RUN: &str = "cargo run -q --";
/// For some matches and games; they take seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// The code blocks of one language, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// The settings that a page starts the server with: `SWP__…=…`, without quotes.
fn settings(console: &str) -> Vec<(&str, &str)> {
    let words = console.lines().filter_map(|line| line.strip_prefix("$ ")).flat_map(str::split_whitespace);
    words.filter(|word| word.starts_with("SWP__")).filter_map(|word| word.split_once('=')).collect()
}

/// An empty folder, deleted at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The server may still be on its way out; what is left lies among what was built.
        _ = fs::remove_dir_all(&self.0);
    }
}

/// What came of a page.
struct Told {
    /// What its commands printed.
    said: String,
    /// The same with what is good to know when it isn't as documented.
    about: String,
}

impl Told {
    /// The codes of the problems that were answered, in order.
    fn refusals(&self) -> Vec<&str> {
        self.said.split(r#"{"code":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    fn shows(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.said.contains(part), "{part} is missing\n\n{}", self.about);
        }
    }
}

/// Runs a page against a server of its own, and compares what came out with each line of the samples that leaves
/// nothing out; of which there are `least`.
async fn run(name: &str, least: usize) -> Told {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let page = fs::read_to_string(path).expect("the page is there");
    let curl = testkit::services::program(&["curl"], "curl");
    assert!(curl.is_ok(), "the page needs curl: {curl:?}");
    let folder = Folder::new(name);
    let console = blocks(&page, "console").concat();
    let server = Program::new(BINARY).directory(&folder.0).variables(settings(&console)).serve().await;
    let local = |text: &str| text.replace(DOCUMENTED, &format!("localhost:{}", server.port())).replace(RUN, BINARY);

    let script = local(&blocks(&page, "sh").join("\n"));
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", &script]).current_dir(&folder.0).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, shell.output()).await.expect("it comes to an end").expect("sh runs");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let about = format!("{}\n\n{said}\n\n{}", ended.status, String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{about}");

    let samples = [blocks(&page, "json"), blocks(&page, "text")].concat();
    let whole: Vec<&str> = samples.iter().flat_map(|block| block.lines()).filter(|line| !line.contains('…')).collect();
    assert!(whole.len() >= least, "the samples were not found: {whole:?}");
    for line in whole {
        assert!(said.contains(line.trim()), "not as documented: {line}\n\n{about}");
    }
    let log = server.logs();
    for line in console.lines().filter(|line| line.contains(DOCUMENTED)) {
        assert!(log.contains(&local(line)), "not printed at the start: {line}\n\n{log}");
    }
    Told { said, about }
}

#[tokio::test]
async fn works_as_written() {
    let told = run("quickstart.md", 6).await;
    told.shows(&[
        r#""display_name":"Ana""#,
        r#""status":"in_progress""#,
        r#""score":1200,"outcome":"win""#,
        r#""score":900,"outcome":"loss""#,
        r#""result":{"version":1,"status":"settled","reason":"reports""#,
    ]);
    assert_eq!(told.refusals(), ["games.not_your_turn"], "only the one that is shown\n\n{}", told.about);
    let settled = told.said.matches(r#""result":{"status":"settled","version":1}"#).count();
    assert_eq!(settled, 2, "the report sent twice gets one answer twice\n\n{}", told.about);
}

#[tokio::test]
async fn scores_and_disputes_work_as_written() {
    let told = run("scores.md", 20).await;
    let refused = ["games.already_reported", "games.bad_secret"];
    assert_eq!(told.refusals(), refused, "only those that are shown\n\n{}", told.about);
    // A forged log is one refusal, and everything else that is checked holds.
    assert_eq!(told.said.matches("refused: 1").count(), 1, "{}", told.about);
    assert_eq!(told.said.matches(" each vouching for those before it").count(), 2, "{}", told.about);
    told.shows(&["\ntic_tac_toe: 1 games, 2 players, 0 differences", "\nscore_attack: "]);
}

#[tokio::test]
async fn friends_work_as_written() {
    let told = run("friends.md", 7).await;
    told.shows(&[r#""handle":"cleo_plays""#, r#""items":[]"#, r#""status":"offline""#]);
    let states = told.said.matches(r#""state":"pending""#).count();
    assert_eq!(states, 3, "asked twice, and once more after the block\n\n{}", told.about);
}

#[test]
fn settings_are_read_as_they_are_pasted() {
    let console = "$ export SWP__A__B=c SWP__D__E=f-g\nSWP__NOT__A=command\n$ cargo run";
    assert_eq!(settings(console), [("SWP__A__B", "c"), ("SWP__D__E", "f-g")]);
}
