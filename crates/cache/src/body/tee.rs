use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;

use super::Collector;

/// An inner body that is stored while it goes to the client, as fast as the client takes it. If the
/// client leaves, what is left is read to its end all the same.
pub(crate) struct Tee<B> {
    // Apart, so that it can be taken where the client leaves.
    body: Option<Pin<Box<B>>>,
    collector: Option<Collector>,
    rest: fn(Pin<Box<B>>, Collector, Duration),
    patience: Duration,
    /// What has panicked is not asked again.
    has_panicked: bool,
}

impl<B> Tee<B>
where
    B: Body<Data = Bytes> + Send + 'static,
{
    /// `patience` is how long a client that has left may be outlived.
    pub(crate) fn new(body: B, collector: Collector, patience: Duration) -> Self {
        let mut tee = Self {
            body: Some(Box::pin(body)),
            collector: Some(collector),
            rest: read_rest::<B>,
            patience,
            has_panicked: false,
        };
        if tee.is_end_stream() {
            tee.end();
        }
        tee
    }
}

impl<B: Body<Data = Bytes>> Tee<B> {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        self.has_panicked = true;
        let polled = body.as_mut().poll_frame(cx);
        self.has_panicked = false;
        match ready!(polled) {
            Some(Ok(frame)) => {
                self.note(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.collector = None;
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.end();
                Poll::Ready(None)
            }
        }
    }

    fn note(&mut self, frame: &Frame<Bytes>) {
        let Some(collector) = &mut self.collector else { return };
        if let Some(data) = frame.data_ref() {
            collector.push(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            collector.end_with(trailers);
        }
        // Servers do not ask again for what they know to be at its end.
        if self.body.as_ref().is_some_and(Body::is_end_stream) {
            self.end();
        } else if !collector.is_collecting() {
            self.collector = None;
        }
    }

    fn end(&mut self) {
        if let Some(mut collector) = self.collector.take() {
            collector.finish();
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::new, Body::size_hint)
    }
}

impl<B> Drop for Tee<B> {
    fn drop(&mut self) {
        if let (Some(body), Some(collector)) = (self.body.take(), self.collector.take())
            && !self.has_panicked
        {
            (self.rest)(body, collector, self.patience);
        }
    }
}

/// Reads what a client has left behind, for those who ask next.
fn read_rest<B>(mut body: Pin<Box<B>>, mut collector: Collector, patience: Duration)
where
    B: Body<Data = Bytes> + Send + 'static,
{
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(tokio::time::timeout(patience, async move {
        while collector.is_collecting() {
            // A body that is always ready leaves the thread to others, and its patience ends.
            tokio::task::coop::consume_budget().await;
            match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        collector.push(data);
                    } else if let Some(trailers) = frame.trailers_ref() {
                        collector.end_with(trailers);
                    }
                }
                Some(Err(_)) => collector.give_up(),
                None => collector.finish(),
            }
        }
    }));
}
