//! The migrations are compiled in from outside this crate, which cargo doesn't see by itself.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
