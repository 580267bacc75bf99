//! The innermost service: asks the upstream.

mod download;
mod exchange;
mod failure;
mod forwarded;
pub(crate) mod headers;
mod heard;
mod pool;
mod tunnel;
mod upload;

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bartizan_contract::{Reply, ResponseBody};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use self::exchange::Exchanges;
use crate::config::Config;

pub(crate) use self::download::Download;
pub(crate) use self::tunnel::Tunnels;

/// Passes requests on to the upstream, and answers for it where it does not.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(Arc<Exchanges>);

impl Proxy {
    pub(crate) fn new(config: &Config, tunnels: Tunnels) -> Self {
        Self(Arc::new(Exchanges::new(config, tunnels)))
    }
}

impl<B> Service<Request<B>> for Proxy
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<Download>>;
    type Error = Infallible;
    /// Boxed, for it waits for the network.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let exchanges = Arc::clone(&self.0);
        Box::pin(async move {
            let reply = Reply::for_request(&request);
            Ok(match exchanges.run(request).await {
                Ok(response) => response.map(ResponseBody::inner),
                Err(failure) => failure.into_report().into_response(reply),
            })
        })
    }
}
