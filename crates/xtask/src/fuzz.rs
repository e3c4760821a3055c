//! `cargo xtask fuzz`: the targets of `fuzz/`, on the stable toolchain. libFuzzer's own build needs a nightly one only
//! for its convenience; what it asks of the compiler is coverage, which LLVM's pass gives by itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::Failure;

use crate::workspace;

const TARGETS: [&str; 3] = ["codecs", "engine", "session"];

/// Seconds for each target, unless said.
const SECONDS: u32 = 60;

/// Coverage in counters that libFuzzer reads, and every check that a release leaves out.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

/// Builds and runs targets, one after the other. `words`: seconds for each, and which; by default all.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let (seconds, names) = match words.first().and_then(|word| word.parse().ok()) {
        Some(seconds) => (seconds, &words[1..]),
        None => (SECONDS, words),
    };
    if let Some(unknown) = names.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        return Err(Failure::new(format!("There is no fuzz target {unknown}: {}.", TARGETS.join(", "))));
    }
    let binaries = build()?;
    let wanted = |name: &&str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    for name in TARGETS.iter().copied().filter(wanted) {
        fuzz(&binaries, name, seconds)?;
    }
    Ok(())
}

/// Where the binaries are. Naming the host as the target keeps the flags from build scripts.
fn build() -> Result<PathBuf, Failure> {
    let asked = Command::new("rustc").arg("-vV").output().map_err(Failure::of("asking rustc for its host"))?;
    let told = String::from_utf8_lossy(&asked.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::new("rustc -vV doesn't name its host"))?;
    let target = workspace::root().join("target/fuzz");
    let built = Command::new("cargo")
        .args(["build", "--release", "--target", host])
        .arg("--manifest-path")
        .arg(workspace::root().join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", FLAGS)
        .status()
        .map_err(Failure::of("building the fuzz targets"))?;
    if !built.success() {
        return Err(Failure::new("The fuzz targets can't be built: see above. They need a C++ compiler."));
    }
    Ok(target.join(host).join("release"))
}

fn fuzz(binaries: &Path, name: &str, seconds: u32) -> Result<(), Failure> {
    let home = workspace::root().join("fuzz");
    let (corpus, artifacts) = (home.join("corpus").join(name), home.join("artifacts").join(name));
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder).map_err(Failure::of("making the corpus"))?;
    }
    println!("xtask: fuzz {name}: {seconds} s");
    let ended = Command::new(binaries.join(name))
        .args(["-rss_limit_mb=512", "-timeout=5", "-max_len=20000", "-print_final_stats=1"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-dict={}", home.join("json.dict").display()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([corpus, home.join("seeds").join(name)])
        .output()
        .map_err(Failure::of("running a fuzz target"))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if !ended.status.success() {
        println!("{said}");
        return Err(Failure::new(format!("{name} failed; its input lies in {}", artifacts.display())));
    }
    println!("xtask: fuzz {name}: {} cases, {} inputs kept, nothing found", cases(&said), kept(&said));
    Ok(())
}

/// From the statistics at the end.
fn cases(said: &str) -> &str {
    said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).map_or("no", str::trim)
}

/// From the last line of progress: `… corp: 831/41Kb …`.
fn kept(said: &str) -> &str {
    said.rsplit_once("corp: ").and_then(|(_, rest)| rest.split('/').next()).unwrap_or("no")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_found_in_what_the_fuzzer_says() {
        let said = "#2 INITED cov: 9 corp: 1/1b\n#99 DONE cov: 12 ft: 30 corp: 831/41Kb lim: 20000\n\
                    stat::number_of_executed_units: 99\n";
        assert_eq!((cases(said), kept(said)), ("99", "831"));
    }

    #[test]
    fn only_known_targets_are_run() {
        let wrong = run(&["5".to_owned(), "sesion".to_owned()]).expect_err("is unknown");
        assert!(wrong.to_string().contains("sesion"), "{wrong}");
    }
}
