use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::{RequestId, X_REQUEST_ID};

pin_project! {
    /// Echoes the id in the response.
    #[derive(Debug)]
    pub struct RequestIdFuture<F> {
        #[pin]
        future: F,
        id: Option<RequestId>,
    }
}

impl<F> RequestIdFuture<F> {
    pub(super) const fn new(future: F, id: RequestId) -> Self {
        Self { future, id: Some(id) }
    }
}

impl<F, B, E> Future for RequestIdFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut result = ready!(this.future.poll(cx));
        if let (Ok(response), Some(id)) = (&mut result, this.id.take()) {
            response.headers_mut().insert(X_REQUEST_ID, id.into_header());
        }
        Poll::Ready(result)
    }
}
