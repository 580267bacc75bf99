use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Handled, Mark, StoreErrorKind, Undecodable};

/// Watches what caches do. Every method has an empty default; `()` watches nothing.
///
/// Called on the path of a hit: do no more than count. No event carries a key; names of caches are
/// those configured and all else is a closed set, so every field but numbers and times is safe as a
/// metric label.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A caller that asked for a value has been answered.
    fn looked(&self, event: &Looked<'_>) {
        let _ = event;
    }

    /// A loader has ended.
    fn loaded(&self, event: &Loaded<'_>) {
        let _ = event;
    }

    /// A caller waits for the loader of another.
    fn coalesced(&self, event: &Coalesced<'_>) {
        let _ = event;
    }

    /// The store or the backplane has answered, or has failed.
    fn store_called(&self, event: &StoreCalled<'_>) {
        let _ = event;
    }

    /// The store held bytes that are no entry. They count as a miss.
    fn not_decoded(&self, event: &NotDecoded<'_>) {
        let _ = event;
    }

    /// A value was not kept, or not in every level.
    fn not_kept(&self, event: &NotKept<'_>) {
        let _ = event;
    }

    /// Entries were removed or made stale.
    fn invalidated(&self, event: &Invalidated<'_>) {
        let _ = event;
    }

    /// The backplane hears every message from now on.
    fn connected(&self, event: &Connected) {
        let _ = event;
    }

    /// The store has stopped answering. Told once, when an outage begins.
    fn away(&self, event: &Away) {
        let _ = event;
    }

    /// The store answers again. Told once, when an outage ends.
    fn back(&self, event: &Back) {
        let _ = event;
    }

    /// An operation waits to be repeated when the store is back.
    fn queued(&self, event: &Queued<'_>) {
        let _ = event;
    }

    /// Operations that waited were repeated.
    fn recovered(&self, event: &Recovered) {
        let _ = event;
    }

    /// Too many operations wait: the whole cache is expired when the store is back, or removed if one
    /// of them was a removal.
    fn overflowed(&self, event: &Overflowed<'_>) {
        let _ = event;
    }

    /// A request has passed a [`CacheLayer`](crate::CacheLayer).
    fn responded(&self, event: &Responded<'_>) {
        let _ = event;
    }
}

impl Observer for () {}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn looked(&self, event: &Looked<'_>) {
        O::looked(self, event);
    }

    fn loaded(&self, event: &Loaded<'_>) {
        O::loaded(self, event);
    }

    fn coalesced(&self, event: &Coalesced<'_>) {
        O::coalesced(self, event);
    }

    fn store_called(&self, event: &StoreCalled<'_>) {
        O::store_called(self, event);
    }

    fn not_decoded(&self, event: &NotDecoded<'_>) {
        O::not_decoded(self, event);
    }

    fn not_kept(&self, event: &NotKept<'_>) {
        O::not_kept(self, event);
    }

    fn invalidated(&self, event: &Invalidated<'_>) {
        O::invalidated(self, event);
    }

    fn connected(&self, event: &Connected) {
        O::connected(self, event);
    }

    fn away(&self, event: &Away) {
        O::away(self, event);
    }

    fn back(&self, event: &Back) {
        O::back(self, event);
    }

    fn queued(&self, event: &Queued<'_>) {
        O::queued(self, event);
    }

    fn recovered(&self, event: &Recovered) {
        O::recovered(self, event);
    }

    fn overflowed(&self, event: &Overflowed<'_>) {
        O::overflowed(self, event);
    }

    fn responded(&self, event: &Responded<'_>) {
        O::responded(self, event);
    }
}

/// Events with public fields, and a constructor that takes these in their order: who writes an
/// observer makes events to test it.
macro_rules! events {
    ($(
        $(#[$event:meta])*
        $name:ident $(<$life:lifetime>)? { $($(#[$doc:meta])* $field:ident: $type:ty,)+ }
    )+) => {$(
        $(#[$event])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct $name $(<$life>)? {
            $($(#[$doc])* pub $field: $type,)+
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Makes an event.
            #[must_use]
            pub const fn new($($field: $type),+) -> Self {
                Self { $($field),+ }
            }
        }
    )+};
}

events! {
    /// A caller that asked for a value has been answered.
    Looked<'a> {
        /// The cache.
        cache: &'a str,
        /// Where a value was found.
        outcome: Lookup,
    }

    /// A loader has ended.
    Loaded<'a> {
        /// The cache.
        cache: &'a str,
        /// What began it.
        trigger: Trigger,
        /// After this time.
        elapsed: Duration,
        /// How it ended.
        outcome: LoadOutcome,
    }

    /// A caller waits for the loader of another.
    Coalesced<'a> {
        /// The cache.
        cache: &'a str,
    }

    /// The store or the backplane has answered, or has failed.
    StoreCalled<'a> {
        /// The cache that asked.
        cache: &'a str,
        /// What it asked for.
        operation: StoreOperation,
        /// After this time.
        elapsed: Duration,
        /// What was wrong, if it failed.
        failure: Option<StoreErrorKind>,
    }

    /// The store held bytes that are no entry.
    NotDecoded<'a> {
        /// The cache.
        cache: &'a str,
        /// What was wrong with them.
        why: Undecodable,
    }

    /// A value was not kept, or not in every level.
    NotKept<'a> {
        /// The cache.
        cache: &'a str,
        /// Why not.
        why: NotStored,
    }

    /// Entries were removed or made stale.
    Invalidated<'a> {
        /// The cache.
        cache: &'a str,
        /// Which entries.
        scope: Scope,
        /// What is left of them.
        mark: Mark,
        /// Who asked for it.
        origin: Origin,
    }

    /// A request has passed a [`CacheLayer`](crate::CacheLayer).
    Responded<'a> {
        /// The cache of responses.
        cache: &'a str,
        /// How it was handled.
        handled: Handled,
    }

    /// The backplane hears every message from now on.
    Connected {
        /// Whether it has been connected before, so that messages may have been missed.
        again: bool,
    }

    /// The store has stopped answering.
    Away {
        /// What was wrong first.
        kind: StoreErrorKind,
    }

    /// The store answers again.
    Back {
        /// After this time.
        away: Duration,
    }

    /// An operation waits to be repeated.
    Queued<'a> {
        /// The cache.
        cache: &'a str,
        /// How many wait now.
        len: usize,
    }

    /// Operations that waited were repeated.
    Recovered {
        /// How many.
        replayed: usize,
        /// How many still wait, since the store has failed again.
        left: usize,
    }

    /// Too many operations wait.
    Overflowed<'a> {
        /// The cache that is expired or removed when the store is back.
        cache: &'a str,
    }
}

