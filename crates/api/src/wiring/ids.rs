use kernel::IdSource;

/// Ids and secrets from the operating system's generator.
pub(super) struct OsIds;

impl IdSource for OsIds {
    #[expect(clippy::disallowed_methods, reason = "this is the one source of randomness in production")]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Without randomness every secret would be guessable: there is no way on.
            tracing::error!(%error, "the operating system gives no randomness");
            std::process::abort();
        }
    }
}
