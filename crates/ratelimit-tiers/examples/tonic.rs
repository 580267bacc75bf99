//! A quota by account in front of a gRPC service of tonic, whose messages are plain text so that
//! no protocol compiler is needed.
//!
//! `cargo run -p bartizan-ratelimit-tiers --example tonic`

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bartizan_ratelimit_tiers::{
    Class, Limits, MemoryStore, Quota, RateLimitLayer, Tier, Tiers, by_header,
};
use bytes::{Buf, BufMut};
use http::HeaderName;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener).await
}

/// Answers whoever connects.
pub(crate) async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    let tiers = Tiers::new([Tier::new("free").with_quota("rpc", Quota::per_minute(3)?)])?;
    // A gateway outside has authenticated the account, and lets no client write this header.
    let account = by_header(HeaderName::from_static("x-account"));
    let limits = Limits::new(tiers).with_class(Class::new("rpc"));
    let limit = RateLimitLayer::new(MemoryStore::new(), limits)?.with_resolver(account);
    let server = Server::builder().layer(limit).add_service(Echo);
    Ok(server.serve_with_incoming(TcpListenerStream::new(listener)).await?)
}

/// `test.Echo/Echo` returns its text.
#[derive(Clone, Copy, Debug)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = |request: Request<String>| async { Ok(Response::new(request.into_inner())) };
        Box::pin(async move { Ok(Grpc::new(Text).unary(service_fn(echo), request).await) })
    }
}

/// Messages that are plain text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        String::from_utf8(bytes.into()).map(Some).map_err(|_| Status::invalid_argument("no text"))
    }
}
