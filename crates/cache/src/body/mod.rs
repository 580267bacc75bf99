//! Bodies: the inner one, what is stored, and the inner one while it is stored.

mod collect;
mod tee;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pub(crate) use collect::{Collected, Collector, Limits};
pub(crate) use tee::Tee;

pin_project! {
    /// The body of a response that has passed a [`CacheLayer`](crate::CacheLayer).
    pub struct CacheBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Stored { bytes: Bytes, trailers: Option<Arc<HeaderMap>> },
        Parts { parts: VecDeque<Bytes> },
        Teed { tee: Tee<B> },
    }
}

impl<B> CacheBody<B> {
    /// The inner body, as it is.
    pub(crate) const fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(crate) const fn stored(bytes: Bytes, trailers: Option<Arc<HeaderMap>>) -> Self {
        Self { kind: Kind::Stored { bytes, trailers } }
    }

    pub(crate) const fn empty() -> Self {
        Self::stored(Bytes::new(), None)
    }

    pub(crate) fn parts(parts: Vec<Bytes>) -> Self {
        Self { kind: Kind::Parts { parts: parts.into() } }
    }

    pub(crate) const fn teed(tee: Tee<B>) -> Self {
        Self { kind: Kind::Teed { tee } }
    }
}

impl<B> Default for CacheBody<B> {
    /// An empty body.
    fn default() -> Self {
        Self::empty()
    }
}

impl<B: Body<Data = Bytes>> Body for CacheBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProj::Inner { body } => body.poll_frame(cx),
            KindProj::Stored { bytes, trailers } => {
                if !bytes.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))));
                }
                let trailers = trailers.take().map(Arc::unwrap_or_clone);
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            KindProj::Parts { parts } => Poll::Ready(parts.pop_front().map(Frame::data).map(Ok)),
            KindProj::Teed { tee } => tee.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Stored { bytes, trailers } => bytes.is_empty() && trailers.is_none(),
            Kind::Parts { parts } => parts.is_empty(),
            Kind::Teed { tee } => tee.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Stored { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
            Kind::Parts { parts } => {
                SizeHint::with_exact(parts.iter().map(|part| part.len() as u64).sum())
            }
            Kind::Teed { tee } => tee.size_hint(),
        }
    }
}

impl<B> fmt::Debug for CacheBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Inner { .. } => "Inner",
            Kind::Stored { .. } => "Stored",
            Kind::Parts { .. } => "Parts",
            Kind::Teed { .. } => "Teed",
        };
        f.debug_tuple("CacheBody").field(&kind).finish()
    }
}
