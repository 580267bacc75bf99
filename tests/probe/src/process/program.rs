use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

/// A server's program: how it is run and how it is asked whether it is up.
pub(super) trait Program {
    /// What it is called in a message.
    const NAME: &'static str;

    /// Ends it in good order.
    const FAREWELL: Signal;

    /// Returns the command that runs it in the foreground, all its files in `folder`.
    fn command(&self, folder: &Path, port: u16) -> Command;

    /// Tells whether it serves; asked through the folder, since a port may be another server's.
    fn answers(&self, folder: &Path, port: u16) -> bool;
}

/// Returns the first file called `name` in a folder of `PATH`.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Returns the file called `name` in the newest `<root>/<version>/bin`.
pub(super) fn in_newest(root: &Path, name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir(root).ok()?.flatten().filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let file = entry.path().join("bin").join(name);
        file.is_file().then_some((version, file))
    });
    versions.max().map(|(_, file)| file)
}
