use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bartizan_contract::{GrpcCode, Reply, ResponseBody};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::failure::{BoxError, Failure, catch, discard};
use crate::request_id::Correlation;
use crate::{Observer, Panicked, Stage, log};

pin_project! {
    /// The body of an answer: watched for panics, or complete bytes.
    ///
    /// A panic of the inner body ends the stream with [`BodyError`], never cleanly: the client
    /// has read a head that promised more. A gRPC stream ends with `grpc-status: 13` instead,
    /// which is an error that its client can read.
    pub struct EnvelopeBody<B, O = ()> {
        #[pin]
        inner: ResponseBody<B>,
        watch: Option<Watch<O>>,
    }
}

/// What the body must know once it panics.
#[derive(Debug)]
pub(crate) struct Watch<O> {
    pub(crate) observer: O,
    pub(crate) correlation: Correlation,
    pub(crate) reply: Reply,
}

impl<B, O> EnvelopeBody<B, O> {
    pub(crate) fn watched(body: B, watch: Watch<O>) -> Self {
        Self { inner: ResponseBody::inner(body), watch: Some(watch) }
    }

    /// A body that runs no foreign code.
    pub(crate) const fn own(inner: ResponseBody<B>) -> Self {
        Self { inner, watch: None }
    }
}

impl<B, O> Default for EnvelopeBody<B, O> {
    /// An empty body, as layers further out make it.
    fn default() -> Self {
        Self::own(ResponseBody::empty())
    }
}

impl<B, O> Body for EnvelopeBody<B, O>
where
    B: Body<Data = Bytes>,
    O: Observer,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut this = self.project();
        let polled = catch(Stage::Body, || this.inner.as_mut().poll_frame(cx));
        match polled {
            Ok(frame) => Poll::Ready(ready!(frame).map(|frame| frame.map_err(BodyError::inner))),
            Err(failure) => {
                // The body that panicked is never polled again, and its drop may panic too.
                discard(catch(Stage::Body, || this.inner.set(ResponseBody::empty())));
                Poll::Ready(this.watch.take().map(|watch| watch.panicked(&failure)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        catch(Stage::Body, || self.inner.is_end_stream()).unwrap_or(false)
    }

    fn size_hint(&self) -> SizeHint {
        catch(Stage::Body, || self.inner.size_hint()).unwrap_or_default()
    }
}

impl<O: Observer> Watch<O> {
    fn panicked<E>(self, failure: &Failure) -> Result<Frame<Bytes>, BodyError<E>> {
        discard(catch(Stage::Body, || {
            log::body_panicked(failure, &self.correlation.request_id());
        }));
        discard(catch(Stage::Body, || {
            self.observer.panicked(&Panicked { stage: Stage::Body });
        }));
        if self.reply == Reply::GrpcTrailersOnly {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert("grpc-status", GrpcCode::Internal.as_header());
            return Ok(Frame::trailers(trailers));
        }
        Err(BodyError(Kind::Panicked(BodyPanicked)))
    }
}

impl<B: fmt::Debug, O> fmt::Debug for EnvelopeBody<B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvelopeBody").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// The inner body's error, or its panic.
///
/// It converts into a boxed error as exactly the inner one, sources and type kept. That is why it
/// is no [`Error`] itself: a boxed error is none, yet bodies have it as their error.
#[derive(Debug)]
pub struct BodyError<E>(Kind<E>);

#[derive(Debug)]
enum Kind<E> {
    Inner(E),
    Panicked(BodyPanicked),
}

impl<E> BodyError<E> {
    const fn inner(error: E) -> Self {
        Self(Kind::Inner(error))
    }

    /// Tells whether the body panicked.
    pub const fn is_panic(&self) -> bool {
        matches!(self.0, Kind::Panicked(_))
    }

    /// Gives the inner body's error, unless the body panicked.
    pub fn into_inner(self) -> Option<E> {
        match self.0 {
            Kind::Inner(error) => Some(error),
            Kind::Panicked(_) => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for BodyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Inner(error) => error.fmt(f),
            Kind::Panicked(panicked) => panicked.fmt(f),
        }
    }
}

impl<E: Into<BoxError>> From<BodyError<E>> for BoxError {
    fn from(error: BodyError<E>) -> Self {
        match error.0 {
            Kind::Inner(error) => error.into(),
            Kind::Panicked(panicked) => panicked.into(),
        }
    }
}

/// The response body panicked after its head was sent. The panic's words are in the log only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyPanicked;

impl fmt::Display for BodyPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response body panicked")
    }
}

impl Error for BodyPanicked {}
