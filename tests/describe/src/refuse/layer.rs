use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bartizan_contract::{Code, Details, ErrorReport};
use http::{HeaderMap, HeaderName, StatusCode};
use tower_layer::Layer;

use super::Refuse;

pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
pub(super) const X_COST: HeaderName = HeaderName::from_static("x-cost");
pub(super) const QUOTA_EXHAUSTED: Code = Code::from_static("QUOTA_EXHAUSTED");
pub(super) const NO_KEY: &str = "An API key is required";
pub(super) const EXHAUSTED: &str = "Quota exhausted";
pub(super) const REFUSALS: &str = "/refusals";

/// Grants a number of units; refuses requests without a key and those that cost more than is left.
///
/// A request costs one unit, or as many as its `x-cost` says. `GET /refusals` tells how many were
/// refused.
#[derive(Clone, Debug)]
pub struct RefuseLayer(Arc<Budget>);

#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicU32,
    refusals: AtomicU64,
}

impl RefuseLayer {
    /// Grants this many units to all requests together.
    #[must_use]
    pub fn new(units: u32) -> Self {
        Self(Arc::new(Budget { left: AtomicU32::new(units), refusals: AtomicU64::new(0) }))
    }
}

impl<S> Layer<S> for RefuseLayer {
    type Service = Refuse<S>;

    fn layer(&self, inner: S) -> Refuse<S> {
        Refuse::new(inner, Arc::clone(&self.0))
    }
}

impl Budget {
    pub(super) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Takes what a request costs, or says why not.
    pub(super) fn take(&self, headers: &HeaderMap) -> Result<(), ErrorReport> {
        let taken = self.try_take(headers);
        if taken.is_err() {
            self.refusals.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    fn try_take(&self, headers: &HeaderMap) -> Result<(), ErrorReport> {
        if !headers.contains_key(X_API_KEY) {
            return Err(ErrorReport::from_status(StatusCode::UNAUTHORIZED).with_message(NO_KEY));
        }
        let cost = headers.get(X_COST).and_then(|cost| cost.to_str().ok()?.parse().ok());
        let cost: u32 = cost.unwrap_or(1);
        let minus_cost = |left: u32| left.checked_sub(cost);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, minus_cost) {
            Ok(_) => Ok(()),
            Err(left) => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                Err(ErrorReport::new(status, QUOTA_EXHAUSTED, EXHAUSTED)
                    .with_details(Details::none().with("left", left))
                    .with_retry_after(Duration::from_millis(1_500)))
            }
        }
    }
}
