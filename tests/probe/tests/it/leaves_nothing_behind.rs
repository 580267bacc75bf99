use std::env;
use std::io::{BufRead, BufReader, Write, stdin};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use bartizan_probe::{Postgres, Redis};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::support::{
    await_that, is_gone, postgres_folder, postgres_pids, postgres_segment, redis_folder, redis_pid,
    segment_exists,
};

/// Set in the process that a test starts to kill it.
const HOLDS: &str = "BARTIZAN_PROBE_HOLDS";

/// Returns a command that runs [`holds_two_servers`] in a process of its own.
fn holder() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "leaves_nothing_behind::holds_two_servers"]);
    command.args(["--ignored", "--nocapture"]).env(HOLDS, "1");
    // A group of its own, to be killed as a test runner kills: whole.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    command
}

#[test]
#[ignore = "the process that `cleans_up_after_a_killed_test_process` kills"]
fn holds_two_servers() {
    if env::var_os(HOLDS).is_none() {
        return;
    }
    let redis = Redis::start();
    let mut postgres = Postgres::start();
    println!("\nredis {}\npostgres {}", redis.url(), postgres.url());
    let mut line = String::new();
    stdin().read_line(&mut line).unwrap();
    postgres.pause();
    println!("paused");
    stdin().read_line(&mut line).unwrap();
}

#[test]
fn cleans_up_after_a_killed_test_process() {
    let mut process = holder().spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = |key| lines.find_map(|line| Some(line.strip_prefix(key)?.to_owned())).unwrap();
    let (redis, postgres) = (told("redis "), told("postgres "));
    let folders = [redis_folder(&redis), postgres_folder(&postgres)];
    let mut pids = postgres_pids(&postgres);
    pids.push(redis_pid(&redis));
    let segment = postgres_segment(&postgres);
    assert!(folders.iter().all(|folder| folder.exists()));
    assert!(segment_exists(&segment));

    process.stdin.as_mut().unwrap().write_all(b"pause\n").unwrap();
    told("paused");
    kill_process_group(Pid::from_child(&process), Signal::KILL).unwrap();
    process.wait().unwrap();
    await_that("the servers end", || pids.iter().all(|pid| is_gone(*pid)));
    await_that("the folders go", || folders.iter().all(|folder| !folder.exists()));
    assert!(!segment_exists(&segment));
}

#[test]
fn cleans_up_when_a_running_server_is_dropped() {
    let postgres = Postgres::start();
    let url = postgres.url();
    let (pids, data, segment) =
        (postgres_pids(&url), postgres_folder(&url), postgres_segment(&url));
    drop(postgres);
    assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");
    assert!(!data.parent().unwrap().exists());
    assert!(!segment_exists(&segment));
}

#[test]
fn cleans_up_when_a_killed_server_is_dropped() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    let (data, segment) = (postgres_folder(&url), postgres_segment(&url));
    postgres.kill();
    assert!(segment_exists(&segment));
    drop(postgres);
    assert!(!data.parent().unwrap().exists());
    assert!(!segment_exists(&segment));
}

#[test]
fn names_the_command_that_installs_what_is_missing() {
    let output = holder().env("PATH", "/nowhere").output().unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("`apt-get install -y redis-server`"), "{words}");
}
