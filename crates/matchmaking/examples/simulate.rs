//! The `simulate` command without the backend around it:
//! `cargo run --release -p shallweplay-matchmaking --features simulate --example simulate -- --compare`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match shallweplay_matchmaking::simulate::main_from(std::env::args_os().skip(1)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}. See --help.");
            ExitCode::from(2)
        }
    }
}
