//! One request and its response.

use std::error::Error;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bartizan_ratelimit_tiers::{ForwardedBy, PeerAddr};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::upgrade::OnUpgrade;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::download::{Borrowed, Download};
use super::failure::Failure;
use super::forwarded;
use super::headers::{self, Via};
use super::pool::{Lease, Pool};
use super::tunnel::Tunnels;
use super::upload::{Gauge, Stage, Upload};
use crate::config::{Config, HostRule, Retry, UpstreamUrl};

/// What all exchanges with the upstream share.
#[derive(Debug)]
pub(super) struct Exchanges {
    pool: Arc<Pool>,
    url: UpstreamUrl,
    host: HostRule,
    via: Via,
    by: ForwardedBy,
    retry: Retry,
    max_body_bytes: Option<u64>,
    response: Duration,
    body: Duration,
    total: Option<Duration>,
    tunnels: Tunnels,
}

impl Exchanges {
    pub(super) fn new(config: &Config, tunnels: Tunnels) -> Self {
        Self {
            pool: Arc::new(Pool::new(config)),
            url: config.upstream.url.clone(),
            host: config.upstream.host,
            via: Via::new(config.upstream.via.as_str()),
            by: config.client.trusted.by,
            retry: config.upstream.retry,
            max_body_bytes: config.client.max_body_bytes,
            response: config.timeouts.response,
            body: config.timeouts.body,
            total: config.timeouts.total,
            tunnels,
        }
    }

