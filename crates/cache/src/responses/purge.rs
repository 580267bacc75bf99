use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::Uri;

use super::{Responses, Shelf, Target};
use crate::key::Key;
use crate::{Mark, Reach};

/// A URI for which nothing can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeError {
    uri: Uri,
}

impl PurgeError {
    /// The URI that was to be purged.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for PurgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the URI to purge is {:?}, expected one with a scheme and a host", self.uri)
    }
}

impl Error for PurgeError {}

impl Responses {
    /// Removes what is stored for an absolute URI: all variants, all partitions.
    ///
    /// # Errors
    ///
    /// When the URI has no scheme or no host.
    pub async fn purge(&self, uri: &Uri) -> Result<Reach, PurgeError> {
        self.mark(uri, Mark::Remove).await
    }

    /// Makes what is stored for an absolute URI stale: it is validated before it is used again,
    /// and serves within its windows until then (a soft purge).
    ///
    /// # Errors
    ///
    /// When the URI has no scheme or no host.
    pub async fn expire(&self, uri: &Uri) -> Result<Reach, PurgeError> {
        self.mark(uri, Mark::Expire).await
    }

    /// Removes the responses that carry a surrogate key.
    pub async fn purge_tag(&self, tag: &str) -> Reach {
        self.0.core.mark_all(Some(tag), Mark::Remove).await
    }

    /// Makes the responses that carry a surrogate key stale.
    pub async fn expire_tag(&self, tag: &str) -> Reach {
        self.0.core.mark_all(Some(tag), Mark::Expire).await
    }

    /// Removes all responses.
    pub async fn clear(&self) -> Reach {
        self.0.core.mark_all(None, Mark::Remove).await
    }

    /// Makes all responses stale.
    pub async fn expire_all(&self) -> Reach {
        self.0.core.mark_all(None, Mark::Expire).await
    }

    /// A purge may be asked for where no layer is, and what other instances store is not known, so
    /// the tag is always marked.
    async fn mark(&self, uri: &Uri, mark: Mark) -> Result<Reach, PurgeError> {
        let target = Target::of_uri(uri).ok_or_else(|| PurgeError { uri: uri.clone() })?;
        Ok(self.0.mark_also(Key::of(&target), Some(target.tag()), mark).await)
    }
}

impl Shelf {
    /// In every partition, whoever asks for it: the RFC knows of none. Nothing if the URI names
    /// nothing that is stored.
    pub(crate) async fn mark(&self, uri: &Uri, mark: Mark) -> Option<Reach> {
        let target = Target::of_uri(uri)?;
        let tag = self.is_parted().then(|| target.tag());
        Some(self.mark_also(Key::of(&target), tag, mark).await)
    }

    pub(crate) async fn mark_also(&self, target: Key, tag: Option<Box<str>>, mark: Mark) -> Reach {
        let reach = self.core.mark_key(target, mark).await;
        let Some(tag) = tag else { return reach };
        match (reach, self.core.mark_all(Some(&tag), mark).await) {
            (Reach::Queued, _) | (_, Reach::Queued) => Reach::Queued,
            (reach, _) => reach,
        }
    }

    pub(crate) fn is_parted(&self) -> bool {
        self.is_parted.load(Ordering::Relaxed)
    }

    /// Removes one response, in a task of its own.
    pub(crate) fn forget(self: &Arc<Self>, key: &Key) {
        self.core.drop_near(key.as_bytes());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (this, key) = (Arc::clone(self), key.clone());
            runtime.spawn(async move { this.core.mark_key(key, Mark::Remove).await });
        }
    }
}
