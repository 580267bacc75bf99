//! One line for each answer, within a span that everything below logs in.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::http::{Request, Response};
use bartizan_error_envelope::RequestId;
use bartizan_ratelimit_tiers::ClientIp;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Span;

use crate::telemetry::TARGET;

/// Failures are not logged again: the envelope has done so, with their causes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessLogLayer;

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> AccessLog<S> {
        AccessLog(inner)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct AccessLog<S>(S);

impl<S, A, B> Service<Request<A>> for AccessLog<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<LoggedBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let span = span(&request);
        // The time of nobody who logs nothing is taken.
        let began = (!span.is_disabled()).then(Instant::now);
        let future = span.in_scope(|| self.0.call(request));
        ResponseFuture { future, span, began }
    }
}

pin_project! {
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        future: F,
        span: Span,
        began: Option<Instant>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<LoggedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let within = this.span.enter();
        let response = ready!(this.future.poll(cx))?;
        if let Some(began) = this.began {
            answered(&response, *began);
        }
        drop(within);
        let span = std::mem::replace(this.span, Span::none());
        Poll::Ready(Ok(response.map(|body| LoggedBody { body, span })))
    }
}

pin_project! {
    /// What it meets is logged within the span of its request, too.
    pub(crate) struct LoggedBody<B> {
        #[pin]
        body: B,
        span: Span,
    }
}

impl<B: Body> Body for LoggedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let _within = this.span.enter();
        this.body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Default> Default for LoggedBody<B> {
    fn default() -> Self {
        Self { body: B::default(), span: Span::none() }
    }
}

fn span<B>(request: &Request<B>) -> Span {
    tracing::info_span!(
        target: TARGET,
        "request",
        method = request.method().as_str(),
        path = request.uri().path(),
        client = request.extensions().get::<ClientIp>().map(tracing::field::display),
        request_id = request.extensions().get::<RequestId>().map(RequestId::as_str),
    )
}

fn answered<B>(response: &Response<B>, began: Instant) {
    tracing::info!(
        target: TARGET,
        status = response.status().as_u16(),
        latency_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
}
