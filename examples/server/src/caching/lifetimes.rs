//! How long things are kept, and what happens when their source is slow or fails.

use std::time::Duration;

use bartizan_cache::Options;

pub(super) const SHORT: Duration = Duration::from_mins(1);
pub(super) const MEDIUM: Duration = Duration::from_mins(5);
pub(super) const WORKFLOW: Duration = Duration::from_mins(10);
const ANALYSIS: Duration = Duration::from_hours(1);
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

/// Whoever could have a stale answer of the database waits no longer.
const PATIENCE: Duration = Duration::from_millis(300);

/// As [`PATIENCE`], of the platform's list: about twice what it takes.
pub(super) const LIST_PATIENCE: Duration = Duration::from_millis(1_500);

/// As [`PATIENCE`], of the platform's analysis: more than it takes.
pub(super) const ANALYSIS_PATIENCE: Duration = Duration::from_secs(5);

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

/// Answers that the platform has a part in.
pub(super) fn of_workflows() -> Options {
    of_answers(WORKFLOW).with_soft_timeout(LIST_PATIENCE)
}

/// What the platform found.
pub(super) fn of_analyses() -> Options {
    of_answers(ANALYSIS).with_soft_timeout(ANALYSIS_PATIENCE)
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
