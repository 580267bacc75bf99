//! A server process and the children it forked.
//!
//! PostgreSQL gives every child a session and a process group of its own, so no signal to a group
//! reaches them all; `/proc` says who belongs to whom.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::patience::{OBEYING, poll};

/// Stops the leader and its children, and returns when none of them runs any more.
pub(super) fn pause(leader: Pid) {
    // The leader first: once it has stopped, it forks no more and its children are known.
    signal(leader, Signal::STOP);
    await_still(&[leader]);
    let children = children(leader);
    for child in &children {
        signal(*child, Signal::STOP);
    }
    await_still(&children);
}

/// Lets the leader and its children run on.
pub(super) fn resume(leader: Pid) {
    for child in children(leader) {
        signal(child, Signal::CONT);
    }
    signal(leader, Signal::CONT);
}

/// Kills the leader and its children as a power cut would; the leader is left to be reaped.
pub(super) fn kill(leader: Pid) {
    pause(leader);
    let children = children(leader);
    for child in &children {
        signal(*child, Signal::KILL);
    }
    signal(leader, Signal::KILL);
    let gone = |pid: &Pid| matches!(Member::of(*pid), None | Some(Member { state: 'X' | 'Z', .. }));
    poll(OBEYING, || children.iter().all(gone).then_some(()))
        .expect("a killed child of a server is still there");
}

/// Sends a signal to one process; one that is gone already needs none.
pub(super) fn signal(pid: Pid, signal: Signal) {
    kill_process(pid, signal).ok();
}

fn await_still(pids: &[Pid]) {
    let still = |pid: &Pid| {
        matches!(Member::of(*pid), None | Some(Member { state: 'T' | 't' | 'X' | 'Z', .. }))
    };
    poll(OBEYING, || pids.iter().all(still).then_some(()))
        .expect("a process of a server did not stop at SIGSTOP");
}

fn children(leader: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("/proc could not be read");
    let pids = processes.flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(pid)
    });
    pids.filter(|pid| Member::of(*pid).is_some_and(|it| it.parent == leader.as_raw_pid())).collect()
}

/// What `/proc/<pid>/stat` says of a process.
struct Member {
    state: char,
    parent: i32,
}

impl Member {
    /// Reads about a process; nothing when it is gone.
    fn of(pid: Pid) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
        // The name in parentheses may hold anything, so the fields count from its end.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        Some(Self { state, parent })
    }
}
