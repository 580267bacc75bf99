use std::time::Duration;

use crate::{Options, Timestamp};

/// The moments of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) fresh_until: Timestamp,
    pub(crate) eager_at: Timestamp,
    pub(crate) keep_until: Timestamp,
    /// Not to be loaded again before this, because a loader has just failed.
    pub(crate) retry_at: Timestamp,
}

/// What an entry is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Serve it.
    Fresh,
    /// Serve it, and load it again in the background.
    Due,
    /// Serve it as stale, and load it again in the background.
    Revalidate,
    /// Serve it as stale: the loader failed a moment ago.
    Throttled,
    /// Load it; serve it as stale if that fails.
    Spare,
    /// Load it.
    Gone,
}

pub(crate) fn judge(times: Times, now: Timestamp, options: &Options) -> Judged {
    if now < times.fresh_until {
        let due = now >= times.eager_at && now >= times.retry_at;
        return if due { Judged::Due } else { Judged::Fresh };
    }
    // Past its keeping the memory may still hold it, and it is good for nothing.
    if now >= times.keep_until {
        return Judged::Gone;
    }
    let stale_for = now.saturating_since(times.fresh_until);
    let within = |window: Duration| stale_for < window;
    let spare = options.fail_safe.is_some_and(|fail_safe| within(fail_safe.max_stale));
    if within(options.revalidate) {
        return if now < times.retry_at { Judged::Throttled } else { Judged::Revalidate };
    }
    match spare {
        true if now < times.retry_at => Judged::Throttled,
        true => Judged::Spare,
        false => Judged::Gone,
    }
}
