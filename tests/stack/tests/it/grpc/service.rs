use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bartizan_contract::{Code, ErrorReport, Reply};
use bytes::Bytes;
use http::{StatusCode, request};
use http_body_util::{BodyExt, Empty};
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::{Request, Response, Status};
use tower::{Service, service_fn};

use super::codec::Text;

/// `Echo` returns its text, `Count` streams the numbers up to its text, `Report` refuses with its
/// text; `panic` as the text makes each of the first two panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists;

impl NamedService for Lists {
    const NAME: &'static str = "test.Lists";
}

impl<B> Service<http::Request<B>> for Lists
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        Box::pin(async move { Ok(answer(head, Body::new(body)).await) })
    }
}

async fn answer(head: request::Parts, body: Body) -> http::Response<Body> {
    let method = head.uri.path().rsplit('/').next().unwrap().to_owned();
    let request = http::Request::from_parts(head, body);
    let mut grpc = Grpc::new(Text);
    let response = match method.as_str() {
        "Echo" => grpc.unary(service_fn(echo), request).await,
        "Count" => grpc.server_streaming(service_fn(count), request).await,
        "Report" => return report(&request),
        _ => Status::unimplemented("no such method").into_http(),
    };
    response.map(|body| Body::new(body.map_frame(with_own_trailer)))
}

async fn echo(request: Request<String>) -> Result<Response<String>, Status> {
    let text = request.into_inner();
    assert!(text != "panic", "the secret of Echo");
    let mut response = Response::new(text);
    response.metadata_mut().insert("x-own", "head".parse().unwrap());
    Ok(response)
}

async fn count(request: Request<String>) -> Result<Response<Numbers>, Status> {
    let last = request.into_inner().parse().ok();
    Ok(Response::new(Numbers { next: 1, last, is_pending: false }))
}

/// A report whose words need every rule of the encoding.
fn report<B>(request: &http::Request<B>) -> http::Response<Body> {
    const LEAD_UNKNOWN: Code = Code::from_static("LEAD_UNKNOWN");
    let report = ErrorReport::new(StatusCode::NOT_FOUND, LEAD_UNKNOWN, WORDS);
    report.into_response::<Empty<Bytes>>(Reply::for_request(request)).map(Body::new)
}

/// What the client of `Report` must read.
pub(crate) const WORDS: &str = " 50 % of Gr\u{fc}\u{df}e \u{1f980}\n%41 ";

fn with_own_trailer(mut frame: http_body::Frame<Bytes>) -> http_body::Frame<Bytes> {
    if let Some(trailers) = frame.trailers_mut() {
        trailers.insert("x-own-trailer", "tail".parse().unwrap());
    }
    frame
}

/// Counts to `last`, or panics after 2. It is pending before each number, so that the one before
/// is sent on its own.
#[derive(Debug)]
struct Numbers {
    next: u32,
    last: Option<u32>,
    is_pending: bool,
}

impl Stream for Numbers {
    type Item = Result<String, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_pending = !self.is_pending;
        if self.is_pending {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        assert!(self.last.is_some() || self.next <= 2, "the secret of Count");
        if self.last.is_some_and(|last| self.next > last) {
            return Poll::Ready(None);
        }
        self.next += 1;
        Poll::Ready(Some(Ok((self.next - 1).to_string())))
    }
}
