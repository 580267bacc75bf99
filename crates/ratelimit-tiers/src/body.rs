use std::pin::Pin;
use std::task::{Context, Poll};

use bartizan_contract::ResponseBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::decision::Permits;

pin_project! {
    /// The inner service's body or a refusal's. It holds the request's place among those in flight
    /// until it ends or is dropped.
    #[derive(Debug)]
    pub struct RateLimitBody<B> {
        #[pin]
        body: ResponseBody<B>,
        permits: Permits,
    }
}

impl<B> RateLimitBody<B> {
    pub(crate) const fn new(body: ResponseBody<B>, permits: Permits) -> Self {
        Self { body, permits }
    }
}

impl<B: Body<Data = Bytes>> Body for RateLimitBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let polled = this.body.poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            *this.permits = Permits::default();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Default for RateLimitBody<B> {
    /// An empty body.
    fn default() -> Self {
        Self::new(ResponseBody::empty(), Permits::default())
    }
}
