//! What is settled for each request before a layer behind may rely on it.

mod forwarding;
mod host;
mod max_forwards;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bartizan_contract::{ErrorReport, PassThrough, Reply, ResponseBody};
use bartizan_ratelimit_tiers::{ForwardedBy, PeerAddr, TrustedProxies};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::config::{Config, UpstreamErrors};
use crate::proxy::headers;

/// Refuses what a gateway must not pass on, gives each request one `Host`, removes what was meant
/// for this hop only and what nobody may claim.
///
/// Stands outside of the cache: what is removed behind it would be part of its key and unknown to
/// the upstream, so that a client could store one answer under the name of another.
#[derive(Clone)]
pub(crate) struct FrontLayer(Arc<Settings>);

struct Settings {
    /// The `Host` of clients too old to name one.
    host: HeaderValue,
    proxies: TrustedProxies,
    by: ForwardedBy,
    errors: UpstreamErrors,
    /// The header of callers' keys, which `TRACE` does not show.
    api_key_header: HeaderName,
}

impl FrontLayer {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(Settings {
            host: config.upstream.url.as_header().clone(),
            proxies: config.client.trusted.proxies.clone(),
            by: config.client.trusted.by,
            errors: config.upstream.errors,
            api_key_header: config
                .limits
                .as_ref()
                .map_or(HeaderName::from_static("x-api-key"), |limits| {
                    limits.api_key_header().clone()
                }),
        }))
    }
}

impl<S> Layer<S> for FrontLayer {
    type Service = Front<S>;

    fn layer(&self, inner: S) -> Front<S> {
        Front { inner, settings: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
pub(crate) struct Front<S> {
    inner: S,
    settings: Arc<Settings>,
}

/// Why a request is answered here.
enum Own {
    Refusal(ErrorReport),
    /// The end of `Max-Forwards`, with the text of the answer.
    Final {
        content_type: Option<HeaderValue>,
        text: Bytes,
    },
}

impl Settings {
    fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Own> {
        if *request.method() == Method::CONNECT {
            return Err(refuse(StatusCode::NOT_IMPLEMENTED, "This gateway opens no tunnels"));
        }
        if headers::has_other_coding(request.headers()) {
            // RFC 9112, section 6.1.
            return Err(refuse(StatusCode::NOT_IMPLEMENTED, "The transfer coding is not known"));
        }
        host::settle(request, &self.host)?;
        if matches!(*request.method(), Method::TRACE | Method::OPTIONS) {
            max_forwards::count(request, &self.api_key_header)?;
        }
        let version = request.version();
        headers::leave_hop(request.headers_mut(), version);
        let peer = request.extensions().get::<PeerAddr>().map(|peer| peer.0.ip());
        let is_trusted = peer.is_some_and(|peer| self.proxies.contains(peer));
        forwarding::strip(request.headers_mut(), is_trusted, self.by);
        Ok(())
    }
}

fn refuse(status: StatusCode, message: &'static str) -> Own {
    Own::Refusal(ErrorReport::from_status(status).with_message(message))
}

impl Own {
    fn answer<B>(self, reply: Reply) -> Response<ResponseBody<B>> {
        match self {
            Self::Refusal(report) => report.into_response(reply),
            Self::Final { content_type, text } => {
                let mut response = Response::new(ResponseBody::complete(text));
                if let Some(content_type) = content_type {
                    response.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
                }
                response
            }
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Front<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = Infallible>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = Infallible;
    type Future = FrontFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let reply = Reply::for_request(&request);
        match self.settings.admit(&mut request) {
            Ok(()) => {
                let errors = self.settings.errors;
                FrontFuture::Inner { future: self.inner.call(request), errors }
            }
            Err(own) => FrontFuture::Own { answer: Some(own.answer(reply)) },
        }
    }
}

pin_project! {
    #[project = FrontFutureProj]
    pub(crate) enum FrontFuture<F, B> {
        Inner { #[pin] future: F, errors: UpstreamErrors },
        Own { answer: Option<Response<ResponseBody<B>>> },
    }
}

impl<F, B> Future for FrontFuture<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            FrontFutureProj::Inner { future, errors } => {
                let Ok(mut response) = ready!(future.poll(cx));
                let is_error = response.status().as_u16() >= 400;
                if is_error && *errors == UpstreamErrors::Pass {
                    mark(&mut response);
                }
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            #[expect(
                clippy::expect_used,
                reason = "polling a finished future is the caller's mistake"
            )]
            FrontFutureProj::Own { answer } => {
                Poll::Ready(Ok(answer.take().expect("`FrontFuture` polled after completion")))
            }
        }
    }
}

/// Keeps the envelope from an error that no layer has made: it is the upstream's, now or when it was
/// stored.
fn mark<B>(response: &mut Response<B>) {
    if response.extensions().get::<Arc<ErrorReport>>().is_none() {
        response.extensions_mut().insert(PassThrough);
    }
}
