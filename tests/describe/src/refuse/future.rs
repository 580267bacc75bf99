use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bartizan_contract::ResponseBody;
use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// Waits for the inner response, or has one of its own.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Calling { #[pin] future: F },
        Answered { response: Option<Response<ResponseBody<B>>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) const fn calling(future: F) -> Self {
        Self { state: State::Calling { future } }
    }

    pub(super) const fn answered(response: Response<ResponseBody<B>>) -> Self {
        Self { state: State::Answered { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    #[expect(clippy::expect_used, reason = "polling a finished future is the caller's mistake")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Calling { future } => {
                future.poll(cx).map_ok(|response| response.map(ResponseBody::inner))
            }
            StateProj::Answered { response } => {
                Poll::Ready(Ok(response.take().expect("`ResponseFuture` polled after completion")))
            }
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
