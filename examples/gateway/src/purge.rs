//! `POST /.bartizan/purge`: an operator takes back what is stored.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bartizan_cache::{Reach, Responses};
use bartizan_contract::{ErrorReport, Reply, ResponseBody};
use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use pin_project_lite::pin_project;
use serde::Deserialize;
use tokio::time::timeout;
use tower::{Layer, Service};

use crate::config::Secret;

const PATH: &str = "/.bartizan/purge";

/// More than the longest URI.
const MAX_BYTES: usize = 64 << 10;

/// How long the few bytes of an order may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers orders to purge and passes everything else on.
#[derive(Clone)]
pub(crate) struct PurgeLayer(Arc<Desk>);

struct Desk {
    responses: Responses,
    token: Secret,
}

impl PurgeLayer {
    pub(crate) fn new(responses: Responses, token: Secret) -> Self {
        Self(Arc::new(Desk { responses, token }))
    }
}

impl<S> Layer<S> for PurgeLayer {
    type Service = Purge<S>;

    fn layer(&self, inner: S) -> Purge<S> {
        Purge { inner, desk: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
pub(crate) struct Purge<S> {
    inner: S,
    desk: Arc<Desk>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Purge<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = Infallible>,
    ReqBody: Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = Infallible;
    type Future = PurgeFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if request.uri().path() != PATH {
            return PurgeFuture::Inner { future: self.inner.call(request) };
        }
        let desk = Arc::clone(&self.desk);
        PurgeFuture::Own { answer: Box::pin(async move { desk.answer(request).await }) }
    }
}

/// What is to go: one of a URI, a tag, or all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    uri: Option<String>,
    tag: Option<String>,
    #[serde(default)]
    all: bool,
    /// It becomes stale instead.
    #[serde(default)]
    soft: bool,
}

impl Desk {
    async fn answer<B, ResBody>(&self, request: Request<B>) -> Response<ResponseBody<ResBody>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let reply = Reply::for_request(&request);
        match self.order(request).await {
            Ok(reach) => {
                let reach = match reach {
                    Reach::Local => "local",
                    Reach::Shared => "shared",
                    // The enum may grow; whatever it says, the other gateways have not been told.
                    _ => "queued",
                };
                let text = format!("{{\"success\":true,\"data\":{{\"reach\":\"{reach}\"}}}}");
                let mut response = Response::new(ResponseBody::complete(text));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Err(refused) => {
                let (report, header) = *refused;
                let mut response = report.into_response(reply);
                if let Some((name, value)) = header {
                    response.headers_mut().insert(name, HeaderValue::from_static(value));
                }
                response
            }
        }
    }

    async fn order<B>(&self, request: Request<B>) -> Result<Reach, Refused>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        // Nobody without the token learns more than that one is needed.
        if !self.knows(request.headers()) {
            let report = ErrorReport::from_status(StatusCode::UNAUTHORIZED);
            return Err(Box::new((report, Some((WWW_AUTHENTICATE, "Bearer")))));
        }
        if *request.method() != Method::POST {
            let report = ErrorReport::from_status(StatusCode::METHOD_NOT_ALLOWED);
            return Err(Box::new((report, Some((ALLOW, "POST")))));
        }
        let reading = Limited::new(request.into_body(), MAX_BYTES).collect();
        let bytes = match timeout(PATIENCE, reading).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return Err(refused("The order is too long or ended early")),
            Err(_) => return Err(refused("The order took too long")),
        };
        let order: Order =
            serde_json::from_slice(&bytes).map_err(|_| refused("The order is not understood"))?;
        let all = order.all.then_some(());
        Ok(match (order.uri, order.tag, all, order.soft) {
            (Some(uri), None, None, soft) => {
                let wrong = || refused("The uri is not one with a scheme and a host");
                let uri = uri.parse().ok().and_then(as_heard).ok_or_else(wrong)?;
                let purged = if soft {
                    self.responses.expire(&uri).await
                } else {
                    self.responses.purge(&uri).await
                };
                purged.map_err(|_| wrong())?
            }
            (None, Some(tag), None, false) => self.responses.purge_tag(&tag).await,
            (None, Some(tag), None, true) => self.responses.expire_tag(&tag).await,
            (None, None, Some(()), false) => self.responses.clear().await,
            (None, None, Some(()), true) => self.responses.expire_all().await,
            _ => return Err(refused("The order names none or several of uri, tag and all")),
        })
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else { return false };
        let Some((scheme, token)) = value.as_bytes().split_at_checked("Bearer ".len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"Bearer ") && same(token, self.token.expose().as_bytes())
    }
}

type Refused = Box<(ErrorReport, Option<(http::HeaderName, &'static str)>)>;

fn refused(message: &'static str) -> Refused {
    Box::new((ErrorReport::from_status(StatusCode::BAD_REQUEST).with_message(message), None))
}

/// The URI as the cache knows it. A proxy in front may end TLS; this gateway hears `http` alone.
fn as_heard(uri: Uri) -> Option<Uri> {
    if uri.scheme() != Some(&Scheme::HTTPS) {
        return Some(uri);
    }
    let mut parts = uri.into_parts();
    let authority = parts.authority?;
    let name = authority.as_str().strip_suffix(":443").unwrap_or(authority.as_str());
    parts.authority = Some(name.parse().ok()?);
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).ok()
}

/// Takes the same time wherever two texts of one length differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    let differing = left.iter().zip(right).fold(0, |all, (left, right)| all | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differing) == 0
}

type BoxAnswer<B> = Pin<Box<dyn Future<Output = Response<ResponseBody<B>>> + Send>>;

pin_project! {
    #[project = PurgeFutureProj]
    pub(crate) enum PurgeFuture<F, B> {
        Inner { #[pin] future: F },
        Own { answer: BoxAnswer<B> },
    }
}

impl<F, B> Future for PurgeFuture<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PurgeFutureProj::Inner { future } => {
                let Ok(response) = ready!(future.poll(cx));
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            PurgeFutureProj::Own { answer } => answer.as_mut().poll(cx).map(Ok),
        }
    }
}
