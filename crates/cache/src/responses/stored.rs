use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::Index;
use crate::memory::Weigh;
use crate::policy::http::Terms;

/// What stands under a key.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Response(Arc<Stored>),
    /// Responses to this target are told apart by `Vary`.
    Index(Arc<Index>),
}

/// A stored response. Its age counts from the creation of its entry.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) status: StatusCode,
    /// With places for `Age` and `Cache-Status`, which each use writes anew.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<Arc<HeaderMap>>,
    pub(crate) terms: Terms,
    /// How old it was when its entry was created.
    pub(crate) age: Duration,
    /// When its header section came.
    pub(crate) received: SystemTime,
}

impl Stored {
    /// For how long it is fresh from the creation of its entry on.
    pub(crate) fn fresh_for(&self) -> Duration {
        self.terms.lifetime.min(self.terms.keep).saturating_sub(self.age)
    }

    /// How long it is kept after that.
    pub(crate) fn window(&self) -> Duration {
        self.terms.keep.saturating_sub(self.terms.lifetime.max(self.age))
    }
}

/// Bytes of a header field besides its name and value.
const FIELD: usize = 64;

impl Weigh for Slot {
    fn weight(&self) -> usize {
        match self {
            Self::Response(stored) => {
                let trailers = stored.trailers.as_deref().map_or(0, fields);
                size_of::<Stored>() + stored.body.len() + fields(&stored.headers) + trailers
            }
            Self::Index(index) => index.weight(),
        }
    }
}

fn fields(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| FIELD + name.as_str().len() + value.len()).sum()
}