/// Where a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lookup {
    /// In memory, and fresh.
    MemoryHit,
    /// In the store, and fresh.
    StoreHit,
    /// The value is stale, and was served all the same.
    StaleHit {
        /// Where it was.
        level: Level,
        /// Why it was served.
        reason: StaleReason,
    },
    /// Nowhere, whether a loader then made one or not.
    Miss,
}

/// A level of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The memory of the process.
    Memory,
    /// The store.
    Store,
}

/// Why a stale value was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StaleReason {
    /// A loader is asked for another in the meantime: stale-while-revalidate of RFC 5861.
    Revalidating,
    /// The loader has given no value: it failed, panicked, or was too slow.
    LoaderFailed,
    /// The loader has not answered by its soft timeout, and goes on.
    LoaderSlow,
    /// The loader failed a moment ago, and is not asked again yet.
    Throttled,
}

/// What began a loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// A caller that waits for it.
    Caller,
    /// A hit on a value that is soon stale.
    Eager,
    /// A hit on a stale value.
    Revalidation,
}

/// How a loader ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadOutcome {
    /// With a value.
    Value,
    /// There is none.
    Absent,
    /// The stale value is still right.
    NotModified,
    /// With an error.
    Failed,
    /// With a panic.
    Panicked,
    /// Not at all: it took longer than it may, and was dropped.
    Abandoned,
}

/// What a store or a backplane is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreOperation {
    /// [`Store::read`](crate::Store::read).
    Read,
    /// [`Store::read_many`](crate::Store::read_many).
    ReadMany,
    /// [`Store::write`](crate::Store::write), removals too.
    Write,
    /// [`Backplane::open`](crate::Backplane::open).
    Open,
    /// [`Backplane::issue`](crate::Backplane::issue).
    Issue,
    /// [`Backplane::mark`](crate::Backplane::mark).
    Mark,
    /// [`Backplane::marks`](crate::Backplane::marks).
    Marks,
    /// [`Backplane::announce`](crate::Backplane::announce).
    Announce,
    /// [`Backplane::lock`](crate::Backplane::lock).
    Lock,
    /// [`Backplane::unlock`](crate::Backplane::unlock).
    Unlock,
}

/// Why a value was not kept, or not in every level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotStored {
    /// Its key is longer than the cache admits.
    KeyTooLong,
    /// The entry is heavier than the cache admits.
    TooHeavy,
    /// The codec cannot say it.
    NotEncodable,
    /// What is there is of a later generation.
    Superseded,
    /// Its key, a tag of it or the whole cache was invalidated while it was loaded.
    Invalidated,
}

/// Which entries an invalidation concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// That of a key.
    Key,
    /// Those of a tag.
    Tag,
    /// All.
    All,
}

/// Who asked for an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// This instance.
    Here,
    /// Another, over the backplane.
    Elsewhere,
}

impl Lookup {
    /// The outcome as a label; all stale hits have one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MemoryHit => "memory_hit",
            Self::StoreHit => "store_hit",
            Self::StaleHit { .. } => "stale_hit",
            Self::Miss => "miss",
        }
    }
}

impl Level {
    /// The level as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Store => "store",
        }
    }
}

impl StaleReason {
    /// The reason as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revalidating => "revalidating",
            Self::LoaderFailed => "loader_failed",
            Self::LoaderSlow => "loader_slow",
            Self::Throttled => "throttled",
        }
    }
}

impl Trigger {
    /// The trigger as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Eager => "eager",
            Self::Revalidation => "revalidation",
        }
    }
}

impl LoadOutcome {
    /// The outcome as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Absent => "absent",
            Self::NotModified => "not_modified",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Abandoned => "abandoned",
        }
    }
}

impl StoreOperation {
    /// The operation as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadMany => "read_many",
            Self::Write => "write",
            Self::Open => "open",
            Self::Issue => "issue",
            Self::Mark => "mark",
            Self::Marks => "marks",
            Self::Announce => "announce",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        }
    }
}

impl NotStored {
    /// The reason as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyTooLong => "key_too_long",
            Self::TooHeavy => "too_heavy",
            Self::NotEncodable => "not_encodable",
            Self::Superseded => "superseded",
            Self::Invalidated => "invalidated",
        }
    }
}

impl Scope {
    /// The scope as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Tag => "tag",
            Self::All => "all",
        }
    }
}

impl Origin {
    /// The origin as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// A mark as a label.
pub(crate) const fn mark_label(mark: Mark) -> &'static str {
    match mark {
        Mark::Remove => "remove",
        Mark::Expire => "expire",
    }
}
