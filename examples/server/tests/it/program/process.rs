//! The built program in a folder of its own, without the environment of the tests.

use std::env;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long the program may take for anything; many tests share few cores.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until there is something.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited too long for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan-server"));
    // Where a coverage run collects what the program did.
    let profile = env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
    command.current_dir(folder).env_clear().envs(profile).envs(variables.iter().copied());
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a subcommand to its end.
pub(super) fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments, variables).output().unwrap()
}

/// What a program wrote, as text.
pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Runs it with its output in the folder.
fn spawn(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
    let mut command = command(folder, arguments, variables);
    command.stdout(File::create(folder.join("stdout")).unwrap());
    command.stderr(File::create(folder.join("stderr")).unwrap());
    command.spawn().unwrap()
}

/// A program that serves; it is killed when dropped.
pub(super) struct Program {
    child: Child,
    pub(super) address: SocketAddr,
    /// What it printed at its start.
    pub(super) welcome: String,
    folder: std::path::PathBuf,
}

impl Program {
    /// Starts it on this address and returns when it accepts connections, long before it is ready.
    pub(super) fn begin(folder: &Path, arguments: &[&str], address: SocketAddr) -> Self {
        let port = address.port().to_string();
        let child = spawn(folder, arguments, &[("PORT", &port)]);
        until("a connection", || TcpStream::connect(address).ok());
        Self { child, address, welcome: String::new(), folder: folder.to_owned() }
    }

    /// Starts it on a free port and returns when it listens.
    pub(super) fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let out = folder.join("stdout");
        let variables: Vec<_> = variables.iter().copied().chain([("PORT", "0")]).collect();
        let mut child = spawn(folder, &[], &variables);
        // It says this when all else is printed.
        until("the log line `listening`", || {
            let log = fs::read_to_string(folder.join("stderr")).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "it has ended: {log}");
            log.contains("listening").then_some(())
        });
        let welcome = fs::read_to_string(&out).unwrap();
        let (_, address) = welcome.lines().next().unwrap().split_once("http://").unwrap();
        let address = address.parse().unwrap();
        Self { child, address, welcome, folder: folder.to_owned() }
    }

    /// What it has logged so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("stderr")).unwrap()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(super) fn end(mut self) -> ExitStatus {
        until("the end of the program", || self.child.try_wait().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended needs neither.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
