use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Counts how often its waker was woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let woken = Arc::new(Self::default());
        (Arc::clone(&woken), Waker::from(woken))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Sends one inline command to Redis and returns what it replies.
pub(crate) fn redis(url: &str, command: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(url.strip_prefix("redis://").unwrap())?;
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply.strip_suffix("+OK\r\n").unwrap_or(&reply).to_owned())
}

/// Reads one number out of what Redis tells about itself.
pub(crate) fn redis_pid(url: &str) -> u32 {
    let info = redis(url, "INFO server").unwrap();
    let pid = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap();
    pid.parse().unwrap()
}

/// Returns the folder that Redis works in.
pub(crate) fn redis_folder(url: &str) -> PathBuf {
    let reply = redis(url, "CONFIG GET dir").unwrap();
    PathBuf::from(reply.lines().last().unwrap())
}

/// Returns a `psql` that runs one statement.
pub(crate) fn psql(url: &str, statement: &str) -> Command {
    let mut command = Command::new("psql");
    command.args([url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]);
    command
}

/// Runs one statement and returns what it prints, or the complaint.
pub(crate) fn query(url: &str, statement: &str) -> Result<String, String> {
    let output = psql(url, statement).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// Returns the folder that holds PostgreSQL's data.
pub(crate) fn postgres_folder(url: &str) -> PathBuf {
    PathBuf::from(query(url, "show data_directory").unwrap())
}

/// Returns the pids of the postmaster and of all the children it keeps.
pub(crate) fn postgres_pids(url: &str) -> Vec<u32> {
    let children = "select pid from pg_stat_activity where pid <> pg_backend_pid()";
    let mut pids: Vec<u32> =
        query(url, children).unwrap().lines().map(|pid| pid.parse().unwrap()).collect();
    pids.push(lock_file_line(&postgres_folder(url), 1).trim().parse().unwrap());
    pids
}

/// Returns the id of the System V segment that PostgreSQL marks its data with.
pub(crate) fn postgres_segment(url: &str) -> String {
    let key_and_id = lock_file_line(&postgres_folder(url), 7);
    key_and_id.split_ascii_whitespace().nth(1).unwrap().to_owned()
}

/// Tells whether a System V segment exists.
pub(crate) fn segment_exists(id: &str) -> bool {
    let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    segments.lines().any(|line| line.split_ascii_whitespace().nth(1) == Some(id))
}

/// Returns the state of a process as `/proc` has it; nothing when it is gone.
pub(crate) fn state(pid: u32) -> Option<char> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("State:"))?.trim().chars().next()
}

/// Tells whether a process is gone, or dead and only not yet reaped.
pub(crate) fn is_gone(pid: u32) -> bool {
    matches!(state(pid), None | Some('Z' | 'X'))
}

/// Waits until something comes true, for what other processes do in their own time.
pub(crate) fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(30), "in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn lock_file_line(data: &Path, number: usize) -> String {
    let lock = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    lock.lines().nth(number - 1).unwrap().to_owned()
}
