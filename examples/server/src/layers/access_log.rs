//! One line for each answer, within a span that everything below logs in.

use std::time::Duration;

use axum::http::{Request, Response};
use bartizan_error_envelope::RequestId;
use bartizan_ratelimit_tiers::ClientIp;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::telemetry::TARGET;

type MakeSpan<B> = fn(&Request<B>) -> Span;
type OnResponse<C> = fn(&Response<C>, Duration, &Span);
type Classifier = SharedClassifier<ServerErrorsAsFailures>;
type AccessLog<B, C> = TraceLayer<Classifier, MakeSpan<B>, (), OnResponse<C>, (), (), ()>;

/// Failures are not logged again: the envelope has done so, with their causes.
pub(crate) fn layer<B, C>() -> AccessLog<B, C> {
    TraceLayer::new_for_http()
        .make_span_with(span as MakeSpan<B>)
        .on_request(())
        .on_response(answered as OnResponse<C>)
        .on_body_chunk(())
        .on_eos(())
        .on_failure(())
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

fn answered<C>(response: &Response<C>, latency: Duration, _: &Span) {
    tracing::info!(
        target: TARGET,
        status = response.status().as_u16(),
        latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
}
