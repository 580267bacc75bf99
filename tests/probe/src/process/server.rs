use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;

use super::family;
use super::free_port;
use super::guard::Guard;
use super::patience::{OBEYING, STARTING, poll};
use super::program::Program;

/// How many ports are tried, since another process may take one that was free.
const ATTEMPTS: usize = 5;

/// A private server: its program, its folder, its port and the process that runs now.
#[derive(Debug)]
pub(super) struct Server<P: Program> {
    pub(super) program: P,
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    running: Option<Child>,
    guard: Guard,
}

impl<P: Program> Server<P> {
    /// Makes an empty folder for the server; nothing runs yet.
    pub(super) fn new(program: P) -> Self {
        let folder = tempfile::Builder::new().prefix("bartizan-").tempdir();
        let folder = folder.expect("no folder could be made for a server").keep();
        let guard = Guard::over(&folder);
        Self { program, folder, port: 0, running: None, guard }
    }

    /// Starts it on a free port and returns when it answers.
    pub(super) fn start(&mut self) {
        let mut outcome = Err(String::new());
        for _ in 0..ATTEMPTS {
            self.port = free_port();
            outcome = self.launch();
            if outcome.is_ok() {
                break;
            }
        }
        self.check(outcome);
    }

    /// Stops it if it runs, starts it on the same port and data, and returns when it answers.
    pub(super) fn restart(&mut self) {
        self.stop();
        let outcome = self.launch();
        self.check(outcome);
    }

    /// Asks it to end in good order, even if it is paused, and kills it if it does not.
    pub(super) fn stop(&mut self) {
        let Some(mut process) = self.running.take() else { return };
        let leader = Pid::from_child(&process);
        family::signal(leader, P::FAREWELL);
        family::resume(leader);
        if poll(OBEYING, || process.try_wait().ok().flatten()).is_none() {
            family::kill(leader);
            process.wait().ok();
        }
        self.guard.forget();
    }

    /// Kills it and all its children at once.
    pub(super) fn kill(&mut self) {
        let Some(mut process) = self.running.take() else { return };
        family::kill(Pid::from_child(&process));
        process.wait().ok();
        self.guard.forget();
    }

    /// Stops all its processes where they are.
    pub(super) fn pause(&mut self) {
        family::pause(self.leader());
    }

    /// Lets all its processes run on.
    pub(super) fn resume(&mut self) {
        family::resume(self.leader());
    }

    /// Runs a command to its end in the server's folder; panics with its output if it fails.
    pub(super) fn run(&mut self, mut command: Command) {
        let mut process = self.spawn(&mut command);
        let status = process.wait().expect("a command could not be waited for");
        self.guard.forget();
        assert!(status.success(), "{command:?} failed: {status}\n{}", self.log());
    }

    /// Starts it, or says what it wrote when it ended instead of answering.
    fn launch(&mut self) -> Result<(), String> {
        let mut command = self.program.command(&self.folder, self.port);
        let mut process = self.spawn(&mut command);
        let outcome = poll(STARTING, || match process.try_wait() {
            Ok(None) => self.program.answers(&self.folder, self.port).then_some(Ok(())),
            Ok(Some(status)) => Some(Err(format!("it ended: {status}"))),
            Err(error) => Some(Err(error.to_string())),
        });
        let outcome = outcome.unwrap_or_else(|| Err(format!("no answer within {STARTING:?}")));
        self.running = Some(process);
        if outcome.is_err() {
            self.kill();
        }
        outcome
    }

    fn spawn(&mut self, command: &mut Command) -> Child {
        let log = File::options().append(true).create(true).open(self.folder.join("log"));
        let log = log.expect("a server's log could not be opened");
        let process = command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a server's log could not be shared"))
            .stderr(log)
            .process_group(0)
            .spawn();
        let process = process.unwrap_or_else(|error| panic!("{command:?} did not run: {error}"));
        self.guard.watch(Pid::from_child(&process));
        process
    }

    fn check(&self, outcome: Result<(), String>) {
        if let Err(reason) = outcome {
            panic!("{} did not come up on port {}: {reason}\n{}", P::NAME, self.port, self.log());
        }
    }

    fn leader(&self) -> Pid {
        let process = self.running.as_ref();
        Pid::from_child(process.unwrap_or_else(|| panic!("{} does not run now", P::NAME)))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl<P: Program> Drop for Server<P> {
    fn drop(&mut self) {
        self.stop();
    }
}
