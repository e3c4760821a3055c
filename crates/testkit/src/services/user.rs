//! Whom servers run as. PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::Failure;

/// An unprivileged user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Whether this process acts as root.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Whom a server must be run as: nobody else where we are not root, else the
/// package's user `postgres`, else `nobody`.
pub(super) fn for_servers() -> Result<Option<User>, Failure> {
    if !is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").map_err(Failure::of("reading /etc/passwd"))?;
    ["postgres", "nobody"].iter().find_map(|name| entry(&passwd, name)).map(Some).ok_or_else(|| {
        Failure::new("We are root, and /etc/passwd knows neither postgres nor nobody to run a server as.")
    })
}

fn entry(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        Some(User { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    })
}

/// Whether `path` is a directory, not a link to one, that belongs to the server's
/// user or to us.
pub(super) fn owns(path: &Path, user: Option<User>) -> bool {
    let own = fs::metadata("/proc/self").ok().map(|meta| meta.uid());
    fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.is_dir() && (Some(meta.uid()) == own || user.is_some_and(|user| user.uid == meta.uid())))
}

/// Whether every directory from the root down to `path` lets anybody pass.
pub(super) fn anybody_may_enter(path: &Path) -> bool {
    path.ancestors()
        .filter(|ancestor| !ancestor.as_os_str().is_empty())
        .all(|ancestor| fs::metadata(ancestor).is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_user_from_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:,,,:/var/lib:/bin/bash\n";
        assert_eq!(entry(passwd, "postgres"), Some(User { uid: 101, gid: 104 }));
        assert_eq!(entry(passwd, "nobody"), None);
    }

    #[test]
    fn a_link_to_our_directory_is_not_ours() {
        let ours = tempfile::tempdir().expect("a temporary directory");
        let link = ours.path().join("link");
        std::os::unix::fs::symlink(ours.path(), &link).expect("a link");
        assert!(owns(ours.path(), None));
        assert!(!owns(&link, None));
    }

    #[test]
    fn a_closed_directory_lets_nobody_pass() {
        let closed = tempfile::tempdir().expect("a temporary directory");
        assert!(!anybody_may_enter(&closed.path().join("inside")));
        assert!(anybody_may_enter(Path::new("/")));
    }
}
