//! `docs/quickstart.md`, word for word: what it says to paste is pasted, and what it shows must come out.

use std::path::Path;
use std::time::Duration;

use testkit::process::Program;
use tokio::process::Command;

/// Where the page says the server is.
const DOCUMENTED: &str = "localhost:8080";
/// For two matches and two games; they take two seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The code blocks of one language, in order.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[tokio::test]
async fn works_as_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/quickstart.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let curl = testkit::services::program(&["curl"], "curl");
    assert!(curl.is_ok(), "the page needs curl: {curl:?}");
    let server = Program::new(env!("CARGO_BIN_EXE_shallweplay-backend")).argument("--ephemeral").serve().await;
    let local = |text: &str| text.replace(DOCUMENTED, &format!("localhost:{}", server.port()));

    let script = local(&blocks(&page, "sh").join("\n"));
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", &script]).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, shell.output()).await.expect("it comes to an end").expect("sh runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    let about = format!("{}\n\n{said}\n\n{}", ended.status, String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{about}");

    // Each line of the samples that leaves nothing out.
    let samples = blocks(&page, "json");
    let whole: Vec<&str> = samples.iter().flat_map(|block| block.lines()).filter(|line| !line.contains('…')).collect();
    assert!(samples.len() >= 6 && whole.len() >= 6, "the samples were not found");
    for line in whole {
        assert!(said.contains(line.trim()), "not as documented: {line}\n\n{about}");
    }
    for part in [
        r#""display_name":"Ana""#,
        r#""status":"in_progress""#,
        r#""score":1200,"outcome":"win""#,
        r#""score":900,"outcome":"loss""#,
        r#""result":{"version":1,"status":"settled","reason":"reports""#,
    ] {
        assert!(said.contains(part), "{part} is missing\n\n{about}");
    }
    let refusals: Vec<&str> = said.split(r#""code":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(refusals, ["games.not_your_turn"], "only the one that is shown\n\n{about}");
    let settled = said.matches(r#""result":{"status":"settled","version":1}"#).count();
    assert_eq!(settled, 2, "the report sent twice gets one answer twice\n\n{about}");

    let log = server.logs();
    for line in blocks(&page, "console").concat().lines().filter(|line| line.contains(DOCUMENTED)) {
        assert!(log.contains(&local(line)), "not printed at the start: {line}\n\n{log}");
    }
}
