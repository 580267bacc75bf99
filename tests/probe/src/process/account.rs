use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The unprivileged user that servers run as when the test runs as root, which PostgreSQL refuses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// Returns `postgres`, or else `nobody`; nothing when the test does not run as root.
    pub(super) fn unprivileged() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd could not be read");
        let account = Self::named("postgres", &users).or_else(|| Self::named("nobody", &users));
        Some(account.expect("/etc/passwd knows neither `postgres` nor `nobody`"))
    }

    /// Makes the command run as this user, without root's groups.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives a folder to this user.
    pub(super) fn own(self, folder: &Path) {
        chown(folder, Some(self.uid), Some(self.gid)).expect("the folder could not be given away");
    }

    fn named(name: &str, users: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}
