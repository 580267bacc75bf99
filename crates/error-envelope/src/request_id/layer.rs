use tower_layer::Layer;

use super::{MakeRequestId, RandomHex, RequestIdService};

/// Gives every request one id: validates the inbound `x-request-id`, else takes the trace id of
/// `traceparent`, else makes one; sets it as request header and extension, and echoes it in the
/// response.
///
/// Stands outermost, so that traces, logs and error bodies further in share the id.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestIdLayer<M = RandomHex> {
    make: M,
}

impl RequestIdLayer {
    /// Makes ids of 32 random hexadecimal digits.
    #[must_use]
    pub const fn new() -> Self {
        Self { make: RandomHex }
    }
}

impl<M> RequestIdLayer<M> {
    /// Replaces how ids are made.
    #[must_use]
    pub fn with_make<N: MakeRequestId>(self, make: N) -> RequestIdLayer<N> {
        RequestIdLayer { make }
    }
}

impl<S, M: Clone> Layer<S> for RequestIdLayer<M> {
    type Service = RequestIdService<S, M>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestIdService::new(inner, self.make.clone())
    }
}
