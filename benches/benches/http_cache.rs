//! What the layer over HTTP responses costs, in CPU time of one thread.
//!
//! `cargo bench -p bartizan-benches --bench http_cache` prints, for each subject, the median over the
//! turns of the time of a request, less that of the same request to a service that does nothing:
//!
//! - a hit of a response of 1 KiB, plain and with `Vary: Accept-Encoding`, beside the layers of
//!   `http-cache-tower-server` and `tower-http-cache` over their caches in memory;
//! - a response that is not stored and comes in two frames, beside the same without the layer.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench that cannot be set up ends"
)]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bartizan_benches::ThreadCpuTime;
use bartizan_cache::{CacheLayer, Caches, Profile};
use bytes::Bytes;
use criterion::measurement::Measurement;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt};
use tower_layer::Layer;

const TURNS: usize = 21;
const REQUESTS: usize = 20_000;

/// A response that the same service gives to every request.
#[derive(Clone)]
struct Origin<B> {
    headers: HeaderMap,
    body: B,
}

impl<B: Clone, R> Service<Request<R>> for Origin<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        let mut response = Response::new(self.body.clone());
        *response.headers_mut() = self.headers.clone();
        ready(Ok(response))
    }
}

/// Two frames, whose number and size nobody is told before.
#[derive(Clone)]
struct Stream(u8);

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0 += 1;
        Poll::Ready((self.0 <= 2).then(|| Ok(Frame::data(Bytes::from_static(b"data: 1\n\n")))))
    }
}

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    // No `Date`: one in the past would be an age.
    let common = [
        ("content-type", "application/json"),
        ("etag", "\"5f3c9a1b2c3d4e5f\""),
        ("x-content-type-options", "nosniff"),
    ];
    let fields = common.iter().chain(fields);
    fields
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
        .collect()
}

fn origin(fields: &[(&'static str, &'static str)]) -> Origin<Full<Bytes>> {
    Origin { headers: headers(fields), body: Full::new(Bytes::from(vec![b'x'; 1024])) }
}

/// As a browser asks.
fn request() -> Request<Full<Bytes>> {
    let request = Request::get("/api/v1/workflows?page=2&limit=50")
        .header("host", "api.example.com")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101")
        .header("accept", "application/json")
        .header("accept-language", "en-US,en;q=0.5")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("referer", "https://app.example.com/")
        .header("x-request-id", "018f6a9e-2b7c-7000-8000-000000000000");
    request.body(Full::default()).expect("a request")
}

/// Requests and reads one response after the other.
async fn ask<S, B>(service: &mut S, frames: usize)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: Body + Unpin,
{
    let response = service.ready().await.expect("ready").call(request()).await.expect("an answer");
    let (parts, mut body) = response.into_parts();
    black_box(&parts);
    for _ in 0..frames {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        black_box(&frame.is_some());
    }
}

type Subject<'a> = (&'a str, Box<dyn FnMut(usize) + 'a>);

fn subject<'a, S, B>(
    name: &'a str,
    runtime: &'a Runtime,
    mut service: S,
    frames: usize,
) -> Subject<'a>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + 'a,
    S::Error: std::fmt::Debug,
    B: Body + Unpin,
{
    let run = move |requests| {
        runtime.block_on(async {
            for _ in 0..requests {
                ask(&mut service, frames).await;
            }
        });
    };
    (name, Box::new(run))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The first subject is what the others are beside. Arguments name those that are to run.
fn compare(title: &str, subjects: Vec<Subject<'_>>) {
    let asked: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    let mut subjects: Vec<_> = subjects.into_iter().filter(|(name, _)| is_asked(name)).collect();
    let mut costs = vec![Vec::new(); subjects.len()];
    for _ in 0..TURNS {
        for ((_, run), costs) in subjects.iter_mut().zip(&mut costs) {
            // The others have filled the caches of the processor.
            run(REQUESTS / 10);
            let began = ThreadCpuTime.start();
            run(REQUESTS);
            costs.push(ThreadCpuTime.to_f64(&ThreadCpuTime.end(began)) / REQUESTS as f64);
        }
    }
    println!("{title}");
    let base = costs.first().cloned().unwrap_or_default();
    for ((name, _), costs) in subjects.iter().zip(costs) {
        let more = median(costs.iter().zip(&base).map(|(cost, base)| cost - base).collect());
        println!("  {name:<36}{:>7.0} ns   {more:>+7.0} ns", median(costs));
    }
}

fn layer(name: &str, profile: Profile) -> CacheLayer {
    let responses = Caches::in_memory().responses(name).build().expect("a cache");
    CacheLayer::new(responses).with_profile(profile)
}

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _entered = runtime.enter();
    let fresh = ("cache-control", "public, max-age=3600");
    let plain = || origin(&[fresh]);
    let varied = || origin(&[fresh, ("vary", "accept-encoding")]);
    let rival = {
        let manager = http_cache::MokaManager::default();
        http_cache_tower_server::ServerCacheLayer::new(manager).layer(plain())
    };
    let other = {
        use tower_http_cache::prelude::{CacheLayer, InMemoryBackend};
        let backend = InMemoryBackend::new(10_000);
        CacheLayer::builder(backend).ttl(Duration::from_secs(3_600)).build().layer(plain())
    };
    compare(
        "a hit of 1 KiB, beside the service alone",
        vec![
            subject("service alone", &runtime, plain(), 1),
            subject("bartizan", &runtime, layer("plain", Profile::Secure).layer(plain()), 1),
            subject("bartizan, Vary", &runtime, layer("vary", Profile::Secure).layer(varied()), 1),
            subject("bartizan, Vary, Rfc", &runtime, layer("rfc", Profile::Rfc).layer(varied()), 1),
            subject("http-cache-tower-server", &runtime, rival, 1),
            subject("tower-http-cache", &runtime, other, 1),
        ],
    );
    let stream = || Origin { headers: headers(&[("cache-control", "no-store")]), body: Stream(0) };
    compare(
        "a stream that is not stored, beside the service alone",
        vec![
            subject("service alone, stream", &runtime, stream(), 3),
            subject(
                "bartizan, not stored",
                &runtime,
                layer("stream", Profile::Secure).layer(stream()),
                3,
            ),
        ],
    );
}
