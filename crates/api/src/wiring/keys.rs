//! Where the signing keys come from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use kernel::IdSource;

use super::config::{ConfigError, Settings};
use crate::tokens::SigningKey;

/// Shorter secrets can be guessed.
const SHORTEST: usize = 32;

/// The configured keys; embedded without any, a key that is made once and kept beside the database.
pub(super) fn signing_keys(settings: &Settings, ids: &dyn IdSource) -> Result<Vec<SigningKey>, ConfigError> {
    let configured = &settings.sections.auth.keys.0;
    if !configured.is_empty() {
        return configured.split(',').map(parse).collect();
    }
    if !settings.is_embedded() {
        let sentence = "SWP__AUTH__KEYS is not set: with PostgreSQL or Redis, replicas need signing keys in common. Set it to \
             `kid:secret`, the secret at least 32 random characters.";
        return Err(ConfigError(sentence.to_owned()));
    }
    let secret = if settings.ephemeral { ids.secret() } else { kept(Path::new(&settings.sections.sqlite.path), ids)? };
    Ok(vec![SigningKey { kid: "embedded".to_owned(), secret: secret.into_bytes() }])
}

fn parse(entry: &str) -> Result<SigningKey, ConfigError> {
    let (kid, secret) = entry
        .trim()
        .split_once(':')
        .filter(|(kid, _)| !kid.is_empty())
        .ok_or_else(|| ConfigError("SWP__AUTH__KEYS must be `kid:secret,…`; an entry has no key id.".to_owned()))?;
    if secret.len() < SHORTEST {
        let sentence = format!("SWP__AUTH__KEYS: the secret of key {kid:?} is shorter than {SHORTEST} characters.");
        return Err(ConfigError(sentence));
    }
    let distinct: std::collections::HashSet<char> = secret.chars().collect();
    let lowered = secret.to_lowercase();
    if distinct.len() < 8 || ["changeme", "change-me", "default", "example"].iter().any(|word| lowered.contains(word)) {
        let sentence = format!("SWP__AUTH__KEYS: the secret of key {kid:?} is a placeholder; put random characters.");
        return Err(ConfigError(sentence));
    }
    Ok(SigningKey { kid: kid.to_owned(), secret: secret.as_bytes().to_vec() })
}

/// The key beside the database file, readable by its owner alone: tokens survive a restart.
fn kept(database: &Path, ids: &dyn IdSource) -> Result<String, ConfigError> {
    let path = database.with_extension("key");
    let wrong = |error: std::io::Error| {
        ConfigError(format!(
            "{} can't be written: {error}. Set SWP__SQLITE__PATH to a folder that can.",
            path.display()
        ))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(mut file) => {
            let secret = ids.secret();
            file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let mut secret = String::new();
            std::fs::File::open(&path).and_then(|mut file| file.read_to_string(&mut secret)).map_err(wrong)?;
            if secret.len() < SHORTEST {
                let sentence = format!("{} is damaged: delete it, and everybody signs in anew.", path.display());
                return Err(ConfigError(sentence));
            }
            Ok(secret)
        }
        Err(error) => Err(wrong(error)),
    }
}
