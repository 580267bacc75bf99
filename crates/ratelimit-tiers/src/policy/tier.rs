use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::Quota;

/// The name of a tier; cloning it costs a reference count at most.
#[derive(Clone)]
pub struct TierName(Name);

#[derive(Clone)]
enum Name {
    Static(&'static str),
    Shared(Arc<str>),
}

impl TierName {
    /// A name known at compile time.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(Name::Static(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Static(name) => name,
            Name::Shared(name) => name,
        }
    }
}

impl From<&'static str> for TierName {
    fn from(name: &'static str) -> Self {
        Self::from_static(name)
    }
}

impl From<String> for TierName {
    fn from(name: String) -> Self {
        Self(Name::Shared(name.into()))
    }
}

impl PartialEq for TierName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TierName {}

impl Hash for TierName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for TierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for TierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What callers of one subscription may do. A class that is not named here does not limit them.
#[derive(Clone, Debug)]
pub struct Tier {
    pub(crate) name: TierName,
    pub(crate) title: Option<String>,
    pub(crate) quotas: Vec<(String, Quota)>,
    pub(crate) concurrency: Vec<(String, NonZeroU32)>,
    pub(crate) upgrade: Option<TierName>,
    pub(crate) share_in_fallback: bool,
}

impl Tier {
    /// A tier without limits.
    #[must_use]
    pub fn new(name: impl Into<TierName>) -> Self {
        Self {
            name: name.into(),
            title: None,
            quotas: Vec::new(),
            concurrency: Vec::new(),
            upgrade: None,
            share_in_fallback: false,
        }
    }

    /// Sets how people call it; the name with a capital letter unless told.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets its quota in a class.
    #[must_use]
    pub fn with_quota(mut self, class: impl Into<String>, quota: Quota) -> Self {
        self.quotas.push((class.into(), quota));
        self
    }

    /// Sets how many requests of a class one subject may have in flight in this process.
    #[must_use]
    pub fn with_concurrency(mut self, class: impl Into<String>, most: NonZeroU32) -> Self {
        self.concurrency.push((class.into(), most));
        self
    }

    /// Names the tier that a refusal recommends.
    #[must_use]
    pub fn with_upgrade(mut self, tier: impl Into<TierName>) -> Self {
        self.upgrade = Some(tier.into());
        self
    }

    /// Divides its quotas by the number of instances while the store is unavailable; otherwise
    /// each instance grants them in full.
    #[must_use]
    pub const fn divided_in_fallback(mut self) -> Self {
        self.share_in_fallback = true;
        self
    }

    pub(crate) fn quota(&self, class: &str) -> Option<Quota> {
        self.quotas.iter().find(|(name, _)| name == class).map(|(_, quota)| *quota)
    }

    pub(crate) fn most_at_once(&self, class: &str) -> Option<NonZeroU32> {
        self.concurrency.iter().find(|(name, _)| name == class).map(|(_, most)| *most)
    }

    pub(crate) fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| {
            let mut letters = self.name.as_str().chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect()
        })
    }
}
