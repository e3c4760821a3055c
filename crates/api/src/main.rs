//! `shallweplay-backend`: the whole backend in one binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    shallweplay_api::wiring::run(std::env::args_os().skip(1)).await
}
