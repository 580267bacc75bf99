//! How long things are kept, and what happens when their source is slow or fails.

use std::time::Duration;

use bartizan_cache::Options;

pub(super) const SHORT: Duration = Duration::from_mins(1);
pub(super) const MEDIUM: Duration = Duration::from_mins(5);
pub(super) const LONG: Duration = Duration::from_mins(30);
pub(super) const WORKFLOW: Duration = Duration::from_mins(10);
pub(super) const ANALYSIS: Duration = Duration::from_hours(1);
pub(super) const USER: Duration = Duration::from_mins(15);
pub(super) const LEADS: Duration = Duration::from_mins(5);

/// A session says itself when it ends; this is the most.
const SESSION: Duration = Duration::from_hours(24);

/// While the source fails, its last answer is better than none for so long.
const STALE: Duration = Duration::from_hours(1);

/// As [`STALE`], of what a credential opens: a key that was withdrawn opens nothing any more.
const STALE_CREDENTIAL: Duration = Duration::from_mins(10);

/// After a failure the source is left alone for so long.
const THROTTLE: Duration = Duration::from_secs(5);

/// Whoever could have a stale answer waits no longer: less than the platform takes.
const PATIENCE: Duration = Duration::from_millis(300);

/// The client of the platform gives up after 10 s, and a statement after 2: an analysis has two.
const ABANDON: Duration = Duration::from_secs(15);

/// What is not there is asked for again after so long.
const ABSENT: Duration = Duration::from_secs(30);

/// The most by which a lifetime is shortened, and that of what is not there is lengthened.
const JITTER: Duration = Duration::from_secs(30);

/// Answers of the API.
pub(super) fn of_answers(seconds: Duration) -> Options {
    lasting(seconds).with_fail_safe(STALE, THROTTLE)
}

/// What credentials open.
pub(super) fn of_credentials(seconds: Duration) -> Options {
    lasting(seconds).with_fail_safe(STALE_CREDENTIAL, THROTTLE)
}

/// Sessions, which nothing can load: never a moment longer than they say.
pub(super) fn session() -> Options {
    Options::new(SESSION)
}

/// Up to `seconds`, and up to a twentieth less, half a minute at most, so that what came together does
/// not go together.
fn lasting(seconds: Duration) -> Options {
    let jitter = JITTER.min(seconds / 20);
    Options::new(seconds.saturating_sub(jitter))
        .with_jitter(jitter)
        .with_absent_ttl(ABSENT)
        .with_soft_timeout(PATIENCE)
        .with_abandon_after(ABANDON)
}
