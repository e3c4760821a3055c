//! Names and passwords nobody else has.

use std::fs::File;
use std::io::Read;

/// `bytes` random bytes from the operating system, in lower-case hexadecimal.
///
/// # Panics
/// Where `/dev/urandom` cannot be read.
#[must_use]
pub fn hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut buffer)).expect("/dev/urandom is readable");
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}
