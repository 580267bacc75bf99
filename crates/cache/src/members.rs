use http::{HeaderValue, StatusCode};

use crate::Bypass;
use crate::handled::{Answered, Handled};
use crate::policy::http::{Forward, render};

/// The members of `Cache-Status` that say the same for every request, written once.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    bypassed: [HeaderValue; Bypass::ALL.len()],
    /// Of a method that is not answered from the cache.
    pub(crate) method: HeaderValue,
    /// Of a response of 200 that is not stored.
    pub(crate) missed: HeaderValue,
}

impl Members {
    /// Of a cache that calls itself so.
    pub(crate) fn of(name: &str) -> Self {
        let member = |handled: Handled| render(name, &handled.report());
        let inner = Handled::new(Answered::Inner);
        Self {
            bypassed: Bypass::ALL.map(|why| {
                member(Handled::new(Answered::Bypassed(why)).forwarded(Forward::Bypass, None))
            }),
            method: member(inner.forwarded(Forward::Method, None)),
            missed: member(inner.forwarded(Forward::Miss, Some(StatusCode::OK))),
        }
    }

    pub(crate) const fn bypassed(&self, why: Bypass) -> &HeaderValue {
        #[expect(clippy::indexing_slicing, reason = "there are as many as reasons")]
        &self.bypassed[why as usize]
    }
}
