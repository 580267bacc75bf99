use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use http::{Response, response};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::answer::{Exchange, Received};
use crate::failure::{BoxError, Failure, catch, discard};
use crate::rewrite::MAX_TEXT;
use crate::{EnvelopeBody, Observer, Stage};

pin_project! {
    /// Waits for the inner response, and for the text of a short error.
    pub struct ResponseFuture<F, B, O = ()> {
        #[pin]
        state: State<F, B>,
        exchange: Exchange<O>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Calling { #[pin] future: F },
        Reading { #[pin] body: B, head: Option<response::Parts>, text: BytesMut },
        Failed { failure: Option<Failure> },
    }
}

impl<F, B, O> ResponseFuture<F, B, O> {
    pub(crate) const fn calling(future: F, exchange: Exchange<O>) -> Self {
        Self { state: State::Calling { future }, exchange }
    }

    pub(crate) const fn failed(failure: Failure, exchange: Exchange<O>) -> Self {
        Self { state: State::Failed { failure: Some(failure) }, exchange }
    }
}

impl<F, B, E, O> Future for ResponseFuture<F, B, O>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    O: Observer + Clone,
{
    type Output = Result<Response<EnvelopeBody<B, O>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let failure = match this.state.as_mut().project() {
                StateProj::Calling { future } => {
                    let polled = catch(Stage::Future, || future.poll(cx));
                    match polled {
                        Ok(Poll::Pending) => return Poll::Pending,
                        Ok(Poll::Ready(Ok(response))) => {
                            // Calling -> done
                            if this.exchange.is_success(response.status()) {
                                return Poll::Ready(Ok(this.exchange.pass(response)));
                            }
                            match this.exchange.receive(response) {
                                Received::Answer(answer) => return Poll::Ready(Ok(answer)),
                                // Calling -> Reading
                                Received::Text(head, body) => {
                                    let (head, text) = (Some(head), BytesMut::new());
                                    let reading = State::Reading { body, head, text };
                                    discard(catch(Stage::Future, || this.state.set(reading)));
                                    continue;
                                }
                            }
                        }
                        // Calling -> Failed
                        Ok(Poll::Ready(Err(error))) => {
                            catch(Stage::Future, || Failure::Error(error.into()))
                                .unwrap_or_else(|failure| failure)
                        }
                        Err(failure) => failure,
                    }
                }
                StateProj::Reading { body, head, text } => {
                    match catch(Stage::Future, || read(body, cx, text)) {
                        // Reading -> done
                        Ok(read) => {
                            let text = ready!(read).map(|()| &text[..]);
                            return Poll::Ready(Ok(this.exchange.text(take(head), text)));
                        }
                        // Reading -> Failed
                        Err(failure) => failure,
                    }
                }
                // Failed -> done
                StateProj::Failed { failure } => {
                    return Poll::Ready(Ok(this.exchange.fail(take(failure))));
                }
            };
            // Drops what panicked; its drop may panic as well.
            let failed = State::Failed { failure: Some(failure) };
            discard(catch(Stage::Future, || this.state.set(failed)));
        }
    }
}

/// Reads a short text to its end, or says why that cannot be.
fn read<B>(
    mut body: Pin<&mut B>,
    cx: &mut Context<'_>,
    text: &mut BytesMut,
) -> Poll<Result<(), BoxError>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    loop {
        match ready!(body.as_mut().poll_frame(cx)) {
            None => return Poll::Ready(Ok(())),
            Some(Err(error)) => return Poll::Ready(Err(error.into())),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                if (text.len() + data.len()) as u64 > MAX_TEXT {
                    return Poll::Ready(Err("the text is longer than it said".into()));
                }
                text.put(data);
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "polling a finished future is the caller's mistake")]
fn take<T>(once: &mut Option<T>) -> T {
    once.take().expect("`ResponseFuture` polled after completion")
}

impl<F, B, O> fmt::Debug for ResponseFuture<F, B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
