use std::fmt;

/// A number that the backplane gives out for a cache: each one greater than those before, in every
/// process.
///
/// An entry carries the last one that its process knew when its data began to be read; so
/// whatever was invalidated under a greater one since is known to be outdated, without any
/// instance's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// Before every generation that is given out.
    pub const ZERO: Self = Self(0);

    /// Takes the number.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an invalidation leaves of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mark {
    /// Nothing: it is never served again.
    Remove,
    /// A stale entry, that fail-safe and revalidation may still use.
    Expire,
}

/// Up to which generations the entries of a tag, or of a whole cache, are removed and expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Entries of earlier generations are removed.
    pub removed: Generation,
    /// Entries of earlier generations are stale.
    pub expired: Generation,
}

impl Marks {
    /// What they say of an entry of this generation.
    #[must_use]
    pub fn of(self, generation: Generation) -> Option<Mark> {
        if self.removed > generation {
            Some(Mark::Remove)
        } else if self.expired > generation {
            Some(Mark::Expire)
        } else {
            None
        }
    }

    /// The later of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { removed: self.removed.max(other.removed), expired: self.expired.max(other.expired) }
    }
}
