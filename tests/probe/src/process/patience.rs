use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to answer after its start; many start at once on few cores.
pub(super) const STARTING: Duration = Duration::from_secs(60);

/// How long a server may take to obey a signal.
pub(super) const OBEYING: Duration = Duration::from_secs(20);

/// How long to wait between two looks at a process that is coming up or going down.
const STEP: Duration = Duration::from_millis(5);

/// Looks until `look` finds something, and gives up after `patience`.
pub(super) fn poll<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if begin.elapsed() > patience {
            return None;
        }
        thread::sleep(STEP);
    }
}
