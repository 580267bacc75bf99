//! Nothing that is stored for one user reaches another, and nobody spoils what others get, with
//! the profile that is used if nothing is said.

mod credentials;
mod errors;
mod forwarding;
mod keys;
mod later;
mod methods;
mod mounts;
mod partitions;
mod property;
mod targets;
mod vary;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bartizan_cache::{Answered, Bypass, CacheBody, CacheLayer, Handled, Partition};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};

use super::support::layer;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// An origin that answers each request by itself, in no time or some.
#[derive(Clone)]
struct Origin(Arc<Asked>);

struct Asked {
    answer: Box<dyn Fn(&Parts) -> Answer + Send + Sync>,
    takes: Mutex<Duration>,
    times: AtomicUsize,
}

impl Origin {
    fn new(answer: impl Fn(&Parts) -> Answer + Send + Sync + 'static) -> Self {
        let (takes, times) = (Mutex::default(), AtomicUsize::new(0));
        Self(Arc::new(Asked { answer: Box::new(answer), takes, times }))
    }

    /// Tells each user what it asked for and who it is, with these header fields.
    fn telling(fields: &[(&str, &str)]) -> Self {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Self::new(move |parts| {
            let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            says(&told(parts), fields)
        })
    }

    fn times(&self) -> usize {
        self.0.times.load(Ordering::Relaxed)
    }

    fn take(&self, time: Duration) {
        *self.0.takes.lock().unwrap() = time;
    }
}

impl<B> Service<Request<B>> for Origin {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.times.fetch_add(1, Ordering::Relaxed);
        let (parts, _) = request.into_parts();
        let answer = (self.0.answer)(&parts);
        let takes = *self.0.takes.lock().unwrap();
        Box::pin(async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            Ok(answer)
        })
    }
}

/// All that an answer may come of: method, target and header section, but what is said to caches.
fn told(parts: &Parts) -> String {
    let to_caches = ["if-none-match", "if-modified-since", "cache-control"];
    let mut lines: Vec<String> = parts
        .headers
        .iter()
        .filter(|(name, _)| !to_caches.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.as_bytes().escape_ascii()))
        .collect();
    // Of the lines of one field the order stays.
    lines.sort_by(|left, right| left.split(':').next().cmp(&right.split(':').next()));
    format!("{} {:?}\n{}", parts.method, parts.uri, lines.join("\n"))
}

fn says<'a>(body: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Answer {
    states(200, body, fields)
}

fn states<'a>(
    status: u16,
    body: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(name, value);
    }
    response.body(Full::from(body.to_owned()).boxed_unsync()).unwrap()
}

/// Says something with these trailers.
fn trails(body: &str, fields: &[(&str, &str)], trailers: HeaderMap) -> Answer {
    let trailers = std::future::ready(Some(Ok(trailers)));
    let body = Full::from(body.to_owned()).with_trailers(trailers).boxed_unsync();
    says("", fields.iter().copied()).map(|_| body)
}

/// What a user has got.
#[derive(Clone, Debug)]
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    trailers: HeaderMap,
    handled: Handled,
}

impl Got {
    fn is_hit(&self) -> bool {
        self.handled.answer == Answered::Fresh
    }

    fn bypass(&self) -> Option<Bypass> {
        if let Answered::Bypassed(why) = self.handled.answer { Some(why) } else { None }
    }
}

/// A request as a test writes it: method, URI and header lines.
#[derive(Clone, Debug)]
struct Ask {
    method: String,
    uri: String,
    fields: Vec<(String, Vec<u8>)>,
    body: &'static str,
}

impl Ask {
    fn new(method: &str, uri: &str) -> Self {
        let (method, uri) = (method.to_owned(), uri.to_owned());
        Self { method, uri, fields: Vec::new(), body: "" }
    }

    fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    fn with_body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.uri.as_str());
        for (name, value) in &self.fields {
            request = request.header(name, value.as_slice());
        }
        request.body(Full::from(self.body)).unwrap()
    }

    /// What the origin tells this user.
    fn told(&self) -> String {
        told(&self.request().into_parts().0)
    }
}

/// A GET of a path of `example.com`.
fn get(path: &str) -> Ask {
    Ask::new("GET", path).with("host", "example.com")
}

async fn ask(layer: &CacheLayer, origin: &Origin, ask: &Ask) -> Got {
    got(layer, origin, ask.request()).await
}

async fn got(layer: &CacheLayer, origin: &Origin, request: Request<Full<Bytes>>) -> Got {
    let service = layer.layer(origin.clone());
    let response: Response<CacheBody<_>> = service.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let handled = *parts.extensions.get::<Handled>().unwrap();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
    Got { status: parts.status, headers: parts.headers, text, trailers, handled }
}

/// What responses say of their sharing: each of these permits it, or forbids nothing.
const STORABLE: [&[(&str, &str)]; 5] = [
    &[("cache-control", "public, max-age=60")],
    &[("cache-control", "s-maxage=60")],
    &[("cache-control", "max-age=60")],
    &[("etag", "\"e\"")],
    &[],
];

/// Two users never get what is for the other, whoever asks first and whatever the response says.
async fn apart(layer_of: impl Fn() -> CacheLayer, more: &[(&str, &str)], one: &Ask, other: &Ask) {
    for storable in STORABLE {
        let fields = [storable, more].concat();
        for pair in [[one, other], [other, one]] {
            let (layer, origin) = (layer_of(), Origin::telling(&fields));
            for user in pair.into_iter().cycle().take(4) {
                let got = ask(&layer, &origin, user).await;
                let is_empty = user.method == "HEAD" && got.is_hit();
                let expected = if is_empty { String::new() } else { user.told() };
                assert_eq!(got.text, expected, "{fields:?} {pair:?}");
            }
        }
    }
}

/// Two users share what is stored, whoever asks first.
async fn together(
    layer_of: impl Fn() -> CacheLayer,
    more: &[(&str, &str)],
    one: &Ask,
    other: &Ask,
) {
    let fields = [STORABLE[0], more].concat();
    for [first, second] in [[one, other], [other, one]] {
        let (layer, origin) = (layer_of(), Origin::telling(&fields));
        assert_eq!(ask(&layer, &origin, first).await.text, first.told());
        let got = ask(&layer, &origin, second).await;
        assert!(got.is_hit(), "{first:?} {second:?} {got:?}");
        assert_eq!((got.text, origin.times()), (first.told(), 1));
    }
}

/// These requests go by the cache, and say so.
async fn by(layer_of: impl Fn() -> CacheLayer, why: Bypass, requests: &[Ask]) {
    let (layer, origin) = (layer_of(), Origin::telling(STORABLE[0]));
    for (times, request) in (1..).zip(requests.iter().chain(requests)) {
        let got = ask(&layer, &origin, request).await;
        assert_eq!((got.bypass(), origin.times()), (Some(why), times), "{request:?}");
        assert_eq!(got.text, request.told());
    }
}

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

/// Tells users apart by a field that no origin sees by itself, as an outer layer would.
fn parted(layer: CacheLayer) -> CacheLayer {
    layer.with_partition(|head| match head.headers().get("x-user").map(|user| user.to_str()) {
        Some(Ok("nobody")) => Partition::Bypass,
        Some(Ok(user)) => Partition::Of(user.into()),
        _ => Partition::Shared,
    })
}