    /// Asks the upstream.
    pub(super) async fn run<B>(
        self: &Arc<Self>,
        mut request: Request<B>,
    ) -> Result<Response<Download>, Failure>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let deadline = self.total.map(|total| Instant::now() + total);
        if self.is_announced_too_large(&request) {
            return Err(Failure::TooLarge);
        }
        let upgrade = request.headers().contains_key(UPGRADE);
        let client = upgrade.then(|| hyper::upgrade::on(&mut request));
        let request = self.outgoing(request);
        let gauge = request.body().gauge();
        let (mut response, lease) = self.send(request, gauge.as_ref(), deadline).await?;

        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let client = client.ok_or(Failure::UnaskedUpgrade)?;
            return Ok(self.switch(response, client));
        }
        if headers::has_other_coding(response.headers()) {
            return Err(Failure::Coded);
        }
        let received = response.version();
        *response.version_mut() = Version::HTTP_11;
        headers::leave_hop_back(response.headers_mut());
        self.via.append(response.headers_mut(), received);
        let lease = Borrowed { pool: Arc::clone(&self.pool), lease, gauge };
        Ok(response.map(|body| Download::new(body, lease, self.body, deadline)))
    }

    fn is_announced_too_large<B>(&self, request: &Request<B>) -> bool {
        let Some(most) = self.max_body_bytes else { return false };
        let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > most)
    }

    /// The request as the upstream gets it.
    fn outgoing<B>(&self, request: Request<B>) -> Request<Upload>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (mut head, body) = request.into_parts();
        self.via.append(&mut head.headers, head.version);
        let peer: Option<IpAddr> = head.extensions.get::<PeerAddr>().map(|peer| peer.0.ip());
        if let Some(peer) = peer {
            forwarded::append(&mut head.headers, peer, self.by);
        }
        if self.host == HostRule::Upstream {
            head.headers.insert(HOST, self.url.as_header().clone());
        }
        head.version = Version::HTTP_11;
        let body = Upload::new(body, self.max_body_bytes);
        if body.size_hint().exact().is_none() && !head.headers.contains_key(CONTENT_LENGTH) {
            // hyper takes it that a GET has no body unless its framing is told.
            head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        Request::from_parts(head, body)
    }

    /// Sends the request, at most twice: a connection that was used before may be closed by the
    /// upstream at the moment in which it is used again.
    async fn send(
        &self,
        request: Request<Upload>,
        gauge: Option<&Gauge>,
        deadline: Option<Instant>,
    ) -> Result<(Response<Incoming>, Lease), Failure> {
        let Some(mut lease) = self.pool.take() else {
            let mut lease = self.connect(deadline).await?;
            let sent = self.wait(&mut lease, request, gauge, deadline).await;
            return match sent? {
                Ok(response) => Ok((response, lease)),
                Err(error) => Err(broken(error.into_error(), gauge)),
            };
        };
        let copy = self.copy(&request);
        let mut error = match self.wait(&mut lease, request, gauge, deadline).await? {
            Ok(response) => return Ok((response, lease)),
            Err(error) => error,
        };
        // Whatever was not sent at all may be sent, also where a repetition would not be safe.
        let again = error.take_message().or_else(|| copy.filter(|_| !lease.heard.anything()));
        let Some(request) = again else { return Err(broken(error.into_error(), gauge)) };
        drop(lease);
        let mut lease = self.connect(deadline).await?;
        match self.wait(&mut lease, request, gauge, deadline).await? {
            Ok(response) => Ok((response, lease)),
            Err(error) => Err(broken(error.into_error(), gauge)),
        }
    }

    async fn connect(&self, deadline: Option<Instant>) -> Result<Lease, Failure> {
        match deadline {
            Some(deadline) => timeout_at(deadline, self.pool.connect())
                .await
                .unwrap_or(Err(Failure::TotalTimeout)),
            None => self.pool.connect().await,
        }
    }

    /// The same request once more, if the upstream may see it twice (RFC 9110, section 9.2.2).
    fn copy(&self, request: &Request<Upload>) -> Option<Request<Upload>> {
        let is_idempotent = matches!(
            *request.method(),
            Method::GET
                | Method::HEAD
                | Method::OPTIONS
                | Method::TRACE
                | Method::PUT
                | Method::DELETE
        );
        if self.retry == Retry::Never || !is_idempotent || !request.body().is_empty() {
            return None;
        }
        let mut copy = Request::new(Upload::Empty);
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        copy.headers_mut().clone_from(request.headers());
        Some(copy)
    }

    /// Waits for the head of the response, for as long as the upstream may take after the last piece
    /// of the request.
    async fn wait(
        &self,
        lease: &mut Lease,
        request: Request<Upload>,
        gauge: Option<&Gauge>,
        deadline: Option<Instant>,
    ) -> Result<Result<Response<Incoming>, TrySendError<Request<Upload>>>, Failure> {
        let bounded = |until: Instant| deadline.map_or(until, |deadline| deadline.min(until));
        let mut sending = pin!(lease.sender.try_send_request(request));
        let mut timer = pin!(sleep_until(bounded(Instant::now() + self.response)));
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return Ok(sent),
                () = &mut timer => {}
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(Failure::TotalTimeout);
            }
            let Some(reading) = gauge.map(Gauge::read) else {
                return Err(Failure::ResponseTimeout);
            };
            let until = reading.moved + self.response;
            if until > Instant::now() {
                timer.as_mut().reset(bounded(until));
            } else if reading.at == Stage::WithClient {
                return Err(Failure::Stalled);
            } else {
                return Err(Failure::ResponseTimeout);
            }
        }
    }

    /// Opens a tunnel; the head of the 101 is what both ends have agreed on.
    fn switch(&self, mut response: Response<Incoming>, client: OnUpgrade) -> Response<Download> {
        let upstream = hyper::upgrade::on(&mut response);
        self.tunnels.open(client, upstream);
        self.via.append(response.headers_mut(), Version::HTTP_11);
        response.map(|_| Download::none())
    }
}

/// Who is to blame for a request that came to nothing.
fn broken(error: hyper::Error, gauge: Option<&Gauge>) -> Failure {
    match gauge.map(|gauge| gauge.read().at) {
        Some(Stage::TooLarge) => Failure::TooLarge,
        Some(Stage::Aborted) => Failure::Aborted,
        _ => Failure::Broken(error),
    }
}
