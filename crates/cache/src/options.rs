use std::time::Duration;

use smallvec::SmallVec;

use crate::ConfigError;

/// No load takes longer: one that does is given up, so that what it would write cannot outlive the
/// memory of an invalidation.
pub(crate) const LONGEST_LOAD: Duration = Duration::from_secs(300);

/// How long entries live, and what happens when a loader is slow or fails.
///
/// Cheap to clone. Each cache has one as its default; every operation may bring another.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub(crate) ttl: Duration,
    pub(crate) memory_ttl: Option<Duration>,
    pub(crate) store_ttl: Option<Duration>,
    pub(crate) absent_ttl: Option<Duration>,
    pub(crate) jitter: Duration,
    pub(crate) eager: Option<f64>,
    pub(crate) revalidate: Duration,
    pub(crate) fail_safe: Option<FailSafe>,
    pub(crate) soft_timeout: Option<Duration>,
    pub(crate) hard_timeout: Option<Duration>,
    pub(crate) abandon_after: Duration,
    pub(crate) distributed: Option<Distributed>,
    pub(crate) memory: Access,
    pub(crate) store: Access,
    pub(crate) tags: SmallVec<[Box<str>; 2]>,
}

/// When a stale value is better than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FailSafe {
    pub(crate) max_stale: Duration,
    pub(crate) throttle: Duration,
}

/// One loader over all instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Distributed {
    pub(crate) keep: Duration,
    pub(crate) wait: Duration,
}

/// What an operation may do with a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read and write.
    #[default]
    Full,
    /// Read only.
    Read,
    /// Write only.
    Write,
    /// Neither.
    None,
}

impl Access {
    pub(crate) const fn reads(self) -> bool {
        matches!(self, Self::Full | Self::Read)
    }

    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Full | Self::Write)
    }
}

impl Options {
    /// Entries are fresh for `ttl` and then gone; loaders may take a minute.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            memory_ttl: None,
            store_ttl: None,
            absent_ttl: None,
            jitter: Duration::ZERO,
            eager: None,
            revalidate: Duration::ZERO,
            fail_safe: None,
            soft_timeout: None,
            hard_timeout: None,
            abandon_after: Duration::from_secs(60),
            distributed: None,
            memory: Access::Full,
            store: Access::Full,
            tags: SmallVec::new(),
        }
    }

    /// Entries are fresh for this long.
    #[must_use]
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// In memory entries are fresh for this long at most; then the store is asked.
    #[must_use]
    pub const fn with_memory_ttl(mut self, ttl: Duration) -> Self {
        self.memory_ttl = Some(ttl);
        self
    }

    /// In the store entries are fresh for this long instead.
    #[must_use]
    pub const fn with_store_ttl(mut self, ttl: Duration) -> Self {
        self.store_ttl = Some(ttl);
        self
    }

    /// What a loader says is absent is remembered for this long instead.
    #[must_use]
    pub const fn with_absent_ttl(mut self, ttl: Duration) -> Self {
        self.absent_ttl = Some(ttl);
        self
    }

    /// Each lifetime is longer by a random part of this, so that entries that were loaded together
    /// do not end together.
    #[must_use]
    pub const fn with_jitter(mut self, most: Duration) -> Self {
        self.jitter = most;
        self
    }

    /// The first hit past this share of the lifetime loads the value again in the background.
    ///
    /// # Errors
    ///
    /// When the share is not between 0 and 1.
    pub fn with_eager_refresh(mut self, share: f64) -> Result<Self, ConfigError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(ConfigError::new(
                "eager refresh",
                share.to_string(),
                "a share between 0 and 1",
            ));
        }
        self.eager = Some(share);
        Ok(self)
    }

    /// For this long after its lifetime a value is served while it is loaded again in the
    /// background (stale-while-revalidate, RFC 5861).
    #[must_use]
    pub const fn with_stale_while_revalidate(mut self, window: Duration) -> Self {
        self.revalidate = window;
        self
    }

    /// For `max_stale` after its lifetime a value is served when the loader fails, or is slower
    /// than one of the timeouts (stale-if-error, RFC 5861). After a failure the loader is not asked
    /// again for `throttle`.
    #[must_use]
    pub const fn with_fail_safe(mut self, max_stale: Duration, throttle: Duration) -> Self {
        self.fail_safe = Some(FailSafe { max_stale, throttle });
        self
    }

    /// A caller waits no longer for a loader if fail-safe has a value. The loader goes on.
    #[must_use]
    pub const fn with_soft_timeout(mut self, timeout: Duration) -> Self {
        self.soft_timeout = Some(timeout);
        self
    }

    /// A caller waits no longer for a loader: it is given what fail-safe has, or
    /// [`LoadError::TimedOut`](crate::LoadError::TimedOut). The loader goes on.
    #[must_use]
    pub const fn with_hard_timeout(mut self, timeout: Duration) -> Self {
        self.hard_timeout = Some(timeout);
        self
    }

    /// A loader that takes longer is dropped: a minute, if nothing is said, and at most five.
    #[must_use]
    pub fn with_abandon_after(mut self, limit: Duration) -> Self {
        self.abandon_after = limit.min(LONGEST_LOAD);
        self
    }

    /// One loader over all instances: the first takes a lock that ends by itself after `keep`, the
    /// others wait up to `wait` for its value and then load themselves. Without a store, or when
    /// it does not answer, everyone loads; so `keep` is longer than a load should take.
    #[must_use]
    pub const fn with_distributed_single_flight(mut self, keep: Duration, wait: Duration) -> Self {
        self.distributed = Some(Distributed { keep, wait });
        self
    }

    /// What may be done with the memory.
    #[must_use]
    pub const fn with_memory(mut self, access: Access) -> Self {
        self.memory = access;
        self
    }

    /// What may be done with the store.
    #[must_use]
    pub const fn with_store(mut self, access: Access) -> Self {
        self.store = access;
        self
    }

    /// Entries carry this tag as well.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Box<str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// How long a value is of use once it is stale.
    pub(crate) fn stale_window(&self) -> Duration {
        self.revalidate.max(self.fail_safe.map_or(Duration::ZERO, |fail_safe| fail_safe.max_stale))
    }
}
