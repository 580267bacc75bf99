//! Two quotas in front of a service of hyper, without a framework.
//!
//! `cargo run -p bartizan-ratelimit-tiers --example hyper`, then
//! `for i in 1 2 3 4 5 6; do curl -i http://127.0.0.1:3000/; done`

use std::convert::Infallible;
use std::error::Error;

use bartizan_ratelimit_tiers::{
    Class, ClientIpLayer, Limits, MemoryStore, PeerAddr, Quota, RateLimitLayer, Tier, Tiers,
    by_api_key,
};
use http::{HeaderName, Method, Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener).await
}

/// Answers whoever connects.
pub(crate) async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    let tiers = Tiers::new([
        Tier::new("free")
            .with_quota("api", Quota::per_minute(5)?.strict())
            .with_quota("write", Quota::per_hour(2)?)
            .with_upgrade("pro"),
        Tier::new("pro").with_quota("api", Quota::per_minute(600)?.with_burst(20)?),
    ])?
    .with_upgrade_url("/plans");
    let limits = Limits::new(tiers)
        .with_class(Class::new("api"))
        .with_class(Class::new("write").with_method(Method::POST))
        .with_skip(|head| head.uri().path() == "/health");
    let key = HeaderName::from_static("x-api-key");
    let tier_of = |key: &[u8]| (key == b"demo").then_some("pro");
    let limit =
        RateLimitLayer::new(MemoryStore::new(), limits)?.with_resolver(by_api_key(key, tier_of));
    // Reads `PeerAddr`. Behind a proxy, `with_trusted_proxies` says whose word is believed.
    let client = ClientIpLayer::new();

    let service = client.layer(limit.layer(service_fn(hello)));
    loop {
        let (stream, peer) = listener.accept().await?;
        let service = service.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddr(peer));
            tower::ServiceExt::oneshot(service.clone(), request)
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello\n")))
}
