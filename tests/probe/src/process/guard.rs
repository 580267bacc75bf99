use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Pid;

/// A process that outlives the test process and cleans up after it.
///
/// It holds the reading end of a pipe; the kernel closes the other end when the test process ends,
/// even by SIGKILL. Then it kills the server it was told of and removes the folder. Dropping the
/// guard has the same effect, and waits for it.
#[derive(Debug)]
pub(super) struct Guard {
    process: Child,
    line: Option<ChildStdin>,
}

impl Guard {
    /// Starts a guard over `folder`.
    pub(super) fn over(folder: &Path) -> Self {
        let mut process = Command::new("/bin/sh")
            .args(["-c", include_str!("guard.sh"), "guard"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at a terminal and a test runner's kill go to the test's group.
            .process_group(0)
            .spawn()
            .expect("/bin/sh could not be started");
        let line = process.stdin.take();
        Self { process, line }
    }

    /// Makes it kill this process, with its children, at the end.
    pub(super) fn watch(&mut self, server: Pid) {
        self.tell(&server.as_raw_pid().to_string());
    }

    /// Makes it kill nothing at the end: the pid may soon be another process's.
    pub(super) fn forget(&mut self) {
        self.tell("");
    }

    fn tell(&mut self, words: &str) {
        if let Some(line) = &mut self.line {
            // A guard that was killed itself guards nothing, but is no reason to fail a test.
            writeln!(line, "{words}").ok();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.line.take());
        self.process.wait().ok();
    }
}
